"""What a function has tested of a document that it read, when it comes to an update of the same document."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from mongolint.facts.shapes import Row
from mongolint.fastclasses import NamedTuple
from mongolint.link.atoms import External
from mongolint.project.tracing import guards
from mongolint.project.tracing.guards import Point
from mongolint.project.tracing.tracer import Frame, Spot
from mongolint.project.updates.derived import Derived, derived
from mongolint.project.writes.inserts import Way

if TYPE_CHECKING:
    from mongolint.project.tracing.tracer import Tracer

# What a comparison says when it does not hold
_OPPOSITE = {
    "Equal": "NotEqual",
    "Is": "IsNot",
    "In": "NotIn",
    "LessThan": "GreaterThanEqual",
    "GreaterThan": "LessThanEqual",
}
_OPPOSITE |= {second: first for first, second in _OPPOSITE.items()}
# What it says with its sides the other way round
_TURNED = {
    "Equal": "Equal",
    "NotEqual": "NotEqual",
    "Is": "Is",
    "IsNot": "IsNot",
    "LessThan": "GreaterThan",
    "GreaterThan": "LessThan",
    "LessThanEqual": "GreaterThanEqual",
    "GreaterThanEqual": "LessThanEqual",
}
_MAX_DEPTH = 4


class Passed(NamedTuple):
    """What a test says of a field when the code goes on.

    ``test``: the condition (module, row), in the function where it stands; ``at``: the test or the call that leads to
    it, as a row of the function that asks. ``relation``: "True", "False", or a comparison with ``bound``;
    ``is_length``: it is the length of the field that is compared.
    """

    test: tuple[int, int]
    at: int
    made: Derived
    relation: str
    bound: Spot | None = None
    is_length: bool = False


def passed(tracer: Tracer, way: Way) -> Iterator[Passed]:
    """The tests of fields that hold on each way to where an update begins, those of helpers that return too."""
    yield from _at(tracer, way.point, None)
    for row in guards.passed_calls(tracer, way.point):
        call = Spot(way.point.module, row, way.point.frame)
        frame = tracer.enter(call)
        if frame is not None:
            yield from _by_helper(tracer, way, frame, row)


def _at(tracer: Tracer, point: Point, at: int | None) -> Iterator[Passed]:
    for row, outcome in tracer.branches(point.module).holding(point.context, point.before, False):
        place = row if at is None else at
        for made, relation, bound, is_length in _said(tracer, Spot(point.module, row, point.frame), outcome):
            yield Passed((point.module, row), place, made, relation, bound, is_length)


def _by_helper(tracer: Tracer, way: Way, frame: Frame, at: int) -> Iterator[Passed]:
    """What is known of fields when a helper has returned: of those ways that the code then goes on with."""
    facts = tracer.facts(frame.module)
    scope = facts.scopes[frame.scope]
    if scope.kind != "function":
        return
    ends = [context for _, context in scope.returns] or [scope.context]
    if any(_is_nothing(facts.nodes[row]) for row, _ in scope.returns) and _is_there(tracer, way, at):
        ends = [context for row, context in scope.returns if not _is_nothing(facts.nodes[row])]
    found = [list(_at(tracer, Point(frame.module, each, None, frame), at)) for each in ends]
    for each in found[0] if found else ():
        if all(each in others for others in found):
            yield each


def _is_nothing(node: Row) -> bool:
    return node in (("const", None), ("const", False))


def _is_there(tracer: Tracer, way: Way, call: int) -> bool:
    """Whether a test says that what a call gave is there."""
    for each in guards.known(tracer, way.point):
        node = tracer.node(each.spot)
        if each.present and call in (each.spot.row, node[1] if node[0] == "await" else -1):
            return True
    return False


_Said = tuple[Derived, str, Spot | None, bool]


def _said(tracer: Tracer, spot: Spot, outcome: bool, depth: int = 0) -> Iterator[_Said]:
    node = tracer.node(spot)
    if node[0] == "not":
        yield from _said(tracer, spot.at(node[1]), not outcome, depth)
    elif node[0] == "bool" and outcome == (node[1] == "and"):
        for row in node[2]:
            yield from _said(tracer, spot.at(row), outcome, depth)
    elif node[0] == "compare":
        if len(node[1]) == 1:
            yield from _compared(tracer, spot, node, outcome)
    elif (made := derived(tracer, spot)) is not None:
        if made.path:
            yield made, str(outcome), None, False
    elif node[0] in ("call", "await") and depth < _MAX_DEPTH:
        yield from _told(tracer, spot, outcome, depth)


def _told(tracer: Tracer, spot: Spot, outcome: bool, depth: int) -> Iterator[_Said]:
    """What the result of a helper that only tests says."""
    node = tracer.node(spot)
    if node[0] == "await":
        spot = spot.at(node[1])
    frame = tracer.enter(spot) if tracer.node(spot)[0] == "call" else None
    returned = tracer.facts(frame.module).scopes[frame.scope].returns if frame is not None else ()
    if frame is not None and len(returned) == 1:
        yield from _said(tracer, Spot(frame.module, returned[0][0], frame), outcome, depth + 1)


def _compared(tracer: Tracer, spot: Spot, node: Row, outcome: bool) -> Iterator[_Said]:
    _, (operator,), (left, right) = node
    relation = operator if outcome else _OPPOSITE.get(operator, "")
    for one, other, said in ((left, right, relation), (right, left, _TURNED.get(relation, ""))):
        measured = _measured(tracer, spot.at(one))
        made = derived(tracer, measured or spot.at(one)) if said else None
        if made is not None and made.path:
            yield made, said, spot.at(other), measured is not None
            return


def _measured(tracer: Tracer, spot: Spot) -> Spot | None:
    """What ``len(…)`` measures."""
    node = tracer.node(spot)
    if node[0] == "call" and len(node[2]) == 1 and tracer.value(spot.at(node[1])) == (External("builtins.len"),):
        return spot.at(node[2][0][1])
    return None
