"""Sample values in the place of those that only the running program knows: a query that a server can be asked to plan.

Each has the type that the static planner assumes of an unknown value, so that both plan the same query: a string for a
comparison, two for ``$in``, a pattern that begins with nothing known, a small area for a geo operator.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mongolint.coverage import ANY

LOW, HIGH = "sample a", "sample b"
# What the model puts in the place of an unknown part of a pattern
_PART = "\ue000"
_AREA = {"type": "Polygon", "coordinates": [[[0, 0], [0, 1], [1, 1], [1, 0], [0, 0]]]}
_POINT = {"type": "Point", "coordinates": [0, 0]}
# An expression that no index answers
_TEST = {"$ne": [{"$type": "$_id"}, "missing"]}
_NEAR = ("$near", "$nearSphere")
_BY_OPERATOR: dict[str, Any] = {
    "$in": [LOW, HIGH],
    "$nin": [LOW, HIGH],
    "$all": [LOW],
    "$lt": HIGH,
    "$lte": HIGH,
    "$exists": True,
    "$type": "string",
    "$mod": [2, 0],
    "$size": 1,
    "$regex": "sample",
    "$options": "i",
    "$not": {"$regex": "sample"},
    "$elemMatch": {},
    "$bitsAllSet": 1,
    "$bitsAllClear": 1,
    "$bitsAnySet": 1,
    "$bitsAnyClear": 1,
    "$geometry": _AREA,
    "$geoWithin": {"$geometry": _AREA},
    "$geoIntersects": {"$geometry": _AREA},
    "$near": {"$geometry": _POINT},
    "$nearSphere": {"$geometry": _POINT},
    "$maxDistance": 1,
    "$minDistance": 0,
    "$centerSphere": [[0, 0], 1],
    "$center": [[0, 0], 1],
    "$box": [[0, 0], [1, 1]],
    "$polygon": [[0, 0], [0, 1], [1, 1]],
    "$search": "sample",
    "$language": "none",
    "$caseSensitive": False,
    "$diacriticSensitive": False,
    "$expr": _TEST,
    "$where": "true",
    "$jsonSchema": {},
    "$comment": "sample",
    "$or": [{"$expr": _TEST}],
    "$nor": [{"$expr": _TEST}],
    "$and": [{"$expr": _TEST}],
    "$sampleRate": 0.5,
    # Of stages
    "$limit": 1,
    "$skip": 0,
    "$count": "sample",
    "$unwind": "$sample",
}


class Sampler:
    """Fills in samples, and notes for which fields: ``fields``, in the order met."""

    def __init__(self) -> None:
        self._fields: dict[str, None] = {}

    @property
    def fields(self) -> list[str]:
        return list(self._fields)

    def filter(self, filter: Mapping[str, Any]) -> dict[str, Any]:
        """A filter without unknown values."""
        return {name: self._value(name, value, "") for name, value in filter.items()}

    def value(self, value: Any, name: str = "") -> Any:
        """Any other part of a command, without unknown values."""
        return self._value(name, value, "")

    def _value(self, name: str, value: Any, field: str) -> Any:
        """``name``: the key that the value has; ``field``: the field that it is about."""
        field = field if not name or (name.startswith("$") and field) else name
        if value is ANY:
            self._fields.setdefault(field)
            return _BY_OPERATOR.get(name, LOW)
        if isinstance(value, str):
            return self._text(name, value, field)
        if isinstance(value, Mapping):
            inner = field if next(iter(value), "").startswith("$") else ""
            found = {str(key): self._value(str(key), each, inner) for key, each in value.items()}
            return {**found, "$geometry": _POINT} if found.get("$geometry") is _AREA and name in _NEAR else found
        if isinstance(value, list | tuple):
            return [self._value("", each, field) for each in value]
        return value

    def _text(self, name: str, text: str, field: str) -> str:
        if name == "$options" and text == "?":  # as the model says of unknown flags
            return str(_BY_OPERATOR[name])
        if _PART in text:
            self._fields.setdefault(field)
        return text.replace(_PART, "x")
