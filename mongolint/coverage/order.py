"""Whether a scan gives the order of a sort, so that nothing is sorted in memory.

Sources: MongoDB manual, "Use Indexes to Sort Query Results" (prefixes, equality, multikey, collation).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod
from typing import Any

from mongolint.coverage.access import Access, Scan, scans
from mongolint.coverage.bounds import FETCH
from mongolint.coverage.intervals import may_hold_text, reads_objects

_MAX_MERGED_SCANS = 200
Sort = Sequence[tuple[str, Any]]


def gives_order(access: Access, sort: Sort, collation: Mapping[str, Any] | None) -> bool:
    """Whether the documents come in the order of ``sort``, perhaps by merging scans that each do."""
    leaves = scans(access)
    if all(_from(scan, 0, sort, collation) for scan in leaves):
        return True
    if not _can_be_split(access):
        return False
    points = [_leading_points(scan) for scan in leaves]
    if not all(points) or sum(map(prod, points)) > _MAX_MERGED_SCANS:
        return False
    return all(
        len(counts) < len(scan.entry.keys)
        and not any(scan.entry.array_prefixes(name) for name in scan.entry.names[len(counts) :])
        and _from(scan, len(counts), sort, collation)
        for scan, counts in zip(leaves, points, strict=True)
    )


def _can_be_split(access: Access) -> bool:
    """Whether scans can be made one for each value.

    Not those of an ``$or`` whose documents are tested further, unless they are one scan: of one field of one index.
    """
    if isinstance(access, Scan) or not access.rest:
        return True
    leaves = scans(access)
    is_plain = all(len(scan.assigned) == 1 and not scan.rest and scan.tightness < FETCH for scan in leaves)
    return is_plain and len({scan.entry for scan in leaves}) == 1


def _leading_points(scan: Scan) -> list[int]:
    """How many single values each field at the front is compared with, as long as it is with single values only."""
    counts: list[int] = []
    for position in range(len(scan.entry.keys)):
        intervals = scan.intervals(position)
        if not intervals.is_points:
            break
        counts.append(len(intervals.items))
    return counts


def _is_pinned(scan: Scan, position: int) -> bool:
    intervals = scan.intervals(position)
    return intervals.is_points and len(intervals.items) == 1


def _from(scan: Scan, start: int, sort: Sort, collation: Mapping[str, Any] | None) -> bool:
    """Whether the key pattern from ``start`` on is the order, forwards or backwards."""
    entry = scan.entry
    if entry.kind == "text" or scan.is_near:
        return False
    pinned = {name for i, (name, _) in enumerate(entry.keys) if _is_pinned(scan, i) and not entry.array_prefixes(name)}
    wanted = [(name, direction) for name, direction in sort if name not in pinned]
    turn = 0
    for position in range(start, len(entry.keys)):
        if not wanted:
            break
        name, kind = entry.keys[position]
        if _is_pinned(scan, position):
            continue
        if name != wanted[0][0] or not _is_ordered(scan, position, collation):
            return False
        same = 1 if (kind > 0) == (wanted[0][1] > 0) else -1
        if turn and same != turn:
            return False
        turn = same
        wanted.pop(0)
    return not wanted


def _is_ordered(scan: Scan, position: int, collation: Mapping[str, Any] | None) -> bool:
    """Whether the keys of one field come in the order that documents are sorted in."""
    entry, intervals = scan.entry, scan.intervals(position)
    if entry.kind_of(position):
        return False
    if entry.wildcard is not None and position >= entry.wildcard:
        if not entry.keys[entry.wildcard][0] or reads_objects(scan.intervals(entry.wildcard)):
            return False
    if entry.collation != collation and may_hold_text(intervals):
        return False
    arrays = entry.array_prefixes(entry.names[position])
    return not arrays or (intervals.is_full and not _shares_array(scan, position, arrays))


def _shares_array(scan: Scan, position: int, arrays: Sequence[str]) -> bool:
    """Whether another field that is bounded lies in the same array."""
    for other, name in enumerate(scan.entry.names):
        if other != position and not scan.intervals(other).is_full:
            if any(name == prefix or name.startswith(prefix + ".") for prefix in arrays):
                return True
    return False


def is_by_field(sort: Sort) -> bool:
    """Whether a sort is by fields alone, not by a score."""
    return all(isinstance(direction, (int, float)) for _, direction in sort)
