"""Inserts that copy an array of a document read before, while an update keeps it alike in all documents of a group.

What such an update changes between the read and the insert is in every document but the new one.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from mongolint.fastclasses import NamedTuple
from mongolint.link.states.memory import held_by
from mongolint.project.operations import Operation
from mongolint.project.tracing import stored
from mongolint.project.tracing.stored import Content
from mongolint.project.updates import lost
from mongolint.project.updates.derived import Derived, derived
from mongolint.project.updates.twice import may_run_twice
from mongolint.project.writes import inserts
from mongolint.project.writes.inserts import Way

if TYPE_CHECKING:
    from mongolint.project.model import Project
    from mongolint.project.tracing.tracer import Tracer

# What changes an array
_CHANGING = ("$push", "$addToSet", "$pull", "$pullAll")


class Copied(NamedTuple):
    """An insert of copied arrays.

    ``module, row``: the call, in the function that also reads the document, that leads to ``operation``; ``read``: the
    call that reads it there. ``fields``: the arrays; ``group``: what is equal in the documents that are kept alike;
    ``updates``: what changes the arrays in all of those.
    """

    module: int
    row: int
    operation: Operation
    read: tuple[int, int]
    collection: str
    fields: tuple[str, ...]
    group: tuple[str, ...]
    updates: tuple[Operation, ...]


def find(project: Project, tracer: Tracer) -> Iterator[Copied]:
    """Each such insert once, in no transaction and by no script."""
    if not any(each.name == "update_many" for each in project.operations):
        return
    wanted = (each for each in project.operations if each.name in inserts.INSERTING)
    yield from lost.found_once(project, tracer, wanted, lambda way: _of_way(project, tracer, way))


@held_by
def _of_way(project: Project, tracer: Tracer, way: Way) -> Copied | None:
    operation, frame = way.operation, way.frame
    target = inserts.target_of(tracer, operation, frame)
    if target is None or not target.collection.name or way.scope <= 0:
        return None
    if lost.session_of(tracer, operation, frame) == "given" or not may_run_twice(project, way):
        return None
    content = inserts.content_of(tracer, way)
    found: dict[str, Derived] = {}
    for name, value in content.fields.items():
        made = derived(tracer, value.spots[0]) if len(value.spots) == 1 else None
        if made is not None and made.path == name and not made.changes and lost.is_here(way, made):
            if target.is_that_of(tracer, made.operation, made.read.frame):
                found[name] = made
    fields: list[str] = []
    updates: dict[int, Operation] = {}
    group: tuple[str, ...] = ()
    for each in _updating(project, target.collection.name):
        changed = [name for name in _changed(tracer, each) if name in found]
        common = tuple(name for name in each.filter.required if not group or name in group)
        if changed and common and _fits(tracer, each, content, found[changed[0]]):
            fields += changed
            updates[id(each)] = each
            group = common
    if not fields:
        return None
    site = found[fields[0]].site
    names = tuple(name for name in content.fields if name in fields)
    place = (way.point.module, way.row, operation, site)
    return Copied(*place, target.collection.name, names, group, (*updates.values(),))


def _updating(project: Project, collection: str) -> list[Operation]:
    """The updates of all documents of a group."""
    return [
        each
        for each in project.operations_on(collection)
        if each.name == "update_many" and each.module not in project.tests and not project.is_script(each.module)
    ]


def _changed(tracer: Tracer, operation: Operation) -> list[str]:
    """The arrays that an update changes."""
    update = inserts.given(tracer, operation, None, operation.method.update)
    parts = stored.read(tracer, update).fields if update is not None else {}
    spots = [spot for operator in _CHANGING if operator in parts for spot in parts[operator].spots]
    return list(dict.fromkeys(name for spot in spots for name in stored.read(tracer, spot).fields))


def _fits(tracer: Tracer, operation: Operation, content: Content, made: Derived) -> bool:
    """Whether an update meets the new document whenever it meets the one that was read."""
    asked = operation.filter
    if asked.optional or asked.open or asked.clauses or asked.text or not asked.required or "_id" in asked.required:
        return False
    read_by = lost.asked(tracer, made).fields
    for name, kind in asked.required.items():
        value = content.fields.get(name)
        if kind != "equality" or value is None:
            return False
        if name in read_by and read_by[name].term == value.term:
            continue
        copied = derived(tracer, value.spots[0]) if len(value.spots) == 1 else None
        if copied is None or copied.path != name or copied.changes or copied.site != made.site:
            return False
    return True
