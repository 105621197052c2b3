"""What runs an operation, in words: the request by method and path, the command, the start of the application."""

from __future__ import annotations

from mongolint.fastclasses import NamedTuple
from mongolint.project.entrypoints import Kind
from mongolint.project.model import Project
from mongolint.project.operations import Operation
from mongolint.project.reach.reachability import RequestPath
from mongolint.project.tracing.asked import Asked

_BY: tuple[tuple[tuple[Kind, ...], str], ...] = (
    (("request", "event"), "request"),
    (("task",), "task"),
    (("start",), "start"),
    (("command",), "command"),
)
# Fewer handlers than that make no query a busier one
MANY = 5
_WORDS = {
    "request": "requests, through {}",
    "event": "events, through {}",
    "task": "the task {}",
    "start": "the start of the application, through {}",
    "command": "the command {}",
}


class Runner(NamedTuple):
    """``kind``: request, clock, task, start or command; ``text``: which, as it is said of the operation."""

    kind: str
    text: str


def runner_of(project: Project, place: Operation | Asked) -> Runner | None:
    """What surely runs an operation, or the call that asks by a helper; None where nothing is known to."""
    reach = project.reachability
    for kinds, kind in _BY:
        path = reach.request_path(place.module, place.scope, kinds=kinds, row=place.row)
        if path is not None:
            name = project.function_name(*path.handler)
            if kind == "request":
                return Runner(kind, _of_requests(project, place, path))
            if kind in ("task", "start") and reach.entrypoints.is_periodic(*path.handler):
                interval = reach.entrypoints.interval(*path.handler)
                return Runner("clock", f"a clock{f' every {interval}' if interval else ''}, through {name}")
            return Runner(kind, _WORDS[path.kind].format(name))
    return None


def _of_requests(project: Project, place: Operation | Asked, path: RequestPath) -> str:
    """Which requests: those that pass a middleware, or how many and the nearest."""
    reach = project.reachability
    asks = reach.requests(place.module, place.scope, place.row)
    through = _WORDS[path.kind].format(project.function_name(*(asks.before_all or path.handler)))
    route = reach.routes.of(*path.handler) if path.kind == "request" else ""
    if asks.before_all is not None:
        return through
    if asks.number < MANY:
        others = asks.number - 1
        more = f" and {others} more request{'s' if others > 1 else ''}" if others > 0 and route else ""
        return f"{route}{more}" if route else through
    return f"{asks.number} requests, among them {route}" if route else f"{asks.number} {through}"
