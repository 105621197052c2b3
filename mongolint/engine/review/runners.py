"""What runs an operation, in words: the request by method and path, the command, the start of the application."""

from __future__ import annotations

from typing import NamedTuple

from mongolint.project.entrypoints import Kind
from mongolint.project.model import Project
from mongolint.project.operations import Operation
from mongolint.project.tracing.asked import Asked

_BY: tuple[tuple[tuple[Kind, ...], str], ...] = (
    (("request", "event"), "request"),
    (("task",), "task"),
    (("start",), "start"),
    (("command",), "command"),
)
_WORDS = {
    "request": "requests, through {}",
    "event": "events, through {}",
    "task": "the task {}",
    "start": "the start of the application, through {}",
    "command": "the command {}",
}


class Runner(NamedTuple):
    """``kind``: request, task, start or command; ``text``: which, as it is said of the operation."""

    kind: str
    text: str


def runner_of(project: Project, place: Operation | Asked) -> Runner | None:
    """What surely runs an operation, or the call that asks by a helper; None where nothing is known to."""
    reach = project.reachability
    for kinds, kind in _BY:
        path = reach.request_path(place.module, place.scope, kinds=kinds, row=place.row)
        if path is not None:
            route = reach.routes.of(*path.handler) if path.kind == "request" else ""
            return Runner(kind, route or _WORDS[path.kind].format(project.function_name(*path.handler)))
    return None
