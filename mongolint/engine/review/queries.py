"""The queries to look at first: those that a clock or a request runs and no index serves."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mongolint.engine.explained import explained
from mongolint.engine.load import Loaded
from mongolint.engine.review.runners import MANY, runner_of
from mongolint.fastclasses import NamedTuple
from mongolint.project.advice.suggest import Suggestion
from mongolint.project.explained.answer import answer
from mongolint.project.explained.statement import text_by_fields
from mongolint.project.explained.transcript import Transcriber
from mongolint.project.indexes import IndexDeclaration
from mongolint.project.model import Project
from mongolint.project.operations import Operation
from mongolint.project.tracing.asked import Asked
from mongolint.project.verdicts import Declared, judge_query

Record = dict[str, Any]

_MOST = 12
_WORST = {"unserved": 0, "partial": 1}
# What runs again and again by itself asks more often than people do
_OFTEN = {"clock": 0, "request": 1, "task": 2}


def patterns(loaded: Loaded) -> list[Record]:
    """Each with its verdict and what would serve it; of queries that are alike on one collection, the first.

    ``alike``: how many others of the kind there are.
    """
    project = loaded.project
    shown = {loaded.display[path] for path in loaded.targets}
    found: dict[tuple[Any, ...], list[_Query]] = {}
    for query in sorted(_queries(project), key=lambda query: _rank(project, query)):
        operation, module = query.operation, query.place.module
        verdict = project.verdict(operation).verdict
        if verdict not in _WORST or project.fields.finds_nothing(operation):
            continue
        if verdict == "partial" and project.names_its_documents(operation):
            continue  # by all keys of a unique index it finds one document, whatever else it asks
        if verdict == "partial" and _is_served_well(project, operation):
            continue
        if project.path(module) in shown and module not in project.tests:
            # What one index does for an equality, it does not for $nin on the same field
            fields = sorted(map(str, (*operation.filter.required.items(), *operation.filter.optional.items())))
            key = (operation.target, verdict, *fields, *map(str, operation.sort))
            found.setdefault(key, []).append(query)
    groups = list(found.values())[:_MOST]
    records = explained(project, [answer(project, alike[0].operation) for alike in groups])
    return [
        {**_placed(project, alike[0], record), "reached": _reached(project, alike[0]), "alike": len(alike) - 1}
        for alike, record in zip(groups, records, strict=True)
    ]


class _Query(NamedTuple):
    """An operation; ``place``: the call that asks by a helper for any fields, else the operation itself."""

    operation: Operation
    place: Operation | Asked


def _queries(project: Project) -> Iterator[_Query]:
    yield from (_Query(operation, operation) for operation in project.operations)
    yield from (_Query(call.operation, call) for call in project.asked_of_helpers)


def _placed(project: Project, query: _Query, record: Record) -> Record:
    """What there is to tell of a query, where it is asked."""
    told = {**record, **_advised(project, query.operation)}
    if isinstance(query.place, Operation):
        return told
    span = project.token(query.place.module, query.place.row)
    place = {"file": span.file, "line": span.line, "column": span.column}
    return {**told, **place, "mongosh": text_by_fields(Transcriber(project.reader), query.operation)}


def _rank(project: Project, query: _Query) -> tuple[Any, ...]:
    """What a clock runs first, then requests; the worse verdicts, what many of them run, loops, reads before writes."""
    operation, place = query
    runner = runner_of(project, place)
    is_passing = project.reached(place.module, place.scope, place.context).runner in ("script", "nothing")
    often = _OFTEN.get(runner.kind, len(_OFTEN)) if runner is not None else len(_OFTEN)
    verdict = _WORST.get(project.verdict(operation).verdict, len(_WORST))
    span = project.token(place.module, place.row)
    if isinstance(place, Operation):
        span = project.operation_span(place)
    asks = project.reachability.requests(place.module, place.scope, place.row)
    spread = asks.number if asks.number >= MANY else 0
    return (
        is_passing,
        often,
        verdict,
        asks.before_all is None,
        -spread,
        not operation.in_loop,
        operation.method.kind != "read",
        span,
    )


def _reached(project: Project, query: _Query) -> str | None:
    runner = runner_of(project, query.place)
    return runner.text if runner is not None else None


def _advised(project: Project, operation: Operation) -> Record:
    """What the required indexes do for it, so that the parts of a review say the same; else what it alone asks for."""
    name, held = _name_of(operation), _required(project, operation)
    if not held:
        # An index on the same keys stands in the way of the one that it alone would ask for
        return {"better": None} if project.writes.taken(name or "", project.needed_patterns(operation)) else {}
    declared = project.declarations().on(name)
    added = [_declaration(each) for each in held]
    verdict = judge_query(project.query(operation), Declared([*declared.own, *added], declared.homeless))
    return {
        "better": {
            "keys": [[list(pair) for pair in each.keys] for each in held],
            "options": {name: value for name, value in held[0].options.items() if name != "name"},
            "verdict": verdict.verdict,
            "reason": verdict.reason,
        }
    }


def _name_of(operation: Operation) -> str | None:
    return operation.collection.name if operation.collection else None


def _required(project: Project, operation: Operation) -> list[Suggestion]:
    """The required indexes that serve an operation."""
    suggested = project.advice.suggested_on(_name_of(operation) or "")
    return [each for each in suggested if any(one.operation is operation for one in each.serves)]


def _is_served_well(project: Project, operation: Operation) -> bool:
    """Whether no index is required for a query that one serves in part: it finds few, of which the rest is checked."""
    name, plan = _name_of(operation), project.verdict(operation).plan
    if name is None or plan is None or not plan.selective or _required(project, operation):
        return False
    return not project.writes.taken(name, project.needed_patterns(operation))


def _declaration(suggestion: Suggestion) -> IndexDeclaration:
    return IndexDeclaration(-1, -1, None, None, suggestion.keys, dict(suggestion.options))
