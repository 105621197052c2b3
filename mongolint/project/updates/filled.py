"""Collections that a start of the application fills when it finds them empty, which two workers can do at once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from mongolint.fastclasses import NamedTuple
from mongolint.link.states.memory import held_by
from mongolint.project.indexes import IndexDeclaration
from mongolint.project.operations import Operation
from mongolint.project.tracing import guards
from mongolint.project.updates import lost
from mongolint.project.updates.numbers import numbered
from mongolint.project.updates.twice import may_run_twice
from mongolint.project.writes import inserts, keys, lookups
from mongolint.project.writes.inserts import Way

if TYPE_CHECKING:
    from mongolint.project.model import Project
    from mongolint.project.tracing.tracer import Tracer

_FILLING = inserts.INSERTING | {"insert_many"}


class Filled(NamedTuple):
    """An insert that a start makes because ``lookup`` has found nothing.

    ``refusing``: the unique index that makes the insert of a second worker fail, with nothing that catches the error;
    None where ``lookup`` asks for any document and no index may refuse the copy.
    """

    operation: Operation
    lookup: Operation
    collection: str
    refusing: IndexDeclaration | None


def find(project: Project, tracer: Tracer) -> Iterator[Filled]:
    """Each such insert once."""
    wanted = (each for each in project.operations if each.name in _FILLING)
    return lost.found_once(project, tracer, wanted, lambda way: _of_way(project, tracer, way))


@held_by
def _of_way(project: Project, tracer: Tracer, way: Way) -> Filled | None:
    collection = inserts.collection_of(tracer, way.operation, way.frame)
    name = collection.name if collection is not None else None
    if name is None or way.scope <= 0 or lookups.is_locked(tracer, way) or not may_run_twice(project, way):
        return None
    indexes = project.indexes_of(name)
    if indexes is None or not project.reachability.request_path(way.point.module, way.scope, kinds=("start",)):
        return None
    unique = [index for index in indexes if index.open or index.options.get("unique", False) is not False]
    refusing = _refusing(tracer, way, unique)
    if unique and (refusing is None or numbered.is_caught(tracer, way)):
        return None
    for lookup in guards.absent(tracer, way.point):
        asked = lookup.operation
        asks_for_any = not (asked.filter.required or asked.filter.optional or asked.filter.open)
        if asked.runs_on(name) and (asks_for_any or refusing is not None):
            return Filled(way.operation, asked, name, refusing)
    return None


def _refusing(tracer: Tracer, way: Way, unique: Sequence[IndexDeclaration]) -> IndexDeclaration | None:
    """The unique index of which a start itself stores the keys, none of them made anew."""
    if way.operation.name == "insert_many" or way.frame is not None:
        return None
    stored = inserts.content_of(tracer, way).fields
    for index in unique:
        names = [key for key, _ in index.keys or ()] if index.options.get("unique") is True else []
        held = [stored[key] for key in names if key in stored and stored[key].sure]
        if index.open or "partialFilterExpression" in index.options or not names or len(held) < len(names):
            continue
        if not any(keys.maker(tracer, spot) for value in held for spot in value.spots):
            return index
    return None
