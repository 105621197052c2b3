"""The indexes that are required, by priority."""

from __future__ import annotations

from typing import Any

from mongolint.engine.listing import suggestions
from mongolint.engine.load import Loaded
from mongolint.project.advice.redundancy import needless_beside
from mongolint.project.model import Project

Record = dict[str, Any]

# 1: the data goes wrong without it; 2: a query reads the whole collection; 3: documents that ended stay; 4: it helps
_PRIORITY = {"unique": 1, "query": 2, "expiry": 3}
_HELPS = 4


def required(loaded: Loaded) -> list[Record]:
    """What `indexes suggest` lists, the most pressing first."""
    found = [{"priority": _priority(each), **each} for each in suggestions(loaded)]
    for each in found:
        known = loaded.project.fields.of(each["collection"])
        keys = [known.fields[name] for name, _ in each["keys"] if name in known.fields and name != "_id"]
        lost = [field.name for field in keys if not field.written]
        if lost and not known.open:
            each["reason"] += f"; but no write that the code shows stores {', '.join(lost)}: look at the name first"
        each["reason"] += _spares(loaded.project, each)
        each["keeps_deleted"] = _keeps_deleted(loaded.project, each)
    return sorted(found, key=lambda each: (each["priority"], -len(each["serves"]), each["collection"], each["keys"]))


def _spares(project: Project, index: Record) -> str:
    """Which declared indexes can go when it is there."""
    keys = [(name, kind) for name, kind in index["keys"]]
    spared = needless_beside(project, index["collection"], keys, index["options"])
    places = [project.index_span(each) for each in spared]
    names = [f"{each.name} ({at.file}:{at.line})" for each, at in zip(spared, places, strict=True)]
    return f"; once it is there, {' and '.join(names)} can go" if names else ""


def _keeps_deleted(project: Project, index: Record) -> bool:
    """Whether documents that are only marked as deleted keep what no other may have then."""
    needs = [need for need in project.writes.constraints if need.name == index["collection"] and need.remark]
    return any([list(pair) for pair in need.keys] == index["keys"] for need in needs)


def _priority(index: Record) -> int:
    if index["why"] == "query" and all(asked["cost"] != "scan" for asked in index["serves"]):
        return _HELPS
    return _PRIORITY.get(index["why"], _HELPS)


def drops(project: Project) -> list[Record]:
    """Where the code drops all indexes of a collection; which, where that is known."""
    found = []
    unique = {index.collection_name for index in project.indexes if index.options.get("unique") is True}
    for operation in project.operations:
        if operation.name == "drop_indexes" and operation.module not in project.tests:
            names = operation.collection_names
            place = project.operation_span(operation)
            item = {"collections": names, "file": place.file, "line": place.line, "column": place.column}
            runner = project.reached(operation.module, operation.scope, operation.context).runner
            found.append({**item, "run": runner == "app", "unique": [name for name in names if name in unique]})
    return sorted(found, key=lambda each: (each["file"], each["line"]))
