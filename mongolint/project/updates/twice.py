"""Look, then push: a member goes into an array because it was not in there, which two requests can find at once."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from mongolint.fastclasses import NamedTuple
from mongolint.link.atoms import External, FunctionRef
from mongolint.link.rowtools import reached_rows
from mongolint.link.states.memory import held_by
from mongolint.project.operations import Operation
from mongolint.project.sessions import regions
from mongolint.project.tracing import stored
from mongolint.project.tracing.tracer import Frame, Spot
from mongolint.project.updates import lost
from mongolint.project.updates.derived import Derived, derived
from mongolint.project.writes import inserts, lookups
from mongolint.project.writes.inserts import Way

if TYPE_CHECKING:
    from mongolint.project.model import Project
    from mongolint.project.tracing.tracer import Tracer

# Tests, and the outcome with which they say that something is not in a list
_LOCKING = re.compile(r"(^|[._])(acquire|lock|mutex|semaphore|synchronized|exclusive)(_|$)", re.I)
_NOT_IN = {("In", False), ("NotIn", True)}


class PushedTwice(NamedTuple):
    """A ``$push`` of what the array of the same document did not hold when it was read.

    ``module, row``: the call, in the function that also reads the document, that leads to ``operation``; ``read``: the
    call that reads it there. ``collection``: "" where only the running program knows its name.
    """

    module: int
    row: int
    operation: Operation
    read: tuple[int, int]
    collection: str
    field: str

    @property
    def is_direct(self) -> bool:
        return (self.module, self.row) == (self.operation.module, self.operation.row)


def find(project: Project, tracer: Tracer) -> Iterator[PushedTwice]:
    """Each such update once, in no transaction and by no script."""
    wanted = (each for each in project.operations if each.method.update is not None)
    return lost.found_once(project, tracer, wanted, lambda way: _of_way(project, tracer, way))


@held_by
def _of_way(project: Project, tracer: Tracer, way: Way) -> PushedTwice | None:
    operation, frame = way.operation, way.frame
    fields = set(_pushed(tracer, operation, frame))
    if not fields or way.scope <= 0 or lookups.is_locked(tracer, way):
        return None
    target = inserts.target_of(tracer, operation, frame)
    if target is None or lost.session_of(tracer, operation, frame) == "given":
        return None
    for read in _looked_into(tracer, way):
        if read.path not in fields or read.changes or not lost.is_here(way, read):
            continue
        made = lost.of_target(tracer, target, read)
        if (
            made is not None
            and lost.is_identity(tracer, operation, frame, made, made.path)
            and may_run_twice(project, way)
        ):
            name = target.collection.name or ""
            return PushedTwice(way.point.module, way.row, operation, made.site, name, made.path)
    return None


def may_run_twice(project: Project, way: Way) -> bool:
    """Whether requests can come to it at the same time, outside of a transaction."""
    module, scope = way.point.module, way.scope
    if project.reached(module, scope).runner == "script" or _takes_turns(project, way):
        return False
    return not regions.is_bound(project.link, module, scope, way.point.context)


def _takes_turns(project: Project, way: Way) -> bool:
    """Whether a decorator or a call before it lets one request do it at a time: ``await lock.acquire()``."""
    module, facts = way.point.module, project.modules[way.point.module]
    if any(_LOCKING.search(name) for name in project.link.hierarchy.decorators(FunctionRef(module, way.scope))):
        return True
    before = (call for call in facts.calls if call.scope == way.scope and call.row < way.row)
    return any(_LOCKING.search(project.callee_name(module, call.row)) for call in before)


def _pushed(tracer: Tracer, operation: Operation, frame: Frame | None) -> Iterator[str]:
    """The arrays to which an update pushes."""
    update = inserts.given(tracer, operation, frame, operation.method.update)
    fields = stored.read(tracer, update).fields if update is not None else {}
    for spot in fields["$push"].spots if "$push" in fields else ():
        yield from stored.read(tracer, spot).fields


def _looked_into(tracer: Tracer, way: Way) -> Iterator[Derived]:
    """What of documents the tests on the way say not to hold something."""
    point = way.point
    for row, outcome in tracer.branches(point.module).holding(point.context, point.before, False):
        yield from _without(tracer, Spot(point.module, row, point.frame), outcome)


def _without(tracer: Tracer, spot: Spot, outcome: bool) -> Iterator[Derived]:
    node = tracer.node(spot)
    if node[0] == "not":
        yield from _without(tracer, spot.at(node[1]), not outcome)
    elif node[0] == "bool" and outcome == (node[1] == "and"):
        for row in node[2]:
            yield from _without(tracer, spot.at(row), outcome)
    elif node[0] == "compare" and len(node[1]) == 1 and (node[1][0], outcome) in _NOT_IN:
        yield from _made_of(tracer, spot.at(node[2][1]))
    elif node[0] == "call" and not outcome and len(node[2]) == 1 and _is_any(tracer, spot.at(node[1])):
        for inner in reached_rows(tracer.facts(spot.module), node[2][0][1]).values():
            if inner[0] == "iter":
                yield from _made_of(tracer, spot.at(inner[1]))


def _made_of(tracer: Tracer, spot: Spot) -> Iterator[Derived]:
    made = derived(tracer, spot)
    if made is not None:
        yield made


def _is_any(tracer: Tracer, spot: Spot) -> bool:
    return any(type(atom) is External and atom.name == "builtins.any" for atom in tracer.value(spot))
