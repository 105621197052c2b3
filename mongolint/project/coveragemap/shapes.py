"""The shape of a filter: its fields and how each is compared, without the values."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from mongolint.coverage.predicates import is_operators
from mongolint.coverage.values import is_regex, pattern_of, regex_prefix
from mongolint.fastclasses import NamedTuple
from mongolint.mongo.operators import QUERY_OPERATORS

_BRANCHING = ("$or", "$nor")
# They say how another operator of the same field works
_BESIDE = frozenset(["$options", "$comment", "$maxDistance", "$minDistance", "$uniqueDocs"])


class Field(NamedTuple):
    """A comparison. ``operator``: a class of `mongolint.mongo.operators`, or null, or prefix (an anchored regex).

    A comparison with the whole document has the operator's own name: ``$text``, ``$expr``.
    """

    name: str
    operator: str
    optional: bool = False


class Group(NamedTuple):
    """``$or`` and ``$nor`` with their branches, or the one filter of an ``$elemMatch`` on the field ``name``."""

    operator: str
    name: str
    members: tuple[tuple[Item, ...], ...]


Item = Field | Group


def items_of(filter: Mapping[str, Any]) -> tuple[Item, ...]:
    """What a filter compares, in its order."""
    return tuple(dict.fromkeys(_items(filter)))


def with_optional(sure: Sequence[Item], all_items: Iterable[Item]) -> tuple[Item, ...]:
    """The items of a filter, then the fields that it has on some paths only."""
    rest = [item for item in all_items if item not in sure and isinstance(item, Field)]
    return (*sure, *(item._replace(optional=True) for item in rest))


def names_in(items: Iterable[Item]) -> Iterator[str]:
    """The fields of a filter, those of its branches too."""
    for item in items:
        if isinstance(item, Field):
            yield item.name
        else:
            prefix = f"{item.name}." if item.name else ""
            yield from (prefix + name for member in item.members for name in names_in(member))


def canonical(items: Iterable[Item]) -> tuple[Any, ...]:
    """The same for filters that differ only in the order of what they compare."""
    return tuple(sorted((_canonical(item) for item in items), key=repr))


def _canonical(item: Item) -> tuple[Any, ...]:
    if isinstance(item, Field):
        return (item.name, item.operator, item.optional)
    return (item.name, item.operator, tuple(sorted((canonical(member) for member in item.members), key=repr)))


def _items(filter: Mapping[str, Any]) -> Iterator[Item]:
    for name, value in filter.items():
        if name == "$and" and _are_filters(value):
            for clause in value:
                yield from _items(clause)
        elif name in _BRANCHING and _are_filters(value):
            yield Group(name[1:], "", tuple(items_of(branch) for branch in value))
        elif name.startswith("$"):
            yield Field(name, QUERY_OPERATORS[name].operator_class if name in QUERY_OPERATORS else "other")
        else:
            yield from _compared(name, value)


def _are_filters(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(each, Mapping) for each in value)


def _compared(name: str, value: Any) -> Iterator[Item]:
    if is_regex(value):
        yield Field(name, _regex(value))
    elif not is_operators(value):
        yield Field(name, "null" if value is None else "equality")
    else:
        for operator, given in value.items():
            if operator == "$elemMatch" and _is_filter(given):
                yield Group("elem-match", name, (items_of(given),))
            elif operator == "$regex":
                yield Field(name, _regex({"$regex": given, "$options": value.get("$options", "")}))
            elif operator == "$eq":
                yield from _compared(name, given)
            elif operator not in _BESIDE:
                yield Field(name, QUERY_OPERATORS[operator].operator_class if operator in QUERY_OPERATORS else "other")


def _is_filter(value: Any) -> bool:
    return isinstance(value, Mapping) and not is_operators(value)


def _regex(value: Any) -> str:
    return "prefix" if regex_prefix(*pattern_of(value))[0] else "regex"


def text_of(items: Iterable[Item], is_open: bool = False) -> str:
    """A filter in words: ``{user_id, created: range, [state]}``; in brackets what may be there, … for more of it."""
    return "{" + ", ".join([*(_text(item) for item in items), *(["…"] if is_open else [])]) + "}"


def _text(item: Item) -> str:
    if isinstance(item, Group):
        if item.name:
            return f"{item.name}: elemMatch {text_of(item.members[0])}"
        return f"${item.operator}: [{', '.join(text_of(member) for member in item.members)}]"
    bare = item.operator == "equality" or item.name.startswith("$")
    shown = item.name if bare else f"{item.name}: {item.operator}"
    return f"[{shown}]" if item.optional else shown


def sort_text(sort: Iterable[tuple[str, Any]]) -> str:
    """``{created: -1}``, or "" without a sort."""
    pairs = [f"{name}: {direction if isinstance(direction, (int, str)) else '…'}" for name, direction in sort]
    return "{" + ", ".join(pairs) + "}" if pairs else ""
