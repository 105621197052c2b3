"""Operations that a transaction runs outside of itself, because they are not given its session."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from mongolint.facts.shapes import Call
from mongolint.fastclasses import NamedTuple
from mongolint.link.atoms import FunctionRef, Session
from mongolint.link.states.memory import held_by
from mongolint.project.operations import Operation, argument
from mongolint.project.sessions import regions
from mongolint.project.sessions.regions import Region
from mongolint.project.tracing.tracer import Frame, Spot
from mongolint.project.writes.inserts import collection_of

if TYPE_CHECKING:
    from mongolint.project.callgraph import Reach
    from mongolint.project.model import Project
    from mongolint.project.tracing.tracer import Tracer

# Databases whose collections can be part of no transaction
_SYSTEM = frozenset(["admin", "config", "local"])


class Outside(NamedTuple):
    """An operation that a transaction runs without its session.

    ``module, row``: the call that should be given it: the operation, or a helper that leads there. ``session``: the
    name of a parameter that holds the session there; "" where the place is in the transaction itself. ``parameter``:
    what takes the session there; "" where nothing does. ``target``: the collection, in words.
    """

    region: Region
    operation: Operation
    module: int
    row: int
    session: str
    parameter: str
    target: str

    @property
    def is_direct(self) -> bool:
        return (self.module, self.row) == (self.operation.module, self.operation.row)


def find(project: Project, tracer: Tracer) -> list[Outside]:
    """Each call that lacks the session once, at the transaction that is met first."""
    found: dict[tuple[int, int], Outside] = {}
    for region in regions.find(project.link):
        for each in _of_region(project, tracer, region):
            place = (each.module, each.row)
            # Of several that one call runs, a write is what matters
            if place not in found or (_writes(each) and not _writes(found[place])):
                found[place] = each
    return list(found.values())


@held_by
def _of_region(project: Project, tracer: Tracer, region: Region) -> list[Outside]:
    calls = regions.calls_in(project.modules[region.module], region)
    return [each for call in calls for each in _of_call(project, tracer, region, call)]


def _writes(outside: Outside) -> bool:
    return outside.operation.method.kind == "write"


def _of_call(project: Project, tracer: Tracer, region: Region, call: Call) -> Iterator[Outside]:
    operation = project.operation_at(region.module, call.row)
    if operation is not None:
        if _is_meant(project, region, operation) and not _is_given(tracer, operation, None):
            yield Outside(region, operation, region.module, call.row, region.session, "session", operation.target)
        return
    for reach in project.reach(region.module, call.row):
        if not reach.cached and _is_meant(project, region, reach.operation):
            found = _through(tracer, region, call, reach)
            # A helper that takes no session and only reads looks up what the transaction does not change
            if found is not None and (found.parameter or reach.operation.method.kind == "write"):
                yield found


def _is_meant(project: Project, region: Region, operation: Operation) -> bool:
    """Whether an operation can be part of the transaction."""
    link = project.link
    if operation.method.kind not in ("read", "write") or operation.method.session is None:
        return False
    if link.node(operation.module, operation.row)[0] != "call":
        return False
    if regions.is_bound(link, operation.module, operation.scope, operation.context):
        return False
    for collection in operation.collections:
        client = collection.database.client
        is_other = client is not None and client.row >= 0 and region.client is not None and client != region.client
        if is_other or collection.database.name in _SYSTEM:
            return False
    return True


def _is_given(tracer: Tracer, operation: Operation, frame: Frame | None) -> bool:
    """Whether an operation is given a session, None by name, or something that is not known."""
    node = tracer.link.node(operation.module, operation.row)
    if any(keyword in ("*", "**") for keyword, _ in node[2]):
        return True
    env = frame.env if frame else None
    place = argument(tracer.link, operation.module, operation.row, operation.method, "session", env)
    if place is None:
        return False
    given = Spot(place.module, place.row, frame)
    return tracer.node(given) == ("const", None) or not _is_left_out(tracer, given)


def _is_left_out(tracer: Tracer, spot: Spot) -> bool:
    """Whether a parameter has its default, None, because nothing is passed for it."""
    node = tracer.node(spot)
    if node[0] == "typed" and node[2] is not None:
        return _is_left_out(tracer, spot.at(node[2]))
    frame = spot.frame.find(spot.module, node[1]) if node[0] == "param" and spot.frame else None
    passed = tracer.argument(frame, node[2]) if frame else None
    if frame is None or passed is None:
        return False
    default = next((p.default for p in tracer.link.scope(frame.module, frame.scope).params if p.name == node[2]), None)
    if passed.frame is None and (passed.module, passed.row) == (frame.module, default):
        return not _is_passed(tracer, frame, node[2]) and tracer.node(passed) == ("const", None)
    return _is_left_out(tracer, passed)


def _is_passed(tracer: Tracer, frame: Frame, name: str) -> bool:
    """Whether a call gives a parameter, be it by its default's value."""
    scope = tracer.link.scope(frame.module, frame.scope)
    names = [p.name for p in scope.params if p.kind == "positional"][1 if frame.takes_receiver else 0 :]
    args = tracer.link.node(frame.site_module, frame.site)[2]
    given = {keyword for keyword, _ in args if keyword}
    return name in given or name in names[: sum(1 for keyword, _ in args if keyword is None)]


# Through helpers


def _through(tracer: Tracer, region: Region, call: Call, reach: Reach) -> Outside | None:
    """The first call on the way to an operation that does not hand the session on."""
    link = tracer.link
    sites = [(region.module, call.row), *reach.chain]
    ends = [*reach.chain, (reach.operation.module, reach.operation.row)]
    frame: Frame | None = None
    frames: list[Frame] = []
    for (module, row), (next_module, next_row) in zip(sites, ends, strict=True):
        scope = _scope_of(tracer, next_module, next_row, reach.operation)
        function = next((f for f in link.functions_called(module, row) if (f[:2]) == (next_module, scope)), None)
        made = tracer.frame(function, Spot(module, row, frame)) if function is not None else None
        if function is None or made is None or not _runs_here(tracer, function, module, row):
            return None
        frame = made
        frames.append(made)
    if _is_given(tracer, reach.operation, frame):
        return None
    collection = collection_of(tracer, reach.operation, frame)
    target = (collection.name if collection is not None else None) or reach.operation.target
    session = region.session
    for (module, row), made in zip(sites, frames, strict=True):
        taking = _session_parameters(tracer, made)
        if any(keyword in ("*", "**") for keyword, _ in link.node(module, row)[2]):
            return None
        held = [name for name in taking if _is_passed(tracer, made, name)]
        if not held:
            parameter = taking[0] if len(taking) == 1 else ""
            return Outside(region, reach.operation, module, row, session, parameter, target)
        if any(_is_nothing(tracer, made, name) for name in held):
            return None
        session = held[0]
    place = (reach.operation.module, reach.operation.row)
    return Outside(region, reach.operation, *place, session, "session", target)


def _is_nothing(tracer: Tracer, frame: Frame, name: str) -> bool:
    passed = tracer.argument(frame, name)
    return passed is not None and tracer.node(passed) == ("const", None)


def _scope_of(tracer: Tracer, module: int, row: int, operation: Operation) -> int:
    if (module, row) == (operation.module, operation.row):
        return operation.scope
    call = tracer.call(module, row)
    return call.scope if call else -1


def _runs_here(tracer: Tracer, function: FunctionRef, module: int, row: int) -> bool:
    """Whether a call runs its function before it goes on: a coroutine that is not awaited runs later."""
    scope = tracer.link.scope(function.module, function.scope)
    call = tracer.call(module, row)
    return call is not None and (call.awaited or not scope.is_async)


def _session_parameters(tracer: Tracer, frame: Frame) -> list[str]:
    """The parameters of a function that take a session, by their name, annotation or what is passed."""
    scope = tracer.link.scope(frame.module, frame.scope)
    found = []
    for param in scope.params[1 if frame.takes_receiver else 0 :]:
        passed = tracer.argument(frame, param.name)
        is_session = passed is not None and any(type(atom) is Session for atom in tracer.value(passed))
        if is_session or "session" in param.name.lower() or _is_annotated(tracer, frame, param.annotation):
            found.append(param.name)
    return found


def _is_annotated(tracer: Tracer, frame: Frame, annotation: int | None) -> bool:
    if annotation is None:
        return False
    return any(type(atom) is Session for atom in tracer.link.annotated(frame.module, annotation))
