"""The parts of an index field that a scan reads, as a list of intervals between index points."""

from __future__ import annotations

from collections.abc import Iterable

from mongolint.coverage.values import ARRAY, MAX, MIN, NULL, OBJECT, STRING, Key, above, below, key
from mongolint.fastclasses import NamedTuple


class Interval(NamedTuple):
    """From ``low`` to ``high``, each end in it or not."""

    low: Key
    high: Key
    with_low: bool = True
    with_high: bool = True

    @property
    def is_point(self) -> bool:
        return self.low == self.high

    @property
    def is_empty(self) -> bool:
        return self.low > self.high or (self.low == self.high and not (self.with_low and self.with_high))


class Intervals(NamedTuple):
    """Sorted, apart from each other. ``vague``: an end depends on a value that is not known."""

    items: tuple[Interval, ...]
    vague: bool = False

    @property
    def is_full(self) -> bool:
        return self.items == (Interval(MIN, MAX),)

    @property
    def is_points(self) -> bool:
        """Whether it is some single values and nothing between them."""
        return bool(self.items) and all(item.is_point for item in self.items)

    def __and__(self, other: Intervals) -> Intervals:
        if self.vague or other.vague:
            return _narrower(self, other)
        found = (_common(left, right) for left in self.items for right in other.items)
        return Intervals(tuple(item for item in found if not item.is_empty))

    def __or__(self, other: Intervals) -> Intervals:
        return Intervals(tuple(_merged(sorted({*self.items, *other.items}, key=_start))), self.vague or other.vague)

    def complement(self) -> Intervals:
        found: list[Interval] = []
        low, with_low = MIN, True
        for item in self.items:
            found.append(Interval(low, item.low, with_low, not item.with_low))
            low, with_low = item.high, not item.with_high
        found.append(Interval(low, MAX, with_low, True))
        return Intervals(tuple(item for item in found if not item.is_empty), self.vague)


FULL = Intervals((Interval(MIN, MAX),))
NOTHING = Intervals(())


def point(value: object) -> Intervals:
    return Intervals((Interval(key(value), key(value)),))


# The key of an empty array: a point of its own beside null
UNDEFINED = Intervals((Interval((NULL, 1, -1), (NULL, 1, -1)),))


def of_type(place: int) -> Intervals:
    """All values of a type."""
    return Intervals((Interval(below(place), above(place)),))


def _narrower(left: Intervals, right: Intervals) -> Intervals:
    """Of two lists of which one is not wholly known, the one that says more."""
    if left.is_full or (right.is_points and not left.is_points):
        return right
    return left


def _common(left: Interval, right: Interval) -> Interval:
    low = max(left.low, right.low)
    high = min(left.high, right.high)
    with_low = (left.with_low or left.low != low) and (right.with_low or right.low != low)
    with_high = (left.with_high or left.high != high) and (right.with_high or right.high != high)
    return Interval(low, high, with_low, with_high)


def _start(item: Interval) -> tuple[Key, bool]:
    return item.low, not item.with_low


def _merged(items: Iterable[Interval]) -> list[Interval]:
    found: list[Interval] = []
    for item in items:
        last = found[-1] if found else None
        touches = last is not None and (
            item.low < last.high or (item.low == last.high and (item.with_low or last.with_high))
        )
        if last is None or not touches:
            found.append(item)
        elif (item.high, item.with_high) > (last.high, last.with_high):
            found[-1] = Interval(last.low, item.high, last.with_low, item.with_high)
    return found


def may_hold(intervals: Intervals, place: int) -> bool:
    """Whether values of a type may lie in the intervals."""
    if intervals.vague:
        return True
    return any(item.high >= below(place) and item.low <= above(place) for item in (intervals & of_type(place)).items)


def may_hold_text(intervals: Intervals) -> bool:
    """Whether values that a collation orders may lie in the intervals."""
    return any(may_hold(intervals, place) for place in (STRING, OBJECT, ARRAY))


def reads_objects(intervals: Intervals) -> bool:
    """Whether documents in the place of a value are read, which a wildcard index keeps under other paths."""
    wide = Intervals(tuple(item for item in intervals.items if not item.is_point), intervals.vague)
    return may_hold(wide, OBJECT)
