"""The key pattern that a query needs: fields compared for equality, then the sort, then ranges.

Source: MongoDB manual, "The ESR (Equality, Sort, Range) Guideline".
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import field, replace
from typing import Any

from mongolint.coverage.predicates import RANGES, Node, QueryError, parse
from mongolint.coverage.values import is_regex, is_unknown, pattern_of, regex_prefix
from mongolint.fastclasses import dataclass
from mongolint.project.verdicts import Query

Keys = tuple[tuple[str, Any], ...]
_WEAK = ("not", "regex", "exists", "type", "mod", "elem-value", "in")


@dataclass(frozen=True, slots=True)
class Pattern:
    """``equal``: the fields compared for equality, in any order; ``rest``: the sort and the ranges behind them.

    ``ordered``: how many fields of ``rest`` are the sort.
    ``weak``: no comparison leaves much of the index out, so that it is only read instead of the collection.
    ``loose``: the filter varies, so that an index that bounds it will do without giving the order.
    ``collation``: what the query compares text by, which the index has to do too.
    ``bare``: it serves the order only, for nothing is filtered but what is marked as deleted.
    ``flags``: the fields of ``equal`` of which only True or False is asked; alone they leave little out.
    """

    equal: tuple[str, ...]
    rest: Keys = ()
    weak: bool = False
    loose: bool = False
    ordered: int = 0
    collation: tuple[tuple[str, Any], ...] = ()
    flags: frozenset[str] = field(default=frozenset(), compare=False)
    bare: bool = field(default=False, compare=False)

    @property
    def keys(self) -> Keys:
        return (*((name, 1) for name in self.equal), *self.rest)

    @property
    def options(self) -> dict[str, Any]:
        """The options that an index needs to serve it."""
        return {"collation": dict(self.collation)} if self.collation else {}

    @property
    def is_flag(self) -> bool:
        """Whether it asks for True or False only."""
        return not self.rest and self.flags >= set(self.equal)


def patterns_of(query: Query) -> list[Pattern]:
    """The patterns that serve a query: one, or one for each branch of its ``$or``; none where no index can."""
    try:
        root = parse(query.filter)
    except QueryError:
        return []
    found = dict.fromkeys(_patterns(root, query.sort))
    collation = tuple(sorted((query.collation or {}).items()))
    flags = {name for name, value in constants(query).items() if isinstance(value, bool)}
    return [
        replace(
            pattern,
            loose=bool(query.optional and pattern.equal),
            collation=collation,
            flags=frozenset(flags & set(pattern.equal)),
        )
        for pattern in found
    ]


def agreed(pattern: Pattern, chosen: Iterable[Keys]) -> Keys:
    """The keys for a pattern, the fields compared for equality in the order that one of the ``chosen`` indexes has."""
    length = len(pattern.equal)
    same = [keys for keys in chosen if {name for name, _ in keys[:length]} == set(pattern.equal)]
    same.sort(key=lambda keys: keys[length : length + len(pattern.rest)] != pattern.rest)
    return (*same[0][:length], *pattern.rest) if same and length else pattern.keys


def _patterns(root: Node, sort: Iterable[tuple[str, Any]]) -> list[Pattern]:
    leaves = list(_leaves(root, ""))
    equal = list(dict.fromkeys(path for path, node in leaves if _is_equality(node)))
    ranges = list(dict.fromkeys(path for path, node in leaves if _is_range(node) and path not in equal))
    geo = [(path, "2dsphere") for path, node in leaves if node.kind in ("geo", "near")]
    if equal or ranges or geo:
        order = _order(sort, {path for path, node in leaves if _is_pinned(node)})
        ordered = {name for name, _ in order}
        kept = [name for name in equal if name not in ordered]
        rest = (*order, *geo, *((name, 1) for name in ranges if name not in ordered))
        return [Pattern(tuple(kept), rest, ordered=len(order))]
    branches = [node for node in _conjuncts(root) if node.kind == "or"]
    for disjunction in branches:
        each = [_patterns(branch, sort) for branch in disjunction.children]
        if all(each):
            return [pattern for found in each for pattern in found]
    weak = [path for path, node in leaves if node.kind in _WEAK]
    if weak:
        return [Pattern((), ((weak[0], 1),), True)]
    order = _order(sort, set())
    return [Pattern((), order, ordered=len(order))] if order and root.kind == "true" else []


def _order(sort: Iterable[tuple[str, Any]], pinned: set[str]) -> Keys:
    """The sort without what is compared with one value."""
    found = [(name, direction) for name, direction in sort if name not in pinned]
    return tuple(found) if all(direction in (1, -1) for _, direction in found) else ()


def _conjuncts(node: Node) -> Iterator[Node]:
    if node.kind == "and":
        for child in node.children:
            yield from _conjuncts(child)
    else:
        yield node


def _leaves(node: Node, prefix: str) -> Iterator[tuple[str, Node]]:
    """The comparisons that hold together, with their full paths."""
    if node.kind == "and":
        for child in node.children:
            yield from _leaves(child, prefix)
    elif node.kind == "elem-object":
        for child in node.children:
            yield from _leaves(child, f"{prefix}{node.path}.")
    elif node.kind == "not":
        yield prefix + node.child.path, node
    elif node.kind not in ("or", "nor", "true", "false", "text", "other"):
        yield prefix + node.path, node


def _is_equality(node: Node) -> bool:
    if node.kind == "in":
        return not any(is_regex(value) for value in node.value)
    return node.kind in ("eq", "expr-eq")


def _is_pinned(node: Node) -> bool:
    return node.kind == "eq"


def _is_range(node: Node) -> bool:
    if node.kind == "regex":
        return bool(regex_prefix(*pattern_of(node.value))[0])
    if node.kind == "elem-value":
        return any(_is_equality(child) or _is_range(child) for child in node.children)
    return node.kind in RANGES or (node.kind.startswith("expr-") and node.kind != "expr-eq")


def constants(query: Query) -> Mapping[str, Any]:
    """The fields that a query always compares with the same value that is no number, null or document."""
    return {name: value for name, value in query.filter.items() if isinstance(value, (bool, str))}


def wide_comparisons(query: Query, sparse: Container[str] = ()) -> dict[str, str]:
    """The fields of a filter of which every sure comparison leaves little out, and why: regex, case, negation, exists.

    Empty where one leaves much out, or may do so, and where others may be in the filter. Of the fields ``sparse`` an
    index holds only the documents that have them.
    """
    if query.open or query.optional or query.unclear:
        return {}
    try:
        root = parse(query.filter)
    except QueryError:
        return {}
    return _wide(root, sparse) or {}


def _wide(node: Node, sparse: Container[str]) -> dict[str, str] | None:
    """None where something leaves much out."""
    found: dict[str, str] = {}
    for path, leaf in _leaves(node, ""):
        kind = _wide_kind(leaf)
        if kind is None or (kind == "exists" and path in sparse):
            return None
        found[path] = kind
    for part in _conjuncts(node):
        if part.kind == "or":
            each = [_wide(branch, sparse) for branch in part.children]
            if any(branch is None for branch in each):
                return None
            found.update({path: kind for branch in each if branch for path, kind in branch.items()})
        elif part.kind in ("text", "other", "nor", "false", "elem-object"):
            return None
    return found


def _wide_kind(node: Node) -> str | None:
    if node.kind == "regex":
        source, options = pattern_of(node.value)
        if "i" in options:
            return "case"  # however it begins
        return "regex" if isinstance(source, str) and not regex_prefix(source, options)[0] else None
    if node.kind == "not":
        return "negation" if node.child.kind != "exists" and not _leaves_much_out(node.child) else None
    return "exists" if node.kind == "exists" else None


def _leaves_much_out(node: Node) -> bool:
    """Whether what a negation leaves out may be most of the keys: those that hold nothing, or a list of the program's.

    An index is read around them, as it is not for ``$exists``.
    """
    values = node.value if node.kind == "in" else [node.value] if node.kind == "eq" else [node]
    if node.kind == "in" and sum(map(is_unknown, values)) > 1:
        return True
    return all(value is None or value == "" for value in values)
