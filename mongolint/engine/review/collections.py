"""The table of collections: fields, indexes declared and needed, and how complete that is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mongolint.project.fields.shapes import KnownField
from mongolint.project.model import Project
from mongolint.project.schema.validated import validated

Record = dict[str, Any]

# What completeness is made of, in percent; without queries that can be judged, of the rest. The page shows this
# formula with each number.
WEIGHTS = {
    "queries": 50,  # the share of queries with a filter that an index serves
    "uniqueness": 20,  # no key that the code takes for unique lacks a unique index
    "fields": 20,  # the code shows all fields of the documents that it writes
    "validator": 10,  # the code gives the collection a validator
}
# How much of a query an index does
_JUDGED = {"served": 1.0, "partial": 0.5, "unserved": 0.0}


def touched(project: Project, coverage: Mapping[str, Any]) -> list[Record]:
    """Every collection of the map that the files asked for touch and whose name is known, by name."""
    used = {name for o in project.operations if o.module not in project.tests for name in o.collection_names}
    used |= {index.collection_name for index in project.indexes if index.collection_name}
    return sorted((held for held in _named(coverage) if held["name"] in used), key=lambda each: str(each["name"]))


def collections(project: Project, touched: Sequence[Record], needed: Sequence[Record]) -> list[Record]:
    """What there is to say of each collection."""
    found = []
    guarded, unmade = validated(project), _unmade(project)
    for held in touched:
        lacking = [index for index in needed if index["collection"] == held["name"]]
        validator = True if held["name"] in guarded else None if None in guarded else False
        found.append(_collection(project, held, lacking, validator, unmade))
    return found


def _named(coverage: Mapping[str, Any]) -> list[Record]:
    """The collections of the map, and those that only helpers for several collections touch."""
    found = [held for held in coverage["collections"] if held["name"] is not None]
    names = {held["name"] for held in found}
    others = sorted({name for held in coverage["collections"] for name in held["candidates"]} - names)
    return [*found, *({"name": name, "operations": 0, "shapes": [], "indexes": []} for name in others)]


def _unmade(project: Project) -> set[tuple[str, int, int]]:
    """Where the indexes are declared that no start of the application makes."""
    spans = [project.index_span(index) for setup in project.idle_setups() for index in setup.indexes]
    return {(span.file, span.line, span.column) for span in spans}


def _collection(
    project: Project,
    held: Mapping[str, Any],
    needed: Sequence[Record],
    validator: bool | None,
    unmade: set[tuple[str, int, int]],
) -> Record:
    name = held["name"]
    known = project.fields.of(name)
    timed = name in project.fields.time_series
    parts: dict[str, float | None] = {
        "queries": _served(held["shapes"]),
        "uniqueness": 0.0 if any(index["why"] == "unique" for index in needed) else 1.0,
        "fields": 0.0 if known.open or not any(field.written for field in known.fields.values()) else 1.0,
        "validator": None if timed else 1.0 if validator else 0.0,
    }
    return {
        "name": name,
        "operations": held["operations"],
        "fields": [_field(field) for field in known.fields.values() if not _is_gone(field)],
        "open": known.open,
        "indexes": [
            {
                **{key: index[key] for key in ("name", "keys", "options", "status", "purposes", "places")},
                "made": not any((each["file"], each["line"], each["column"]) in unmade for each in index["places"]),
            }
            for index in held["indexes"]
            if not index["server"]
        ],
        "needed": [{key: index[key] for key in ("keys", "options", "why", "reason", "priority")} for index in needed],
        "validator": validator,
        "timeseries": timed,
        "completeness": {
            "percent": _percent(parts),
            "queries": _calls(held["shapes"], (*_JUDGED, "unknown")),
            "judged": _calls(held["shapes"], tuple(_JUDGED)),
            "parts": [
                {"part": part, "weight": WEIGHTS[part], "share": share if share is None else round(share, 2)}
                for part, share in parts.items()
            ],
        },
    }


def _percent(parts: Mapping[str, float | None]) -> int:
    known = {part: share for part, share in parts.items() if share is not None}
    reached = sum(WEIGHTS[part] * share for part, share in known.items())
    return round(100 * reached / sum(WEIGHTS[part] for part in known))


def _served(shapes: Sequence[Mapping[str, Any]]) -> float | None:
    """The share of calls that an index serves, of those that can be judged; a partial one counts half."""
    calls = _calls(shapes, tuple(_JUDGED))
    if not calls:
        return None
    served = sum(_JUDGED[shape["verdict"]] * shape["calls"] for shape in shapes if shape["verdict"] in _JUDGED)
    return float(served / calls)


def _calls(shapes: Sequence[Mapping[str, Any]], verdicts: Sequence[str]) -> int:
    return sum(shape["calls"] for shape in shapes if shape["verdict"] in verdicts)


def _is_gone(field: KnownField) -> bool:
    """Whether code only takes a field out, as migrations do."""
    return bool(field.uses) and all(use.operator == "$unset" for use in field.uses)


def _field(field: KnownField) -> Record:
    return {
        "name": field.name,
        "types": list(field.kinds),
        "written": len(field.written),
        "read": len(field.read),
        "places": [
            {"file": use.span.file, "line": use.span.line, "column": use.span.column, "how": use.how}
            for use in field.uses
        ],
    }
