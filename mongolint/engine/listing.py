"""The model as plain data: what ``queries`` and ``indexes`` list. All places are those of the files asked for."""

from __future__ import annotations

from collections.abc import Container
from typing import Any

from mongolint.engine.load import Loaded
from mongolint.link.atoms import Collection
from mongolint.project.advice.suggest import Asked
from mongolint.project.indexes import IndexDeclaration
from mongolint.project.model import Project
from mongolint.project.operations import Operation
from mongolint.project.schema.record import record
from mongolint.project.untraced.annotations import annotation_hint


def queries(loaded: Loaded) -> list[dict[str, Any]]:
    """Every operation in the files asked for, by file and place."""
    project = loaded.project
    shown = _shown(loaded)
    found = [_query(loaded, o) for o in project.operations if project.path(o.module) in shown]
    return sorted(found, key=_place)


def schema(loaded: Loaded) -> list[dict[str, Any]]:
    """The fields of every collection that the files asked for name; see `mongolint.project.schema.record`."""
    project = loaded.project
    shown = _shown(loaded)
    return [record(project, name) for name in project.fields.collections if _is_named(project, name, shown)]


def _is_named(project: Project, collection: str, shown: Container[str]) -> bool:
    known = project.fields.of(collection)
    every = (use for each in (*known.fields.values(),) for use in each.uses)
    return any(use.span.file in shown for use in (*every, *known.opened))


def _query(loaded: Loaded, operation: Operation) -> dict[str, Any]:
    project = loaded.project
    span = project.operation_span(operation)
    document, verdict = operation.filter, project.verdict(operation)
    collection = operation.collection
    item: dict[str, Any] = {
        "file": span.file,
        "line": span.line,
        "column": span.column,
        "method": operation.name,
        "database": _database(operation.collections),
        "collection": collection.name if collection else None,
    }
    if collection is None and len(operation.collection_names) > 1:
        item["collections"] = operation.collection_names
    item.update(
        {
            "confidence": operation.confidence,
            "filter": {
                "required": list(document.required),
                "optional": list(document.optional),
                "open": document.open,
            },
            "sort": [list(pair) for pair in operation.sort],
            "in_loop": operation.in_loop,
            "time_limit": operation.time_limit,
            "bounded": operation.bounded,
            "session": operation.session,
            "index": {"verdict": verdict.verdict, "name": verdict.name, "reason": verdict.reason},
        }
    )
    return item


def _database(collections: tuple[Collection, ...]) -> str | None:
    names = {collection.database.name for collection in collections}
    return names.pop() if len(names) == 1 else None


def unresolved(loaded: Loaded) -> list[dict[str, Any]]:
    """What looks like an operation and could not be traced, with the annotation that would resolve it."""
    project = loaded.project
    shown = _shown(loaded)
    found = []
    for module, call, receiver in project.unresolved:
        if project.path(module) in shown:
            span = project.token(module, call)
            found.append(
                {
                    "file": span.file,
                    "line": span.line,
                    "column": span.column,
                    "method": project.callee_name(module, call),
                    "hint": annotation_hint(project, module, receiver),
                }
            )
    return sorted(found, key=_place)


def indexes(loaded: Loaded) -> list[dict[str, Any]]:
    """Every declared index in the files asked for, by file and place."""
    project = loaded.project
    shown = _shown(loaded) | loaded.shown_scripts
    found = []
    for index in [*project.indexes, *project.test_indexes]:
        span = project.index_span(index)
        if span.file in shown:
            found.append(
                {
                    "file": span.file,
                    "line": span.line,
                    "column": span.column,
                    "collection": index.collection_name,
                    "keys": [list(pair) for pair in index.keys] if index.keys else None,
                    "options": index.options,
                    "source": index.source,
                }
            )
    return sorted(found, key=_place)


def suggestions(loaded: Loaded) -> list[dict[str, Any]]:
    """The indexes that the project lacks, for the queries in the files asked for."""
    project, shown = loaded.project, _shown(loaded)
    found = []
    for each in project.advice.suggestions:
        serves = [{**_asked(project, one), "cost": cost} for one, cost in zip(each.serves, each.costs, strict=True)]
        if serves and not any(one["file"] in shown for one in serves):
            continue
        found.append(
            {
                "collection": each.collection.name,
                "database": each.collection.database.name,
                "keys": [list(pair) for pair in each.keys],
                "options": dict(each.options),
                "why": each.why,
                "reason": each.reason,
                "serves": serves,
                "writes": each.writes,
                "replaces": each.replaces.name if each.replaces is not None else None,
                "declared": _declared(project, each.replaces) if each.replaces is not None else None,
            }
        )
    return found


def _declared(project: Project, index: IndexDeclaration) -> dict[str, Any]:
    span = project.index_span(index)
    return {"file": span.file, "line": span.line, "column": span.column}


def _asked(project: Project, one: Asked) -> dict[str, Any]:
    call = one.call
    span = project.token(call.module, call.row) if call is not None else project.operation_span(one.operation)
    stage = one.lookup.stage if one.lookup is not None else None
    return {"file": span.file, "line": span.line, "column": span.column, "method": one.operation.name, "stage": stage}


def _shown(loaded: Loaded) -> set[str]:
    return {loaded.display[path] for path in loaded.targets}


def _place(item: dict[str, Any]) -> tuple[Any, ...]:
    return (item["file"], item["line"], item["column"])
