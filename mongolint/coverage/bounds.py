"""Which part of an index field a predicate reads, and whether the keys alone decide it.

Sources: MongoDB manual, "Multikey Index Bounds", "Query for Null or Missing Fields", `$regex`, "Hashed Indexes".
"""

from __future__ import annotations

from typing import Any

from mongolint.coverage.intervals import FULL, NOTHING, UNDEFINED, Interval, Intervals, of_type, point
from mongolint.coverage.predicates import Node
from mongolint.coverage.values import (
    ARRAY,
    MAX,
    MIN,
    NULL,
    NUMBER,
    REGEX,
    STRING,
    TYPE_NAMES,
    above,
    below,
    is_regex,
    is_unknown,
    key,
    pattern_of,
    rank,
    regex_prefix,
)
from mongolint.fastclasses import NamedTuple

# How far the keys decide a predicate: it holds for every key in the bounds; each key has to be tested; the document has
EXACT, KEYS, FETCH = range(3)


class Bounds(NamedTuple):
    """``finds_null``: a key for null may stand for a missing field, so that the field's value is not in the key."""

    intervals: Intervals
    tightness: int
    finds_null: bool = False


class Field(NamedTuple):
    """What of an index field changes the bounds on it."""

    hashed: bool = False
    collated: bool = False
    sparse: bool = False
    counts: bool = False  # the command needs no documents
    decides_null: bool = True  # a key for null is enough to know that the field is null or missing
    is_recent: bool = True  # newer than 6.0: null is one point; that the option "u" keeps it from a prefix is not known


def bounds(node: Node, field: Field) -> Bounds:
    """The bounds that a predicate gives; it is one that can use an index on its field."""
    if field.hashed:
        return _hashed(node, field)
    kind, value = node.kind, node.value
    if kind in ("eq", "expr-eq"):
        found = _equal(value, field)
        return found if kind == "eq" else found._replace(tightness=FETCH)
    if kind in ("lt", "lte", "gt", "gte"):
        return _range(kind, value, field)
    if kind.startswith("expr-"):
        return Bounds(_open_range(kind[5:], value), FETCH)
    if kind == "in":
        return _in(value, field)
    if kind == "regex":
        return _regex(value, field)
    if kind == "mod":
        return Bounds(of_type(NUMBER), KEYS)
    if kind == "type":
        return _type(value)
    if kind == "exists":
        return Bounds(FULL, EXACT if field.sparse else FETCH)
    if kind == "not":
        return _not(node.child, field)
    if kind == "elem-value":
        return _elements(node, field)
    return Bounds(FULL, FETCH)


def _equal(value: Any, field: Field) -> Bounds:
    place = rank(value)
    if place == ARRAY:
        first = point(value[0]) if value else UNDEFINED
        return Bounds(point(value) | first, FETCH)
    if place == NULL:
        found = point(None) if field.is_recent else point(None) | UNDEFINED
        return Bounds(found, EXACT if field.decides_null else FETCH, True)
    return Bounds(point(value), EXACT)


def _range(kind: str, value: Any, field: Field) -> Bounds:
    place = rank(value)
    if place == NULL:  # of its type there is no other value
        return _equal(value, field) if kind in ("lte", "gte") else Bounds(NOTHING, EXACT)
    at = key(value)
    if place == ARRAY:  # its elements have keys of their own, of any type
        first = key(value[0]) if value else MIN
        interval = Interval(MIN, at) if kind in ("lt", "lte") else Interval(min(first, at), MAX)
        return Bounds(Intervals((interval,)), FETCH)
    if kind in ("lt", "lte"):
        interval = Interval(below(place), at, True, kind == "lte")
    else:
        interval = Interval(at, above(place), kind == "gte", True)
    return Bounds(Intervals((interval,), is_unknown(value)), EXACT)


def _open_range(kind: str, value: Any) -> Intervals:
    """The comparison of an expression, which orders values of all types."""
    at = key(value)
    if kind in ("lt", "lte"):
        return Intervals((Interval(MIN, at, True, kind == "lte"),), is_unknown(value))
    return Intervals((Interval(at, FULL.items[0].high, kind == "gte", True),), is_unknown(value))


def _in(values: list[Any], field: Field) -> Bounds:
    members = [_regex(value, field) if is_regex(value) else _equal(value, field) for value in values]
    found, tightness = NOTHING, max((each.tightness for each in members), default=EXACT)
    for each in members:
        found |= each.intervals
    if field.counts and len(values) == 2 and None in values and [] in values:
        tightness = EXACT  # what the keys of null and of the empty array stand for
    return Bounds(found, tightness, any(each.finds_null for each in members))


def _regex(value: Any, field: Field) -> Bounds:
    source, options = pattern_of(value)
    prefix, simple = regex_prefix(source, options)
    itself = Interval((REGEX, 1, str(value)), (REGEX, 1, str(value)))
    if not prefix or field.collated or ("u" in options and not field.is_recent):
        return Bounds(Intervals((Interval(below(STRING), above(STRING)), itself)), FETCH if field.collated else KEYS)
    end = prefix[:-1] + chr(min(ord(prefix[-1]) + 1, 0x10FFFF))
    interval = Interval(key(prefix), key(end), True, False)
    return Bounds(Intervals((interval, itself)), EXACT if simple else KEYS)


def _type(value: Any) -> Bounds:
    found = NOTHING
    for name in value:
        place = TYPE_NAMES.get(name) if isinstance(name, str) else None
        found |= FULL if place in (None, ARRAY) else point(None) if place == NULL else of_type(place)
    finds_null = (found & point(None)) == point(None)  # which a missing field has as well
    return Bounds(found, FETCH if found.is_full or finds_null else KEYS)


def _not(child: Node, field: Field) -> Bounds:
    if child.kind == "exists":
        return Bounds(point(None), FETCH)
    found = bounds(child, field)
    if child.kind == "eq" and child.value is None:
        return Bounds(found.intervals.complement(), EXACT)
    return Bounds(found.intervals.complement(), found.tightness)


def _elements(node: Node, field: Field) -> Bounds:
    found = FULL
    for child in node.children:
        found &= bounds(child, field).intervals
    return Bounds(found, FETCH)


def _hashed(node: Node, field: Field) -> Bounds:
    plain = field._replace(hashed=False)
    if node.kind in ("eq", "in", "expr-eq") or node.kind == "not":
        return Bounds(bounds(node, plain).intervals, FETCH)
    return Bounds(FULL, FETCH)
