"""What of a repeated query changes from one iteration to the next."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from mongolint.facts.shapes import Row
from mongolint.link.rowtools import alternatives, depends_on, operands
from mongolint.project.tracing.tracer import Frame, Spot, Tracer

if TYPE_CHECKING:
    from mongolint.project.callgraph import Reach
    from mongolint.project.loops import Repetition
    from mongolint.project.model import Project
    from mongolint.project.operations import Operation

# Reads whose answer is decided by their filter, and writes whose document is
_BY_FILTER = ("find_one", "find", "count_documents")
_WRITING = ("update_one", "replace_one", "delete_one", "find_one_and_update", "find_one_and_replace")
_MADE_OF_OTHERS = ("attr", "item", "fstr", "binop", "typed")
# What a loop of the module itself binds
_CHANGING = ("iter", "unpack", "item", "phi")
_CONVERTING = ("str", "int", "ObjectId")


class _Loop(NamedTuple):
    """The first row of its body, and the row of its item."""

    begins: int
    item: Row


def key(project: Project, repetition: Repetition) -> str | None:
    """The field of the repeated filter whose value comes from the loop."""
    query, loop = repetition.reaches[0].operation, repetition.loop
    facts = project.modules[repetition.module]
    if repetition.is_direct:
        for name, place in query.filter.places.items():
            if place.module == repetition.module and loop.iterable is not None:
                if depends_on(facts, place.row, ("iter", loop.iterable)):
                    return name
    else:
        same = _same_fields(project, repetition, repetition.reaches[0]) or {}
        for name in query.filter.required:
            if name not in same:
                return name
    return next(iter(query.filter.required), None)


def same_key(project: Project, repetition: Repetition) -> str | None:
    """The field by which each iteration asks for the same document, or changes it; "" where it asks for all.

    None where that is not so, or is not known: a queue is asked the same question each time, too, and answers with what
    is left.
    """
    fields: dict[str, bool] = {}
    for reach in repetition.reaches:
        found = _same_fields(project, repetition, reach)
        filters = reach.operation.filter
        if found is None or filters.open or filters.clauses or reach.operation.collection is None:
            return None
        if set(found) != {*filters.required, *filters.optional} or not (found or repetition.is_direct):
            return None
        if not any(found.values()) and (reach.operation.method.kind == "write" or _is_written(project, repetition)):
            return None
        fields.update(found)
    return next((name for name, varies in fields.items() if varies), next(iter(fields), ""))


def _is_written(project: Project, repetition: Repetition) -> bool:
    """Whether the loop writes to what the repetition reads."""
    read = {reach.operation.target for reach in repetition.reaches}
    return any(
        reach.operation.method.kind == "write" and reach.operation.target in read
        for other in project.repetitions
        if other.loop is repetition.loop
        for reach in other.reaches
    )


def _same_fields(project: Project, repetition: Repetition, reach: Reach) -> dict[str, bool] | None:
    """The fields of a filter with values that no iteration changes; whether each is more than a constant."""
    operation, facts = reach.operation, project.modules[repetition.module]
    if repetition.loop.kind == "while" or not _is_by_filter(operation, repetition):
        return None
    inside = [c for c in facts.chain(repetition.context) if c.kind in ("loop", "comp")]
    first = next(c.begins for c in inside if facts.loops[c.ref] is repetition.loop)
    loop = _Loop(first, ("iter", repetition.loop.iterable))
    tracer = project.writes.tracer
    frame, site = None, Spot(repetition.module, repetition.row, None)
    if not repetition.is_direct:
        for module, row in (*reach.chain, (operation.module, operation.row)):
            frame = tracer.enter(site)
            if frame is None or frame.module != module:
                return None
            site = Spot(module, row, frame)
    found = {}
    for name, place in operation.filter.places.items():
        spot = Spot(place.module, place.row, frame)
        if place.module == operation.module and place.env is None and _is_same(tracer, spot, loop):
            found[name] = not _is_constant(tracer, spot)
    return found


def _is_by_filter(operation: Operation, repetition: Repetition) -> bool:
    if operation.method.kind == "write":
        return operation.name in _WRITING and not repetition.is_direct
    return operation.name in _BY_FILTER and all(step.name not in ("skip", "clone") for step in operation.steps)


def _is_same(tracer: Tracer, spot: Spot, loop: _Loop) -> bool:
    """Whether a value is surely the same in all iterations of a loop."""
    return tracer.once(("same", spot, loop), lambda: _stays(tracer, spot, loop), False)


def _stays(tracer: Tracer, spot: Spot, loop: _Loop) -> bool:
    facts, frame = tracer.facts(spot.module), spot.frame
    node = tracer.node(spot)
    if node[0] == "const":
        return True
    if node[0] == "param":
        if frame is None:
            return True
        passed = _passed(tracer, spot, frame)
        return passed is not None and _is_same(tracer, passed, loop)
    if node[0] == "from":
        return True
    if node[0] == "free":
        bound = facts.scopes[0].final.get(node[2])
        return bound is not None and facts.nodes[bound][0] not in _CHANGING
    if node[0] in ("phi", "ifexp"):
        return (frame is not None or spot.row < loop.begins) and all(
            _is_same(tracer, spot.at(row), loop) for row in alternatives(facts, spot.row)
        )
    if frame is None and spot.row < loop.begins:
        return node[0] != "mutated" and not depends_on(facts, spot.row, loop.item)
    if node[0] == "attr" and any(store.name == node[2] for store in facts.stores):
        return False
    if node[0] == "call":
        function = tracer.node(spot.at(node[1]))
        return function[-1] in _CONVERTING and all(_is_same(tracer, spot.at(row), loop) for _, row in node[2])
    return node[0] in _MADE_OF_OTHERS and all(_is_same(tracer, spot.at(row), loop) for row in operands(node))


def _passed(tracer: Tracer, spot: Spot, frame: Frame) -> Spot | None:
    """What the caller passes for a parameter, the object of a method included."""
    _, scope, name = tracer.node(spot)
    owner = frame.find(spot.module, scope)
    return tracer.argument(owner, name) if owner is not None else None


def _is_constant(tracer: Tracer, spot: Spot) -> bool:
    return bool(tracer.term(spot)[0] == "const")
