"""Which comparisons inside ``$expr`` an index can answer: one field against one constant.

Source: MongoDB manual, "$expr", section "$expr and Indexes".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

_FLIPPED = {"$eq": "$eq", "$lt": "$gt", "$lte": "$gte", "$gt": "$lt", "$gte": "$lte"}
_MISSING = object()


def comparisons(expression: Any) -> Iterator[tuple[str, str, Any]]:
    """The comparisons that hold wherever the expression does, as (kind, field, constant)."""
    if not isinstance(expression, Mapping) or len(expression) != 1:
        return
    name, arguments = next(iter(expression.items()))
    if name == "$and" and isinstance(arguments, (list, tuple)):
        for each in arguments:
            yield from comparisons(each)
    elif name in _FLIPPED and isinstance(arguments, (list, tuple)) and len(arguments) == 2:
        yield from _comparison(name, *arguments)


def _comparison(name: str, left: Any, right: Any) -> Iterator[tuple[str, str, Any]]:
    for operator, side, other in ((name, left, right), (_FLIPPED[name], right, left)):
        field, constant = _field(side), _constant(other)
        if field is not None and constant is not _MISSING:
            yield f"expr-{operator[1:]}", field, constant
            return


def _field(value: Any) -> str | None:
    if not isinstance(value, str) or not value.startswith("$"):
        return None
    if value.startswith("$$"):
        root, _, path = value[2:].partition(".")
        return path if root in ("ROOT", "CURRENT") and path else None
    return value[1:] or None


def _constant(value: Any) -> Any:
    if isinstance(value, Mapping):
        return value["$literal"] if set(value) == {"$literal"} else _MISSING
    if isinstance(value, (list, tuple)) or (isinstance(value, str) and value.startswith("$")):
        return _MISSING
    return value
