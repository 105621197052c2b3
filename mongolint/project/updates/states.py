"""Read, test, update: a document goes from one state to the next because of a test that two requests can pass."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from mongolint.facts.shapes import Context
from mongolint.fastclasses import NamedTuple
from mongolint.link.states.memory import held_by
from mongolint.project.operations import Operation
from mongolint.project.tracing import stored
from mongolint.project.tracing.tracer import Frame, Spot, Term
from mongolint.project.updates import lost, once
from mongolint.project.updates.derived import derived
from mongolint.project.updates.once import Twice
from mongolint.project.updates.passing import Passed, passed
from mongolint.project.updates.twice import may_run_twice
from mongolint.project.writes import inserts, lookups
from mongolint.project.writes.inserts import Way

if TYPE_CHECKING:
    from mongolint.project.model import Project
    from mongolint.project.tracing.tracer import Tracer

_REPLACING = frozenset(["replace_one", "find_one_and_replace"])
_ADDING = frozenset(["$push", "$addToSet"])
# Used up at the first use: that is what they are for
_ONE_TIME = re.compile(r"^(is_?|was_?)?(used|consumed|redeemed|spent)(_?(at|on|date|by))?$", re.I)
# Whose it is from then on
_HOLDER = re.compile(
    r"^(owner|holder|assignee|winner|buyer|(assigned|claimed|locked|taken|accepted|reserved|booked|held|redeemed)_(by|to))"
    r"(_?id)?$"
)
# Limits that are there against guessing, where one more does not matter
_TRIES = re.compile(r"attempt|fail|login|retr(y|ies)|tries|rate", re.I)
# Values of which it is not known what they are
_OPEN = object()


class StateRace(NamedTuple):
    """An update of a field that was tested before, by which something happens once for each request that passes.

    ``module, row``: the call, in the function that also reads the document, that leads to ``operation``; ``read``: the
    call that reads it there; ``test``: the condition (module, row). ``twice``: what happens once per pass.
    ``left``: what is called first where the test is not passed. ``admits``: an operator ("" for equality) and a value
    by which a filter asks what the test does; None where none surely does.
    """

    module: int
    row: int
    operation: Operation
    read: tuple[int, int]
    collection: str
    field: str
    test: tuple[int, int]
    left: tuple[int, int] | None
    twice: Twice
    admits: tuple[str, Any] | None

    @property
    def is_direct(self) -> bool:
        return (self.module, self.row) == (self.operation.module, self.operation.row)

    @property
    def comes_first(self) -> bool:
        """Whether what happens twice does not come before the update."""
        place = self.twice.place
        return place is None or self.twice.is_elsewhere or place >= (self.module, self.row)


class _Step(NamedTuple):
    """A transition: what a way tests, and what it makes of the field: a value in a tuple, or the operator that adds."""

    way: Way
    passed: Passed
    collection: str
    new: Any


def find(project: Project, tracer: Tracer) -> Iterator[StateRace]:
    """Each such update once, in no transaction, under no lock and by no script."""
    wanted = (each for each in project.operations if each.method.kind == "write" and each.method.filter is not None)
    steps = list(lost.found_once(project, tracer, wanted, lambda way: _of_way(project, tracer, way)))
    for step in steps:
        way, tested = step.way, step.passed
        found = _happens(project, tracer, step) or _competes(project, step, steps, tracer)
        if found is not None:
            made = tested.made
            yield StateRace(
                *(way.point.module, way.row, way.operation, made.site, step.collection, made.path),
                *(tested.test, _left(tracer, tested), found, _admitted(tracer, step)),
            )


@held_by
def _of_way(project: Project, tracer: Tracer, way: Way) -> _Step | None:
    operation, frame = way.operation, way.frame
    if way.scope <= 0 or lookups.is_locked(tracer, way):
        return None
    fields = changed(tracer, operation, frame)
    if not fields:
        return None
    target = inserts.target_of(tracer, operation, frame)
    if (
        target is None
        or _looks_after(tracer, way)
        or lost.session_of(tracer, operation, frame) == "given"
        or not may_run_twice(project, way)
    ):
        return None
    for each in passed(tracer, way):
        if each.made.path not in fields or each.made.changes or not lost.is_here(way, each.made):
            continue
        operator, spot = fields[each.made.path]
        made = lost.of_target(tracer, target, each.made)
        if made is None or not lost.is_identity(tracer, operation, frame, made, made.path):
            continue
        name = target.collection.name or ""
        new = _ends(tracer, each, operator, spot, name)
        if new is not None:
            return _Step(way, each, name, new)
    return None


def _looks_after(tracer: Tracer, way: Way) -> bool:
    """Whether the code uses the document that an update gives back, and perhaps undoes what was too much."""
    call = tracer.call(way.operation.module, way.operation.row)
    is_used = call is not None and not call.statement
    return is_used and way.operation.name == "find_one_and_update" and "$inc" in _operators(tracer, way)


def _operators(tracer: Tracer, way: Way) -> set[str]:
    return {operator for operator, _ in changed(tracer, way.operation, way.frame).values()}


def changed(tracer: Tracer, operation: Operation, frame: Frame | None) -> dict[str, tuple[str, Spot | None]]:
    """The fields that an update changes: by which operator, and to what."""
    found: dict[str, tuple[str, Spot | None]] = {}
    if operation.name in _REPLACING:
        document = inserts.given(tracer, operation, frame, operation.method.document)
        fields = stored.read(tracer, document).fields if document is not None else {}
        return {name: ("$set", value.spots[0]) for name, value in fields.items() if len(value.spots) == 1}
    update = inserts.given(tracer, operation, frame, operation.method.update)
    for operator, held in (stored.read(tracer, update).fields if update is not None else {}).items():
        for spot in held.spots if operator.startswith("$") else ():
            for name, value in stored.read(tracer, spot).fields.items():
                if len(value.spots) == 1:
                    found[name] = (operator, value.spots[0])
    return found


# Whether the update makes the test fail


def _ends(tracer: Tracer, tested: Passed, operator: str, spot: Spot | None, collection: str) -> Any:
    """What the field becomes, if the test then fails for the next one; None where it may not."""
    if operator == "$inc" and not tested.is_length:
        return (
            operator if _nears(tracer, tested, spot) and not _TRIES.search(f"{collection}.{tested.made.path}") else None
        )
    if operator in _ADDING and tested.is_length:
        return operator if tested.relation in ("LessThan", "LessThanEqual") else None
    if operator == "$unset":
        return (None,) if holds(tracer, tested, None) is False else None
    if operator != "$set" or spot is None or tested.is_length:
        return None
    made = derived(tracer, spot)
    if made is not None and made.site == tested.made.site:
        return None  # it is written back
    known, value = constant(tracer.term(spot))
    if known:
        return (value,) if holds(tracer, tested, value) is False else None
    is_absent = tested.relation == "False" or (
        tested.relation in ("Is", "Equal") and _constant(tracer, tested.bound) == (True, None)
    )
    return (_OPEN,) if is_absent and tracer.node(spot)[0] in ("call", "await", "dict", "binop") else None


def _nears(tracer: Tracer, tested: Passed, spot: Spot | None) -> bool:
    """Whether an increment brings a number nearer to the limit that was asked for."""
    node = tracer.node(spot) if spot is not None else ("none",)
    known, value = _constant(tracer, spot)
    if known and not (type(value) is int or type(value) is float):
        return False
    if tested.bound is not None and (other := derived(tracer, tested.bound)) is not None:
        if other.path == tested.made.path:
            return False
    if tested.relation in ("LessThan", "LessThanEqual"):
        return bool(value > 0) if known else node[0] in ("param", "item", "attr")
    if tested.relation in ("GreaterThan", "GreaterThanEqual"):
        return bool(value < 0) if known else node[0] == "unknown"  # ``-amount``
    return False


def holds(tracer: Tracer, tested: Passed, value: Any) -> bool | None:
    """Whether a test passes a value; None where that is not known."""
    relation = tested.relation
    if relation in ("True", "False"):
        return bool(value) is (relation == "True")
    if relation in ("In", "NotIn"):
        known, several = _several(tracer, tested.bound)
        return (value in several) is (relation == "In") if known else None
    known, bound = _constant(tracer, tested.bound)
    if not known or relation not in ("Equal", "NotEqual", "Is", "IsNot"):
        return None
    return bool(value == bound) is (relation in ("Equal", "Is"))


def compared(tracer: Tracer, tested: Passed) -> list[Any]:
    """The constants that a field is compared with, to be one of them or none."""
    if tested.relation in ("In", "NotIn"):
        return _several(tracer, tested.bound)[1]
    return [_constant(tracer, tested.bound)[1]] if tested.relation in ("Equal", "NotEqual") else []


def _several(tracer: Tracer, spot: Spot | None) -> tuple[bool, list[Any]]:
    """The constants of ``("new", "open")``."""
    node = tracer.node(spot) if spot is not None else ("none",)
    if spot is None or node[0] != "seq":
        return False, []
    found = [_constant(tracer, spot.at(row)) for row in node[2]]
    return all(known for known, _ in found), [value for _, value in found]


def _constant(tracer: Tracer, spot: Spot | None) -> tuple[bool, Any]:
    return constant(tracer.term(spot)) if spot is not None else (False, None)


def constant(term: Term) -> tuple[bool, Any]:
    """The constant that a term is, also as ``str(State.NEW)``, if it is one."""
    if term[0] == "pure" and term[1] == "builtins.str" and len(term) == 3:
        term = term[2]
    return (True, term[2]) if term[0] == "const" else (False, None)


def _left(tracer: Tracer, tested: Passed) -> tuple[int, int] | None:
    """What is called first where a test is not passed: ``raise Conflict()``."""
    module, test = tested.test
    facts = tracer.facts(module)
    leaving = {number for number, entry in enumerate(facts.contexts) if entry.ref == test and _is_left(entry)}
    return next(((module, call.row) for call in facts.calls if call.context in leaving), None)


def _is_left(entry: Context) -> bool:
    return entry.leaves and entry.kind in ("then", "otherwise")


def _admitted(tracer: Tracer, step: _Step) -> tuple[str, Any] | None:
    """What a filter asks of the field so that it says the same as the test; None where none surely does."""
    tested = step.passed
    if tested.is_length or type(step.new) is not tuple:
        return None
    if tested.relation in ("In", "NotIn"):
        known, several = _several(tracer, tested.bound)
        return ("$in" if tested.relation == "In" else "$nin", several) if known else None
    if tested.relation in ("Equal", "Is", "NotEqual", "IsNot"):
        known, value = _constant(tracer, tested.bound)
        return ("" if tested.relation in ("Equal", "Is") else "$ne", value) if known else None
    if tested.relation == "False" and step.new == (True,):
        return "$ne", True
    # What is set when it has happened, as a date: it is null or not there before
    return ("", None) if tested.relation == "False" and step.new == (_OPEN,) else None


# What happens for each that passes


def _happens(project: Project, tracer: Tracer, step: _Step) -> Twice | None:
    """What happens once for each request that passes, and where."""
    if type(step.new) is not tuple:
        return Twice("both add to it" if step.passed.is_length else "both take of it", None)
    found = once.happens(project, tracer, step.way, step.passed)
    if found is None and step.passed.relation in ("False", "Is", "Equal") and _ONE_TIME.search(step.passed.made.path):
        return Twice("both use it", None)
    return found or _taken(tracer, step)


def _taken(tracer: Tracer, step: _Step) -> Twice | None:
    """Where an update says whose something is that nobody had before."""
    if step.passed.relation not in ("False", "Is", "Equal"):
        return None
    for name, (operator, spot) in changed(tracer, step.way.operation, step.way.frame).items():
        if operator == "$set" and spot is not None and _HOLDER.search(name):
            if tracer.term(spot)[0] in ("param", "member"):
                return Twice(f"both get it and the last one is its {name}", None, is_mild=True)
    return None


def _competes(project: Project, step: _Step, steps: list[_Step], tracer: Tracer) -> Twice | None:
    """Where another function takes the document from the same state to a different one."""
    if step.passed.relation not in ("Equal", "In") or not step.collection:
        return None
    for other in steps:
        if (other.collection, other.passed.made.path) != (step.collection, step.passed.made.path):
            continue
        if other.passed.relation not in ("Equal", "In") or type(other.new) is not tuple or other.new == step.new:
            continue
        place = (other.way.point.module, other.way.row)
        same = (place[0], other.way.scope) == (step.way.point.module, step.way.scope)
        if same or _OPEN in (*other.new, *step.new) or not _overlap(tracer, step, other):
            continue
        name = project.modules[place[0]].scopes[other.way.scope].name
        return Twice(f"the other in {name}, which sets {other.new[0]!r}", place, is_mild=True, is_elsewhere=True)
    return None


def _overlap(tracer: Tracer, one: _Step, other: _Step) -> bool:
    """Whether some state passes the tests of both."""
    passing = []
    for each in (one.passed, other.passed):
        values = _several(tracer, each.bound)[1] if each.relation == "In" else [_constant(tracer, each.bound)[1]]
        passing.append(values)
    return any(value in passing[1] for value in passing[0] if value is not None)
