"""The table of collections: fields, indexes declared and needed, and how complete that is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mongolint.project.fields.shapes import KnownField
from mongolint.project.model import Project

Record = dict[str, Any]

# What completeness is made of, in percent. The page shows this formula with each number.
WEIGHTS = {
    "queries": 50,  # the share of queries with a filter that an index serves
    "uniqueness": 20,  # no key that the code takes for unique lacks a unique index
    "fields": 20,  # the code shows all fields of the documents that it writes
    "validator": 10,  # the code gives the collection a validator
}


def collections(project: Project, coverage: Mapping[str, Any], needed: Sequence[Record]) -> list[Record]:
    """Every collection that the files asked for touch and whose name is known, by name."""
    found = []
    for held in coverage["collections"]:
        if held["name"] is None:
            continue
        lacking = [index for index in needed if index["collection"] == held["name"]]
        found.append(_collection(project, held, lacking))
    return sorted(found, key=lambda each: str(each["name"]))


def _collection(project: Project, held: Mapping[str, Any], needed: Sequence[Record]) -> Record:
    name = held["name"]
    known = project.fields.of(name)
    parts = {
        "queries": _served(held["shapes"]),
        "uniqueness": 0.0 if any(index["why"] == "unique" for index in needed) else 1.0,
        "fields": 0.0 if known.open or not any(field.written for field in known.fields.values()) else 1.0,
        "validator": 0.0,
    }
    return {
        "name": name,
        "operations": held["operations"],
        "fields": [_field(field) for field in known.fields.values()],
        "open": known.open,
        "indexes": [
            {key: index[key] for key in ("name", "keys", "options", "status", "places")}
            for index in held["indexes"]
            if not index["server"]
        ],
        "needed": [{key: index[key] for key in ("keys", "options", "why", "reason", "priority")} for index in needed],
        "completeness": {
            "percent": round(sum(WEIGHTS[part] * share for part, share in parts.items())),
            "parts": [{"part": part, "weight": WEIGHTS[part], "share": round(parts[part], 2)} for part in WEIGHTS],
        },
    }


def _served(shapes: Sequence[Mapping[str, Any]]) -> float:
    """The share of calls that an index serves, of those that can be judged; a partial one counts half."""
    judged = {"served": 1.0, "partial": 0.5, "unserved": 0.0}
    calls = sum(shape["calls"] for shape in shapes if shape["verdict"] in judged)
    if not calls:
        return 1.0
    served = sum(judged[shape["verdict"]] * shape["calls"] for shape in shapes if shape["verdict"] in judged)
    return float(served / calls)


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
