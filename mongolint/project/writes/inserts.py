"""Where documents are stored, each way that leads there through helpers, and what they hold then."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from mongolint.fastclasses import NamedTuple
from mongolint.link.atoms import Collection, FunctionRef
from mongolint.link.states.memory import held_by
from mongolint.project.operations import Operation, argument, names_of, preferred
from mongolint.project.tracing import guards, stored
from mongolint.project.tracing.guards import Point
from mongolint.project.tracing.stored import Content, Stored
from mongolint.project.tracing.tracer import Frame, Spot, Term
from mongolint.project.writes.needs import same

if TYPE_CHECKING:
    from mongolint.project.tracing.tracer import Tracer

INSERTING = frozenset(["insert_one", "insert", "save"])
_MAX_DEPTH = 4
_MAX_WAYS = 200

# A call of a function: what is called, and the call (module, row)
_Step = tuple[FunctionRef, int, int]


class Way(NamedTuple):
    """One way to an operation: ``point`` is the place of the outermost call, in the function that begins it."""

    operation: Operation
    frame: Frame | None
    scope: int
    point: Point

    @property
    def row(self) -> int:
        """The outermost call."""
        assert self.point.before is not None
        return self.point.before


@held_by
def ways(tracer: Tracer, operation: Operation, left_out: frozenset[int]) -> list[Way]:
    """The ways to an operation, the shortest first, but for those that begin in modules ``left_out``."""
    place = (operation.module, operation.row, operation.scope, operation.context)
    found = tracer.link.study(("ways", *place, left_out), lambda: _ways(tracer, operation, left_out))
    return [Way(operation, frame, scope, point) for frame, scope, point in found]


def _ways(tracer: Tracer, operation: Operation, left_out: frozenset[int]) -> list[tuple[Frame | None, int, Point]]:
    found: list[tuple[Frame | None, int, Point]] = []
    here = Point(operation.module, operation.context, operation.row, None)
    level: list[tuple[list[_Step], int, Point]] = [([], operation.scope, here)]
    for _ in range(_MAX_DEPTH + 1):
        following: list[tuple[list[_Step], int, Point]] = []
        for steps, scope, point in level:
            frame = _frame(tracer, steps)
            if steps and frame is None:
                continue
            if point.module not in left_out:
                found.append((frame, scope, point))
            following += _callers(tracer, steps, scope, point)
        level = following[: _MAX_WAYS - len(found)]
    return found


def _callers(tracer: Tracer, steps: list[_Step], scope: int, point: Point) -> Iterator[tuple[list[_Step], int, Point]]:
    for module, row, target in tracer.link.sites.of(point.module, scope):
        call = tracer.call(module, row)
        if call is not None and not any(step[0][:2] == target[:2] for step in steps):
            yield [*steps, (target, module, row)], call.scope, Point(module, call.context, row, None)


def _frame(tracer: Tracer, steps: Sequence[_Step]) -> Frame | None:
    """The frame in which the innermost of the steps runs."""
    frame: Frame | None = None
    for function, module, row in reversed(steps):
        frame = tracer.frame(function, Spot(module, row, frame))
        if frame is None:
            return None
    return frame


def collection_of(tracer: Tracer, operation: Operation, frame: Frame | None) -> Collection | None:
    """The one collection that an operation runs on, where it is called so."""
    if operation.collection is not None:
        return operation.collection
    spot = _receiver(tracer, operation, frame) if frame is not None else None
    found = _collections(tracer, spot) if spot is not None else ()
    return found[0] if len(found) == 1 and found[0].name is not None else None


class Target(NamedTuple):
    """The one collection that an operation runs on.

    ``identity``: what tells it from others where only the running program knows its name; None where that is known.
    """

    collection: Collection
    identity: Term | None

    def is_that_of(self, tracer: Tracer, operation: Operation, frame: Frame | None) -> bool:
        """Whether an operation runs on it, too, where it is called so."""
        other = target_of(tracer, operation, frame)
        if other is None or self.identity is not None or other.identity is not None:
            return other is not None and other.identity == self.identity
        return same(other.collection, self.collection)


def target_of(tracer: Tracer, operation: Operation, frame: Frame | None) -> Target | None:
    """The one collection that an operation runs on, where it is called so, by its name or as the value that it is."""
    collection = collection_of(tracer, operation, frame)
    if collection is not None:
        return Target(collection, None)
    spot = _receiver(tracer, operation, frame)
    if spot is None or names_of(operation.collections) or names_of(_collections(tracer, spot)):
        return None  # one of several
    term = tracer.term(spot)
    return None if term[0] == "either" else Target(operation.collections[0], term)


def _receiver(tracer: Tracer, operation: Operation, frame: Frame | None) -> Spot | None:
    """What the method of an operation is called on."""
    node = tracer.link.node(operation.module, operation.row)
    receiver = tracer.link.node(operation.module, node[1]) if node[0] == "call" else node
    return Spot(operation.module, receiver[1], frame) if node[0] == "call" and receiver[0] == "attr" else None


def _collections(tracer: Tracer, spot: Spot) -> tuple[Collection, ...]:
    return preferred(tuple(atom for atom in tracer.value(spot) if type(atom) is Collection))


def given(tracer: Tracer, operation: Operation, frame: Frame | None, parameter: str | None) -> Spot | None:
    """The argument that an operation is given for a parameter of its method."""
    if parameter is None or tracer.link.node(operation.module, operation.row)[0] != "call":
        return None
    env = frame.env if frame else None
    place = argument(tracer.link, operation.module, operation.row, operation.method, parameter, env)
    return Spot(place.module, place.row, frame) if place else None


def content_of(tracer: Tracer, way: Way) -> Content:
    """What an inserting operation stores."""
    document = given(tracer, way.operation, way.frame, way.operation.method.document)
    return stored.read(tracer, document) if document else stored.OPEN


def changes_of(tracer: Tracer, way: Way) -> Iterator[tuple[Content, bool]]:
    """What else an operation may store: documents of ``insert_many``, and parts that an update sets or takes out.

    With each goes whether it is a part of a document only.
    """
    method = way.operation.method
    if way.operation.name == "insert_many":
        documents = given(tracer, way.operation, way.frame, method.document)
        node = tracer.node(documents) if documents else ("none",)
        if documents is not None and node[0] in ("seq", "comp"):
            yield from ((stored.read(tracer, documents.at(row)), False) for row in node[2])
        return
    update = given(tracer, way.operation, way.frame, method.update)
    fields = stored.read(tracer, update).fields if update else {}
    for operator in ("$set", "$setOnInsert", "$unset"):
        for spot in fields[operator].spots if operator in fields else ():
            part = stored.read(tracer, spot)
            if operator == "$unset":
                part = Content({name: Stored(value.term, sure=False) for name, value in part.fields.items()})
            yield part, True


def present(tracer: Tracer, way: Way) -> set[Term]:
    """The terms of the values that are there whenever the operation runs."""
    found = set(guards.present(tracer, way.point))
    inner, frame = way.operation.row, way.frame
    module = way.operation.module
    while frame is not None:
        context = _context(tracer, way, module, inner)
        found |= guards.present(tracer, Point(module, context, inner, frame))
        module, inner, frame = frame.site_module, frame.site, frame.outer
    return found


def tested(tracer: Tracer, way: Way) -> set[Term]:
    """The terms of the values of which the function that begins a way asks whether they are there."""
    return _tested_in(tracer, way.point.module, way.scope)


@held_by
def _tested_in(tracer: Tracer, module: int, scope: int) -> set[Term]:
    return guards.tested(tracer, module, scope, None)


def _context(tracer: Tracer, way: Way, module: int, row: int) -> int:
    call = tracer.call(module, row)
    return call.context if call else way.operation.context
