"""One more than the latest: numbers of new documents that two requests can make alike, and a unique index refuses."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from mongolint.facts.shapes import Handler
from mongolint.fastclasses import NamedTuple
from mongolint.link.states.memory import held_by
from mongolint.project.indexes import IndexDeclaration
from mongolint.project.operations import Operation
from mongolint.project.updates import lost
from mongolint.project.updates.derived import Derived, derived
from mongolint.project.updates.twice import may_run_twice
from mongolint.project.writes import inserts, keys, lookups
from mongolint.project.writes.inserts import Way

if TYPE_CHECKING:
    from mongolint.project.model import Project
    from mongolint.project.tracing.tracer import Tracer

# Clauses that get to know that the number was taken
CATCHING = frozenset(
    ["BaseException", "Exception", "PyMongoError", "OperationFailure", "WriteError", "DuplicateKeyError"]
)


class Numbered(NamedTuple):
    """An insert of what has the number after that of the latest document, refused if another request was quicker.

    ``module, row``: the call, in the function that also reads the latest, that leads to ``operation``; ``read``: the
    call that reads it there. ``refusing``: the unique index.
    """

    module: int
    row: int
    operation: Operation
    read: tuple[int, int]
    collection: str
    field: str
    refusing: IndexDeclaration

    @property
    def is_direct(self) -> bool:
        return (self.module, self.row) == (self.operation.module, self.operation.row)


def find(project: Project, tracer: Tracer) -> Iterator[Numbered]:
    """Each such insert once, whose error nothing around it catches."""
    wanted = (each for each in project.operations if each.name in inserts.INSERTING)
    return lost.found_once(project, tracer, wanted, lambda way: _of_way(project, tracer, way))


@held_by
def _of_way(project: Project, tracer: Tracer, way: Way) -> Numbered | None:
    operation, frame = way.operation, way.frame
    collection = inserts.collection_of(tracer, operation, frame)
    if collection is None or collection.name is None or way.scope <= 0 or lookups.is_locked(tracer, way):
        return None
    if not any(map(_is_unique, project.indexes_of(collection.name) or ())):
        return None
    target = inserts.target_of(tracer, operation, frame)
    if target is None or lost.session_of(tracer, operation, frame) == "given":
        return None
    for name, value in inserts.content_of(tracer, way).fields.items():
        made = derived(tracer, value.spots[0]) if len(value.spots) == 1 else None
        if made is None or made.path != name or set(made.changes) != {"+"} or not lost.is_here(way, made):
            continue
        if not made.operation.sort or not target.is_that_of(tracer, made.operation, made.read.frame):
            continue
        index = _refusing(project, tracer, collection.name, made)
        if index is not None and not is_caught(tracer, way) and may_run_twice(project, way):
            return Numbered(way.point.module, way.row, operation, made.site, collection.name, name, index)
    return None


def _refusing(project: Project, tracer: Tracer, collection: str, made: Derived) -> IndexDeclaration | None:
    """The unique index of the number, alone or among those that were asked for."""
    asked = lost.asked(tracer, made).fields
    for index in project.indexes_of(collection) or ():
        names = {name for name, _ in index.keys or ()}
        if _is_unique(index) and made.path in names and names - {made.path} <= asked.keys():
            return index
    return None


def _is_unique(index: IndexDeclaration) -> bool:
    return index.options.get("unique") is True and "partialFilterExpression" not in index.options


def is_caught(tracer: Tracer, way: Way) -> bool:
    """Whether a clause on the way, or around it, catches the error."""
    return any(_catches(tracer, *each) for each in keys.handlers_on(tracer, way)) or _is_caught_by_callers(tracer, way)


def _catches(tracer: Tracer, module: int, handler: Handler) -> bool:
    names = {name.rpartition(".")[2] for name in keys.caught(tracer, module, handler)}
    return not names.isdisjoint(CATCHING)


def _is_caught_by_callers(tracer: Tracer, way: Way) -> bool:
    """Whether some call of the function, or of one that calls it, is in such a ``try``."""
    level, seen = [(way.point.module, way.scope)], set[tuple[int, int]]()
    while level:
        place = level.pop()
        if place in seen:
            continue
        seen.add(place)
        for module, row, _ in tracer.link.sites.of(*place):
            call = tracer.call(module, row)
            if call is None:
                return True
            if any(_catches(tracer, module, each) for each in keys.handlers_around(tracer, module, call.context)):
                return True
            level.append((module, call.scope))
    return False
