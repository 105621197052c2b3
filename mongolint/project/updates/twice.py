"""Look, then push: a member goes into an array because it was not in there, which two requests can find at once."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from mongolint.facts.shapes import Row
from mongolint.fastclasses import NamedTuple
from mongolint.link.atoms import External, FunctionRef
from mongolint.link.rowtools import reached_rows
from mongolint.link.states.memory import held_by
from mongolint.project.operations import Operation
from mongolint.project.sessions import regions
from mongolint.project.tracing import stored, terms
from mongolint.project.tracing.guards import Point
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
    call that reads it there. ``collection``: "" where only the running program knows its name. ``fields``: the arrays;
    ``keys``: by what each was searched, a field of its members where these are documents, None where it is not known.
    """

    module: int
    row: int
    operation: Operation
    read: tuple[int, int]
    collection: str
    fields: tuple[str, ...]
    keys: tuple[str | None, ...]

    @property
    def is_direct(self) -> bool:
        return (self.module, self.row) == (self.operation.module, self.operation.row)


class _Searched(NamedTuple):
    """An array that does not hold something, and the field of its members that was compared, see ``PushedTwice``."""

    array: Derived
    key: str | None


def find(project: Project, tracer: Tracer) -> Iterator[PushedTwice]:
    """Each such update once, in no transaction and by no script."""
    wanted = (each for each in project.operations if each.method.update is not None)
    return lost.found_once(project, tracer, wanted, lambda way: _of_way(project, tracer, way))


@held_by
def _of_way(project: Project, tracer: Tracer, way: Way) -> PushedTwice | None:
    operation, frame = way.operation, way.frame
    pushed = dict(_pushed(tracer, operation, frame))
    if not pushed or way.scope <= 0 or lookups.is_locked(tracer, way):
        return None
    target = inserts.target_of(tracer, operation, frame)
    if target is None or lost.session_of(tracer, operation, frame) == "given":
        return None
    found: dict[str, _Searched] = {}
    for field, points in pushed.items():
        for each in (one for point in (way.point, *points) for one in _looked_into(tracer, point)):
            read = each.array
            if read.path != field or read.changes or not lost.is_here(way, read):
                continue
            made = lost.of_target(tracer, target, read)
            if made is None or not lost.is_identity(tracer, operation, frame, made, made.path):
                continue
            if may_run_twice(project, way):
                found.setdefault(field, each)
    if not found:
        return None
    site = next(iter(found.values())).array.site
    name, keys = target.collection.name or "", tuple(each.key for each in found.values())
    return PushedTwice(way.point.module, way.row, operation, site, name, tuple(found), keys)


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


def _pushed(tracer: Tracer, operation: Operation, frame: Frame | None) -> Iterator[tuple[str, list[Point]]]:
    """The arrays to which an update pushes, and where that is put into it, if not on each way to it."""
    update = inserts.given(tracer, operation, frame, operation.method.update)
    fields = stored.read(tracer, update).fields if update is not None else {}
    for spot in fields["$push"].spots if "$push" in fields else ():
        for name, value in stored.read(tracer, spot).fields.items():
            is_sure = value.sure and fields["$push"].sure
            yield name, [] if is_sure else [point for each in value.spots for point in _put(tracer, each)]


def _put(tracer: Tracer, value: Spot) -> Iterator[Point]:
    """Where a value is put into a document that a function builds: ``update["$push"]["likes"] = value``."""
    facts = tracer.facts(value.module)
    for store in facts.item_stores:
        node = facts.nodes[store.value]
        held = [row for _, row in node[1]] if node[0] == "dict" else [node[3]] if node[0] == "setitem" else []
        if value.row in (store.value, *held):
            yield Point(value.module, store.context, store.value, value.frame)


def _looked_into(tracer: Tracer, point: Point) -> Iterator[_Searched]:
    """What of documents the tests on the way say not to hold something."""
    for row, outcome in tracer.branches(point.module).holding(point.context, point.before, False):
        yield from _without(tracer, Spot(point.module, row, point.frame), outcome)


def _without(tracer: Tracer, spot: Spot, outcome: bool) -> Iterator[_Searched]:
    node = tracer.node(spot)
    if node[0] == "not":
        yield from _without(tracer, spot.at(node[1]), not outcome)
    elif node[0] == "await" or (node[0] == "typed" and node[2] is not None):
        yield from _without(tracer, spot.at(node[1] if node[0] == "await" else node[2]), outcome)
    elif node[0] == "bool" and outcome == (node[1] == "and"):
        for row in node[2]:
            yield from _without(tracer, spot.at(row), outcome)
    elif node[0] == "compare" and len(node[1]) == 1 and (node[1][0], outcome) in _NOT_IN:
        made = derived(tracer, spot.at(node[2][1]))
        if made is not None:
            yield _Searched(made, "")
    elif node[0] == "call" and not outcome and len(node[2]) == 1 and _is_any(tracer, spot.at(node[1])):
        inner = reached_rows(tracer.facts(spot.module), node[2][0][1])
        for row, each in inner.items():
            made = derived(tracer, spot.at(each[1])) if each[0] == "iter" else None
            if made is not None:
                yield _Searched(made, _compared(tracer, spot, inner.values(), row))
    elif node[0] == "call" and (frame := tracer.enter(spot)) is not None:
        # A helper that only says whether it is in there
        returned = list(terms.returns(tracer, frame))
        if len(returned) == 1 == len(tracer.link.scope(frame.module, frame.scope).returns):
            yield from _without(tracer, returned[0], outcome)


def _compared(tracer: Tracer, spot: Spot, rows: Iterable[Row], member: int) -> str | None:
    """By what ``any(member["user"] == user_id for member in …)`` searches; "" for the member itself."""
    facts = tracer.facts(spot.module)
    for node in rows:
        if node[0] == "compare" and node[1] == ("Equal",):
            for side in node[2]:
                held = facts.nodes[side]
                if side == member:
                    return ""
                if held[0] == "item" and held[1] == member and isinstance(key := facts.constant(held[2]), str):
                    return key
                if held[0] == "call" and len(held[2]) == 1 and facts.nodes[held[1]][:3] == ("attr", member, "get"):
                    key = facts.constant(held[2][0][1])
                    return key if isinstance(key, str) else None
    return None


def _is_any(tracer: Tracer, spot: Spot) -> bool:
    return any(type(atom) is External and atom.name == "builtins.any" for atom in tracer.value(spot))
