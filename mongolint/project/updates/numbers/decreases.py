"""Stock, credit, seats: an update takes an amount off a number and asks for no more than which document it is."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from mongolint.fastclasses import NamedTuple
from mongolint.link.states.memory import held_by
from mongolint.project.operations import Operation
from mongolint.project.tracing import stored
from mongolint.project.tracing.tracer import Spot
from mongolint.project.updates import lost
from mongolint.project.updates.twice import may_run_twice
from mongolint.project.writes import inserts, lookups
from mongolint.project.writes.inserts import Way

if TYPE_CHECKING:
    from mongolint.project.model import Project
    from mongolint.project.tracing.tracer import Tracer


class Decrease(NamedTuple):
    """An ``$inc`` of ``field`` by a negated amount, with a filter that does not ask how much is there.

    ``module, row``: the call that names the amount, which leads to ``operation``.
    """

    module: int
    row: int
    operation: Operation
    field: str


def find(project: Project, tracer: Tracer) -> Iterator[Decrease]:
    """Each such update of the application once, outside of transactions and locks."""
    raced = {(each.operation.module, each.operation.row) for each in project.sessions.state_races}
    wanted = [
        each
        for each in project.operations
        if each.method.update is not None and (each.module, each.row) not in raced and not each.filter.open
    ]
    yield from lost.found_once(project, tracer, wanted, lambda way: _of_way(project, tracer, way))


@held_by
def _of_way(project: Project, tracer: Tracer, way: Way) -> Decrease | None:
    operation, frame = way.operation, way.frame
    if way.scope <= 0 or lookups.is_locked(tracer, way) or lost.session_of(tracer, operation, frame) == "given":
        return None
    call = tracer.call(operation.module, operation.row)
    if operation.name == "find_one_and_update" and (call is None or not call.statement):
        return None  # it sees what is left, and may put it back
    update = inserts.given(tracer, operation, frame, operation.method.update)
    increased = stored.read(tracer, update).fields.get("$inc") if update is not None else None
    for spot in increased.spots if increased is not None else ():
        for name, value in stored.read(tracer, spot).fields.items():
            asked = {**operation.filter.required, **operation.filter.optional}
            if name not in asked and len(value.spots) == 1 and _is_negated(tracer, value.spots[0]):
                if may_run_twice(project, way) and not _deletes(project, way):
                    return Decrease(way.point.module, way.row, operation, name)
    return None


def _deletes(project: Project, way: Way) -> bool:
    """Whether the function deletes something, by itself or by what it calls: it takes back what that had added."""
    place = (way.point.module, way.scope)
    run = [each for each in project.operations if (each.module, each.scope) == place]
    run += [reach.operation for reach in project.graph.run_by(*place).values()]
    return any("delete" in each.name or "remove" in each.name for each in run)


def _is_negated(tracer: Tracer, spot: Spot) -> bool:
    """Whether a value is ``-amount``: of all that facts do not tell apart, the one that an ``$inc`` takes."""
    while tracer.node(spot)[0] == "param":
        passed = tracer.parameter(spot)
        if passed is None:
            return False
        spot = passed
    return bool(tracer.node(spot)[0] == "unknown")
