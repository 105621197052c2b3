"""Read, test, insert: a document is added because of the state of another one, which may change in between.

No filter can ask for that: the two are in two collections. Whether one that comes late does harm, the code does not
tell.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from mongolint.fastclasses import NamedTuple
from mongolint.link.states.memory import held_by
from mongolint.project.operations import Operation
from mongolint.project.updates import lost, states
from mongolint.project.updates.derived import derived
from mongolint.project.updates.passing import Passed, passed
from mongolint.project.updates.twice import may_run_twice
from mongolint.project.writes import inserts, lookups
from mongolint.project.writes.inserts import Way

if TYPE_CHECKING:
    from mongolint.project.model import Project
    from mongolint.project.tracing.tracer import Tracer


class Meanwhile(NamedTuple):
    """An insert of what belongs to a document of another collection, of which a state was tested.

    ``module, row``: the call, in the function that also reads the other document, that leads to ``operation``;
    ``read``: the call that reads it there. ``parent``: its collection; ``field``: the state; ``updates``: what other
    functions change it by, so that the test would fail.
    """

    module: int
    row: int
    operation: Operation
    read: tuple[int, int]
    collection: str
    parent: str
    field: str
    updates: tuple[Operation, ...]


def find(project: Project, tracer: Tracer) -> Iterator[Meanwhile]:
    """Each such insert once, in no transaction, under no lock and by no script."""
    wanted = (each for each in project.operations if each.name in inserts.INSERTING)
    yield from lost.found_once(project, tracer, wanted, lambda way: _of_way(project, tracer, way))


@held_by
def _of_way(project: Project, tracer: Tracer, way: Way) -> Meanwhile | None:
    operation, frame = way.operation, way.frame
    if way.scope <= 0 or lookups.is_locked(tracer, way) or lost.session_of(tracer, operation, frame) == "given":
        return None
    target = inserts.target_of(tracer, operation, frame)
    if target is None or not target.collection.name or not may_run_twice(project, way):
        return None
    for each in passed(tracer, way):
        made = each.made
        parent = made.operation.collection.name if made.operation.collection is not None else None
        if not parent or parent == target.collection.name or made.changes or not made.path or each.is_length:
            continue
        if lost.is_here(way, made) and _is_state(tracer, each) and _belongs(tracer, way, each):
            updates = tuple(_updates(project, tracer, way, each, parent))
            if updates:
                place = (way.point.module, way.row, operation, made.site)
                return Meanwhile(*place, target.collection.name, parent, made.path, updates)
    return None


def _is_state(tracer: Tracer, tested: Passed) -> bool:
    """Whether it is compared with names of states: what is true or false is mostly set once, or never."""
    return any(type(value) is str for value in states.compared(tracer, tested))


def _belongs(tracer: Tracer, way: Way, tested: Passed) -> bool:
    """Whether the new document holds the ``_id`` of the one that was read."""
    inquired = lost.asked(tracer, tested.made).fields.get("_id")
    for value in inserts.content_of(tracer, way).fields.values():
        if inquired is not None and value.term == inquired.term:
            return True
        of = derived(tracer, value.spots[0]) if len(value.spots) == 1 else None
        if of is not None and of.path == "_id" and not of.changes and of.site == tested.made.site:
            return True
    return False


def _updates(project: Project, tracer: Tracer, way: Way, tested: Passed, parent: str) -> Iterator[Operation]:
    """What other functions of the application change the state by, so that the test would fail."""
    for each in project.operations_on(parent):
        own = (each.module, each.scope) == (way.point.module, way.scope)
        if own or each.module in project.tests or project.is_script(each.module) or each.method.update is None:
            continue
        operator, spot = states.changed(tracer, each, None).get(tested.made.path, ("", None))
        if operator != "$set" or spot is None:
            continue
        known, value = states.constant(tracer.term(spot))
        if not known or states.holds(tracer, tested, value) is False:
            yield each
