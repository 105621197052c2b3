"""BSON values as the server compares and indexes them.

Sources: MongoDB manual, "Comparison/Sort Order" and "Query Plan, Performance, and Analysis" of `$regex` (index use).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any


class Unknown:
    """A value that only the running program knows: taken for a scalar that is not null, and may be a string."""

    def __repr__(self) -> str:
        return "?"


ANY = Unknown()

# A value as a point on the index: (rank of its type, 0 below all values of the type / 1 a value / 2 above, the value)
Key = tuple[int, int, Any]

NULL, NUMBER, STRING, OBJECT, ARRAY, BINARY, OBJECT_ID, BOOL, DATE, TIMESTAMP, REGEX = range(1, 12)
_UNKNOWN = 12
MIN: Key = (0, 0, None)
MAX: Key = (13, 2, None)

_RANK_BY_CLASS = {
    "bytes": BINARY,
    "Binary": BINARY,
    "UUID": BINARY,
    "ObjectId": OBJECT_ID,
    "datetime": DATE,
    "DatetimeMS": DATE,
    "Timestamp": TIMESTAMP,
    "Decimal128": NUMBER,
}

TYPE_NAMES = {
    "double": NUMBER,
    "string": STRING,
    "object": OBJECT,
    "array": ARRAY,
    "binData": BINARY,
    "objectId": OBJECT_ID,
    "bool": BOOL,
    "date": DATE,
    "null": NULL,
    "regex": REGEX,
    "int": NUMBER,
    "timestamp": TIMESTAMP,
    "long": NUMBER,
    "decimal": NUMBER,
    "number": NUMBER,
}
_NAME_BY_NUMBER: Mapping[float, str] = {
    1: "double",
    2: "string",
    3: "object",
    4: "array",
    5: "binData",
    7: "objectId",
    8: "bool",
    9: "date",
    10: "null",
    11: "regex",
    16: "int",
    17: "timestamp",
    18: "long",
    19: "decimal",
}


def type_names(value: Any) -> list[Any]:
    """The types that ``$type`` is given, by name; what is not known stays."""
    given = value if isinstance(value, (list, tuple)) else [value]
    return [_NAME_BY_NUMBER.get(each, each) if isinstance(each, (int, float)) else each for each in given]


def is_regex(value: Any) -> bool:
    """Whether a value is a regular expression: compiled, ``bson.Regex`` or ``{"$regex": …}``."""
    if isinstance(value, Mapping):
        return "$regex" in value and not set(value) - {"$regex", "$options"}
    return isinstance(value, re.Pattern) or type(value).__name__ == "Regex"


def rank(value: Any) -> int:
    """The place of a value's type in the server's order of types."""
    if value is None:
        return NULL
    if isinstance(value, bool):
        return BOOL
    if isinstance(value, (int, float)):
        return NUMBER
    if isinstance(value, str):
        return STRING
    if is_regex(value):
        return REGEX
    if isinstance(value, Mapping):
        return OBJECT
    if isinstance(value, (list, tuple)):
        return ARRAY
    if isinstance(value, Unknown):
        return _UNKNOWN
    return _RANK_BY_CLASS.get(type(value).__name__, _UNKNOWN)


def key(value: Any) -> Key:
    """A value as a point on the index."""
    place = rank(value)
    if place == OBJECT:
        return (place, 1, tuple((str(name), key(each)) for name, each in value.items()))
    if place == ARRAY:
        return (place, 1, tuple(key(each) for each in value))
    if place == NULL:
        return (place, 1, 0)
    if type(value).__name__ == "Decimal128":
        number = value.to_decimal()
        return (place, 1, float("nan") if number.is_nan() else number)
    if place in (NUMBER, STRING, BOOL):
        return (place, 1, value)
    if place == _UNKNOWN:
        return (place, 1, id(value))
    return (place, 1, str(value))


def below(place: int) -> Key:
    """Below all values of a type."""
    return (place, 0, None)


def above(place: int) -> Key:
    """Above all values of a type."""
    return (place, 2, None)


def is_text(value: Any) -> bool:
    """Whether a collation decides how the value compares: strings, and what may hold them."""
    return rank(value) in (STRING, OBJECT, ARRAY, _UNKNOWN)


def is_unknown(value: Any) -> bool:
    return rank(value) == _UNKNOWN


def pattern_of(value: Any) -> tuple[Any, str]:
    """A regular expression's source and its options; the source is `ANY` where it is not known."""
    if isinstance(value, Mapping):
        source, options = value.get("$regex"), value.get("$options", "")
        if not isinstance(source, (str, Unknown)):
            inner, flags = pattern_of(source)
            return inner, str(options) + flags
        return source, options if isinstance(options, str) else "?"
    # PyMongo sends a compiled pattern of text with the option "u"
    letters = "".join(letter for letter, flag in _FLAGS if value.flags & flag)
    source = value.pattern
    return (source.decode("latin-1") if isinstance(source, bytes) else source), letters


_FLAGS = (("i", re.IGNORECASE), ("m", re.MULTILINE), ("s", re.DOTALL), ("x", re.VERBOSE), ("u", re.UNICODE))


def regex_prefix(source: Any, options: str) -> tuple[str, bool]:
    """The literal text that every match begins with ("" if none is fixed), and whether there is nothing else to match.

    Only an anchored expression that tells upper from lower case has one.
    """
    if not isinstance(source, str) or set(options) - set("msxu"):
        return "", False
    if source.startswith("\\A"):
        rest = source[2:]
    elif source.startswith("^") and "m" not in options:
        rest = source[1:]
    else:
        return "", False
    if "|" in source or ("x" in options and re.search(r"[\s#]", rest)):
        return "", False
    return _literal(rest, options)


def _literal(rest: str, options: str) -> tuple[str, bool]:
    taken, at = "", 0
    while at < len(rest):
        letter = rest[at]
        if letter in "*?{":  # the letter before may be missing
            return taken[:-1], False
        if letter == "\\" and at + 1 < len(rest) and not rest[at + 1].isalnum():
            taken += rest[at + 1]
            at += 2
            continue
        if rest[at:] == ".*":
            return taken, True
        if letter in "+.^$()[]\\":
            return taken, False
        taken += letter
        at += 1
    return taken, bool(taken)
