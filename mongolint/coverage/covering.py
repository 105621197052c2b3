"""Whether an answer comes from the index keys alone, without reading a document.

Source: MongoDB manual, "Query Optimization", section "Covered Queries".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from mongolint.coverage.access import Access, Scan, scans
from mongolint.coverage.bounds import KEYS
from mongolint.coverage.intervals import may_hold_text, reads_objects


def fields_of(projection: Mapping[str, Any] | None) -> set[str] | None:
    """The fields that a projection reads; None where it takes whole documents."""
    if not projection:
        return None
    needed: set[str] = set()
    includes = False
    for name, value in projection.items():
        if isinstance(value, (bool, int, float)):
            if value:
                includes = True
                if name.endswith("$"):
                    return None
                needed.add(name)
            elif name != "_id":
                return None
            continue
        read = _read(value)
        if read is None:
            return None
        includes = True
        needed |= read
    if not includes:
        return None
    return needed | {"_id"} if projection.get("_id", True) else needed - {"_id"}


def _read(value: Any) -> set[str] | None:
    """The fields that an expression of a projection reads."""
    if isinstance(value, str):
        if value.startswith("$$"):
            root, _, path = value[2:].partition(".")
            return {path} if root in ("ROOT", "CURRENT") and path else None
        return {value[1:]} if value.startswith("$") else set()
    if isinstance(value, Mapping):
        if any(name in ("$slice", "$elemMatch", "$meta") for name in value):
            return None
        return _all_read(value.values())
    return _all_read(value) if isinstance(value, (list, tuple)) else set()


def _all_read(values: Iterable[Any]) -> set[str] | None:
    found: set[str] = set()
    for value in values:
        read = _read(value)
        if read is None:
            return None
        found |= read
    return found


def is_covered(access: Access, needed: set[str] | None) -> bool:
    """``needed``: the fields that the answer is made of, none for a count; None: whole documents."""
    if needed is None or (not isinstance(access, Scan) and access.rest):
        return False
    return all(_has(scan, needed) for scan in scans(access))


def _has(scan: Scan, needed: set[str]) -> bool:
    if scan.rest or scan.tightness > KEYS or scan.entry.kind in ("text", "2d", "2dsphere"):
        return False
    entry = scan.entry
    held = {
        name
        for position, name in enumerate(entry.names)
        if not entry.kind_of(position)
        and (entry.collation is None or not may_hold_text(scan.intervals(position)))
        and not entry.array_prefixes(name)
        and not scan.bounds[position].finds_null
    }
    if entry.wildcard is not None and reads_objects(scan.intervals(entry.wildcard)):
        return False
    return needed <= held
