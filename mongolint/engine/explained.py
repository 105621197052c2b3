"""What ``explain`` tells of operations, as plain data: the JSON that it prints, and what its text is made of.

An operation is an object with these fields::

    file, line, column     where its method is named, 1-based
    method                 of the driver: "find_one"
    confidence             known, or inferred
    database, collection   names; null where only the running program knows them, or there are several
    collections            all names that it may run on
    open                   the filter may hold fields that the code does not show
    inner                  the queries inside it: of $lookup, $graphLookup, $unionWith, requests of bulk_write

and, like each of ``inner``, which also has ``stage`` and ``collection``, with::

    mongosh                the query; <…> stands for what only the running program knows
    fields                 [{field, role, place, within, optional}]
                           place: bounds, wide bounds, keys, documents; order or memory for a sort; null where
                           that cannot be told, or the field is optional
    verdict                {verdict, index, reason}; verdict: served, partial, unserved, unknown or none
    indexes                the declared indexes that serve it: [{name, keys, options, file, line, column}]
    nearest                the declared index that comes closest, or null
    better                 what would serve it better: {keys: [[[field, direction], …], …], options, verdict,
                           reason}; without keys, why no index in the order equality, sort, range would; or null
    server                 with --uri, what that server plans, else null; see `mongolint.engine.served`
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mongolint.link.atoms import Collection
from mongolint.project.explained.answer import Answer, Asked
from mongolint.project.indexes import IndexDeclaration
from mongolint.project.model import Project


def explained(project: Project, answers: Sequence[Answer]) -> list[dict[str, Any]]:
    """The answers as plain data, in their order."""
    return [_operation(project, answer) for answer in answers]


def _operation(project: Project, answer: Answer) -> dict[str, Any]:
    operation = answer.operation
    span = project.operation_span(operation)
    return {
        "file": span.file,
        "line": span.line,
        "column": span.column,
        "method": operation.name,
        "confidence": operation.confidence,
        "database": _database(operation.collections),
        "collection": operation.collection.name if operation.collection else None,
        "collections": operation.collection_names,
        "open": answer.asked.query.open,
        **_asked(project, answer.asked),
        "inner": [
            {"stage": inner.stage, "collection": inner.query.collection, **_asked(project, inner)}
            for inner in answer.inner
        ],
    }


def _database(collections: Sequence[Collection]) -> str | None:
    names = {collection.database.name for collection in collections}
    return names.pop() if len(names) == 1 else None


def _asked(project: Project, asked: Asked) -> dict[str, Any]:
    verdict, better = asked.verdict, asked.better
    return {
        "mongosh": asked.mongosh,
        "fields": [
            {
                "field": role.field,
                "role": role.role,
                "place": role.place,
                "within": role.within or None,
                "optional": role.optional,
            }
            for role in asked.roles
        ],
        "verdict": {"verdict": verdict.verdict, "index": verdict.name, "reason": verdict.reason},
        "indexes": [_index(project, index) for index in asked.indexes],
        "nearest": _index(project, verdict.nearest) if verdict.nearest and not asked.indexes else None,
        "better": better
        and {
            "keys": [[list(pair) for pair in keys] for keys in better.keys],
            "options": better.options,
            "verdict": better.verdict.verdict,
            "reason": better.verdict.reason,
        },
        "server": None,
    }


def _index(project: Project, index: IndexDeclaration) -> dict[str, Any]:
    span = project.index_span(index)
    return {
        "name": index.name,
        "keys": [list(pair) for pair in index.keys or ()],
        "options": index.options,
        "file": span.file,
        "line": span.line,
        "column": span.column,
    }
