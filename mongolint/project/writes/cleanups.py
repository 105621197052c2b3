"""Functions that delete what is old, and whether anything runs them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from mongolint.fastclasses import NamedTuple
from mongolint.link.atoms import External
from mongolint.link.rowtools import reached_rows
from mongolint.project.operations import Operation
from mongolint.project.tracing import terms
from mongolint.project.tracing.tracer import Spot
from mongolint.project.writes.expiry import NOW

if TYPE_CHECKING:
    from mongolint.project.model import Project
    from mongolint.project.tracing.tracer import Tracer

_DELETING = frozenset(["delete_many", "remove"])
_BEFORE = frozenset(["$lt", "$lte"])
_CLOCKS = (*NOW, "time.time", "time.time_ns", "arrow.utcnow", "arrow.now", "pendulum.now")
# A date that is given is as good as one that is computed, in a function that says what it is for
_CLEANING = re.compile(r"clean|purge|prune|expire|sweep|evict|remove_old|delete_old|retention", re.IGNORECASE)
_UNITS = {"weeks": 604800, "days": 86400, "hours": 3600, "minutes": 60, "seconds": 1}


class IdleCleanup(NamedTuple):
    """A deletion of what is old that nothing runs.

    ``field``: the date compared; ``callers``: functions (module, scope) that would run it, and that nothing runs.
    ``seconds``: how old the documents are then, if that is known; ``only``: nothing else is asked of them.
    """

    operation: Operation
    field: str
    callers: tuple[tuple[int, int], ...]
    seconds: int | None
    only: bool


def find(project: Project, tracer: Tracer) -> Iterator[IdleCleanup]:
    """The deletions outside tests in functions that do nothing else with the database."""
    functions: dict[tuple[int, int], list[Operation]] = {}
    for operation in project.operations:
        functions.setdefault((operation.module, operation.scope), []).append(operation)
    for (module, scope), operations in functions.items():
        if module in project.tests or scope == 0 or not _deletes_only(operations):
            continue
        for operation in operations:
            found = _cleanup(project, tracer, operation) if operation.name in _DELETING else None
            if found is not None:
                yield found


def _deletes_only(operations: list[Operation]) -> bool:
    return all(each.name in _DELETING or each.method.kind == "read" for each in operations)


def _cleanup(project: Project, tracer: Tracer, operation: Operation) -> IdleCleanup | None:
    if operation.collection is None:
        return None
    name = project.modules[operation.module].scopes[operation.scope].name
    for field, place in operation.filter.places.items():
        if field not in operation.filter.required:
            continue
        bounds = dict(tracer.reader.entries(*place))
        if not bounds or not bounds.keys() <= _BEFORE:
            continue
        bound = next(iter(bounds.values()))
        spot = Spot(bound.module, bound.row, None)
        if not _is_of_clock(tracer, spot) and not (_CLEANING.search(name) and tracer.node(spot)[0] == "param"):
            continue
        indexes = project.indexes_of(str(operation.collection.name))
        if indexes is None or any(
            ("expireAfterSeconds" in index.options or index.open) and index.keys and index.keys[0][0] == field
            for index in indexes
        ):
            continue
        reached = project.reached(operation.module, operation.scope, operation.context)
        if reached.runner == "nothing":
            only = len(operation.filter.required) == 1 and not operation.filter.optional and not operation.filter.open
            return IdleCleanup(operation, field, reached.callers, _age(tracer, spot), only)
    return None


def _is_of_clock(tracer: Tracer, spot: Spot) -> bool:
    """Whether a value is made of the time at which it is computed."""
    return tracer.once(("clock", spot), lambda: _reads_clock(tracer, spot), False)


def _reads_clock(tracer: Tracer, spot: Spot) -> bool:
    for row, node in reached_rows(tracer.facts(spot.module), spot.row).items():
        if node[0] != "call":
            continue
        call = spot.at(row)
        if any(type(atom) is External and atom.name in _CLOCKS for atom in tracer.value(call.at(node[1]))):
            return True
        frame = tracer.enter(call)
        if frame is not None and any(_is_of_clock(tracer, each) for each in terms.returns(tracer, frame)):
            return True
    return False


def _age(tracer: Tracer, spot: Spot) -> int | None:
    """How many seconds ago a date is: 0 for now, those of the ``timedelta`` that is taken off.

    None for what is no date: a TTL index does not see it.
    """
    node = tracer.node(spot)
    if _is_now(tracer, spot):
        return 0
    if node[0] != "binop" or node[1] != "-" or not _is_now(tracer, spot.at(node[2])):
        return None
    span = tracer.node(spot.at(node[3]))
    if span[0] != "call" or not span[2]:
        return None
    seconds = 0
    for keyword, row in span[2]:
        value = tracer.facts(spot.module).constant(row)
        unit = _UNITS.get(keyword or "")
        if unit is None or not isinstance(value, int):
            return None
        seconds += unit * value
    return seconds


def _is_now(tracer: Tracer, spot: Spot) -> bool:
    node = tracer.node(spot)
    called = tracer.value(spot.at(node[1])) if node[0] == "call" else ()
    if any(type(atom) is External and atom.name in NOW for atom in called):
        return True
    frame = tracer.enter(spot) if node[0] == "call" else None
    returned = list(terms.returns(tracer, frame)) if frame is not None else []
    return bool(returned) and all(_is_now(tracer, each) for each in returned)
