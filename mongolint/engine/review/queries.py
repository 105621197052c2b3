"""The queries to look at first: those that a clock or a request runs and no index serves."""

from __future__ import annotations

from typing import Any

from mongolint.engine.explained import explained
from mongolint.engine.load import Loaded
from mongolint.engine.review.runners import runner_of
from mongolint.project.advice.suggest import Suggestion
from mongolint.project.explained.answer import answer
from mongolint.project.indexes import IndexDeclaration
from mongolint.project.model import Project
from mongolint.project.operations import Operation
from mongolint.project.verdicts import Declared, declared_on, judge_query, query_of

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
    found: dict[tuple[Any, ...], list[Operation]] = {}
    for operation in sorted(project.operations, key=lambda operation: _rank(project, operation)):
        verdict = project.verdict(operation).verdict
        if verdict in _WORST and project.path(operation.module) in shown and operation.module not in project.tests:
            # What one index does for an equality, it does not for $nin on the same field
            fields = sorted(map(str, (*operation.filter.required.items(), *operation.filter.optional.items())))
            key = (operation.target, verdict, *fields, *map(str, operation.sort))
            found.setdefault(key, []).append(operation)
    groups = list(found.values())[:_MOST]
    chosen = [alike[0] for alike in groups]
    return [
        {**record, **_advised(project, alike[0]), "reached": _reached(project, alike[0]), "alike": len(alike) - 1}
        for alike, record in zip(groups, explained(project, [answer(project, o) for o in chosen]), strict=True)
    ]


def _rank(project: Project, operation: Operation) -> tuple[Any, ...]:
    """What a clock runs first, then requests; the worse verdicts, those in a loop, and reads before writes."""
    runner = runner_of(project, operation)
    is_passing = project.reached(operation.module, operation.scope, operation.context).runner in ("script", "nothing")
    often = _OFTEN.get(runner.kind, len(_OFTEN)) if runner is not None else len(_OFTEN)
    verdict = _WORST.get(project.verdict(operation).verdict, len(_WORST))
    span = project.operation_span(operation)
    return is_passing, often, verdict, not operation.in_loop, operation.method.kind != "read", span


def _reached(project: Project, operation: Operation) -> str | None:
    runner = runner_of(project, operation)
    return runner.text if runner is not None else None


def _advised(project: Project, operation: Operation) -> Record:
    """What the required indexes do for it, so that the parts of a review say the same; else what it alone asks for."""
    name = operation.collection.name if operation.collection else None
    held = [
        each for each in project.advice.suggested_on(name or "") if any(o.operation is operation for o in each.serves)
    ]
    if not held:
        return {}
    declared = declared_on(name, project.indexes)
    added = [_declaration(each) for each in held]
    verdict = judge_query(query_of(project.reader, operation), Declared([*declared.own, *added], declared.homeless))
    return {
        "better": {
            "keys": [[list(pair) for pair in each.keys] for each in held],
            "options": {name: value for name, value in held[0].options.items() if name != "name"},
            "verdict": verdict.verdict,
            "reason": verdict.reason,
        }
    }


def _declaration(suggestion: Suggestion) -> IndexDeclaration:
    return IndexDeclaration(-1, -1, None, None, suggestion.keys, dict(suggestion.options))
