"""What a running server plans, beside what ``explain`` tells of a query.

The field ``server`` of an item of `mongolint.engine.explained` is then an object with these fields::

    version, database, collection
    plan                 the stages of the winning plan, the first to run first, with the bounds on each index; null
                         where the server refuses the query
    indexes              the names of the indexes that it reads
    collection_scan      whether it reads the whole collection
    sort_in_memory       whether it sorts in memory
    refused              why the server does not take the query, or null
    samples              the fields for whose unknown values samples were sent
    notes                what was sent otherwise than the code does, and what could not be read, in words
    same                 whether the verdict says so too; null where it claims nothing
    differences          [{kind, reason, index}]; kinds: see `mongolint.live.versus.Difference`

or null where there is nothing to ask: no filter to plan, or a collection that only the running program knows.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from mongolint.live.explain import Served, database_of, explain
from mongolint.live.uri import Uri
from mongolint.live.versus import compare
from mongolint.project.explained.answer import Answer, Asked
from mongolint.project.explained.sent import Sent, sent_of
from mongolint.project.model import Project
from mongolint.project.operations import Operation

_READS = ("find", "count", "distinct", "aggregate")


def add_server(
    project: Project,
    answers: Sequence[Answer],
    items: Sequence[dict[str, Any]],
    uri: Uri,
    database: str | None,
    timeout: float,
) -> None:
    """Put what the server plans into the items of the answers.

    Args:
        database: the one to ask; None for that of the URI, else that of the code.
        timeout: of all questions together, in seconds.

    Raises:
        LiveError: the server cannot be asked, or no database is known.
    """
    wanted = [
        (asked, item, sent, answer.operation)
        for answer, item in zip(answers, items, strict=True)
        for asked, item, sent in _questions(project, answer, item)
    ]
    if not wanted:
        return
    named = {name for *_, operation in wanted for name in _databases(operation)}
    where = database_of(uri, database, named.pop() if len(named) == 1 else None)
    served = explain(uri, [(where, asked.query, sent) for asked, _, sent, _ in wanted], timeout)
    for (asked, item, sent, operation), found in zip(wanted, served, strict=True):
        item["server"] = _record(project, asked, sent, operation, found)


def _questions(project: Project, answer: Answer, item: dict[str, Any]) -> Iterator[tuple[Asked, dict[str, Any], Sent]]:
    """The queries that a server can be asked about, with what is told of each."""
    own = sent_of(project, answer.operation)
    found = [(answer.asked, item, own)]
    found += [(inner, told, Sent()) for inner, told in zip(answer.inner, item["inner"], strict=True)]
    for asked, told, sent in found:
        if sent is not None and asked.query.collection is not None and not asked.query.unclear:
            yield asked, told, sent


def _databases(operation: Operation) -> set[str]:
    return {collection.database.name for collection in operation.collections if collection.database.name}


def _record(project: Project, asked: Asked, sent: Sent, operation: Operation, served: Served) -> dict[str, Any]:
    declared = [index for index in project.indexes if index.collection_name == asked.query.collection]
    found = compare(asked.query, asked.verdict, asked.plan, declared, served)
    plan = served.plan
    return {
        "version": plan.version if plan is not None else None,
        "database": served.database,
        "collection": asked.query.collection,
        "plan": plan.text if plan is not None else None,
        "indexes": [read.name for read in plan.reads] if plan is not None else [],
        "collection_scan": plan.scans if plan is not None else None,
        "sort_in_memory": tuple(asked.query.sort) in plan.sorts if plan is not None and asked.query.sort else None,
        "refused": served.refused or None,
        "samples": list(served.samples),
        "notes": list(_notes(asked, sent, operation, served)),
        "same": None if found is None else not found,
        "differences": [{"kind": each.kind, "reason": each.reason, "index": each.index} for each in found or ()],
    }


def _notes(asked: Asked, sent: Sent, operation: Operation, served: Served) -> Iterator[str]:
    if operation.method.kind == "write":
        yield "as the find of its filter"
    if served.samples:
        yield f"with samples for {', '.join(served.samples)}"
    left_out = list(dict.fromkeys(role.field for role in asked.roles if role.optional))
    if asked.query.open:
        left_out.append("what the code does not show")
    if served.reduced:
        left_out.append("all stages but the filter and the sort, since what they need is not known")
    else:
        left_out += sent.left_out
    if left_out:
        yield f"without {', '.join(left_out)}"
    if served.unlisted:
        yield f"without a list of its indexes ({served.unlisted})"
