"""The queries to look at first: those that a request runs and no index serves."""

from __future__ import annotations

from typing import Any

from mongolint.engine.explained import explained
from mongolint.engine.load import Loaded
from mongolint.project.explained.answer import answer
from mongolint.project.model import Project
from mongolint.project.operations import Operation

Record = dict[str, Any]

_MOST = 12
_WORST = {"unserved": 0, "partial": 1}


def patterns(loaded: Loaded) -> list[Record]:
    """Each with its verdict and what would serve it; of queries that are alike on one collection, the first."""
    project = loaded.project
    shown = {loaded.display[path] for path in loaded.targets}
    found: dict[tuple[Any, ...], Operation] = {}
    for operation in project.operations:
        verdict = project.verdict(operation).verdict
        if verdict in _WORST and project.path(operation.module) in shown and operation.module not in project.tests:
            fields = (*operation.filter.required, *operation.filter.optional)
            found.setdefault((operation.target, *sorted(fields), *map(str, operation.sort)), operation)
    chosen = sorted(found.values(), key=lambda operation: _rank(project, operation))[:_MOST]
    return [
        {**record, "reached": _route(project, operation), "in_loop": operation.in_loop}
        for operation, record in zip(chosen, explained(project, [answer(project, o) for o in chosen]), strict=True)
    ]


def _rank(project: Project, operation: Operation) -> tuple[Any, ...]:
    """Those that a request surely runs first, among them those in a loop, then the worse verdict."""
    is_script = project.is_script(operation.module)
    reached = _route(project, operation) is not None
    verdict = _WORST[project.verdict(operation).verdict]
    span = project.operation_span(operation)
    return is_script, not reached, not operation.in_loop, verdict, span


def _route(project: Project, operation: Operation) -> str | None:
    """The path of the request that runs it, "" where a request does and its path is not spelled out."""
    path = project.request_path(operation.module, operation.scope)
    return None if path is None else path.route
