"""Whether two answers are the same, which is more than equal: 1 is not True, and entries stand in the same order."""

from __future__ import annotations

from operator import attrgetter
from typing import Any

_PLAIN = frozenset([str, int, bool, bytes, type(None)])
_fields: dict[type, Any] = {}


def same(one: Any, other: Any) -> bool:
    """Whether one tells nothing that the other does not; of sets, and of what is no plain data, ``==`` decides."""
    if one is other:
        return True
    kind = type(one)
    if kind is not type(other):
        return False
    if kind in _PLAIN:
        return bool(one == other)
    if kind is dict:
        return len(one) == len(other) and all(map(same, one, other)) and all(map(same, one.values(), other.values()))
    if kind is list or isinstance(one, tuple):
        return len(one) == len(other) and all(map(same, one, other))
    if kind is float:
        return repr(one) == repr(other)
    fields = getattr(kind, "__dataclass_fields__", None)
    if fields is None:
        return bool(one == other)
    if kind not in _fields:
        # Those that do not count for ``==``, too
        _fields[kind] = attrgetter(*fields, "__class__")
    return same(_fields[kind](one), _fields[kind](other))
