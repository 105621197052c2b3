"""Collections that a start of the application fills when it finds them empty, which two workers can do at once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from mongolint.fastclasses import NamedTuple
from mongolint.link.states.memory import held_by
from mongolint.project.operations import Operation
from mongolint.project.tracing import guards
from mongolint.project.updates import lost
from mongolint.project.updates.twice import may_run_twice
from mongolint.project.writes import inserts, lookups
from mongolint.project.writes.inserts import Way

if TYPE_CHECKING:
    from mongolint.project.model import Project
    from mongolint.project.tracing.tracer import Tracer

_FILLING = inserts.INSERTING | {"insert_many"}


class Filled(NamedTuple):
    """An insert that a start makes because ``lookup``, which asks for any document, has found none."""

    operation: Operation
    lookup: Operation
    collection: str


def find(project: Project, tracer: Tracer) -> Iterator[Filled]:
    """Each such insert once, into a collection in which no unique index may refuse the copy."""
    wanted = (each for each in project.operations if each.name in _FILLING)
    return lost.found_once(project, tracer, wanted, lambda way: _of_way(project, tracer, way))


@held_by
def _of_way(project: Project, tracer: Tracer, way: Way) -> Filled | None:
    collection = inserts.collection_of(tracer, way.operation, way.frame)
    name = collection.name if collection is not None else None
    if name is None or way.scope <= 0 or lookups.is_locked(tracer, way) or not may_run_twice(project, way):
        return None
    indexes = project.indexes_of(name)
    if indexes is None or any(index.open or index.options.get("unique", False) is not False for index in indexes):
        return None
    if not project.reachability.request_path(way.point.module, way.scope, kinds=("start",)):
        return None
    for lookup in guards.absent(tracer, way.point):
        asked = lookup.operation
        if asked.runs_on(name) and not (asked.filter.required or asked.filter.optional or asked.filter.open):
            return Filled(way.operation, asked, name)
    return None
