"""What of a repeated query changes from one iteration to the next."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from mongolint.facts.shapes import ModuleFacts, Row
from mongolint.fastclasses import NamedTuple
from mongolint.link.atoms import FunctionRef
from mongolint.link.rowtools import alternatives, depends_on, operands, reached_rows
from mongolint.project.operations import argument
from mongolint.project.tracing.tracer import Frame, Spot, Tracer

if TYPE_CHECKING:
    from mongolint.project.callgraph import Reach
    from mongolint.project.documents import Document, Place
    from mongolint.project.loops.repetitions import Repetition
    from mongolint.project.model import Project
    from mongolint.project.operations import Operation

# Reads whose answer is decided by their filter, and writes whose document is
_BY_FILTER = ("find_one", "find", "count_documents")
_WRITING = ("update_one", "replace_one", "delete_one", "find_one_and_update", "find_one_and_replace")
_MADE_OF_OTHERS = ("attr", "item", "fstr", "binop", "typed", "dict", "seq")
# What a loop of the module itself binds
_CHANGING = ("iter", "unpack", "item", "phi")
# Helpers within helpers in which an answer may be asked for
_MAX_HELPERS = 3
_MAX_NAMED = 2
_CONVERTING = ("str", "int", "ObjectId")


class _Loop(NamedTuple):
    """The first row of its body, and the row of its item."""

    begins: int
    item: Row


def same_key(project: Project, repetition: Repetition) -> str | None:
    """The field by which each iteration asks for the same document, or changes it; "" where it asks for all.

    None where that is not so, or is not known: a queue is asked the same question each time, too, and answers with what
    is left.
    """
    found = _same_filters(project, repetition)
    return "" if found is None and _is_same_call(project, repetition) else found


def _same_filters(project: Project, repetition: Repetition) -> str | None:
    fields: dict[str, bool] = {}
    for reach in repetition.reaches:
        found = _same_fields(project, repetition, reach)
        filters = asked(project, repetition, reach)[0]
        if found is None or filters.open or filters.clauses or reach.collection is None:
            return None
        if set(found) != {*filters.required, *filters.optional} or not (found or repetition.is_direct):
            return None
        if not any(found.values()) and (reach.operation.method.kind == "write" or _is_written(project, repetition)):
            return None
        fields.update(found)
    return next((name for name, varies in fields.items() if varies), next(iter(fields), ""))


def _is_same_call(project: Project, repetition: Repetition) -> bool:
    """Whether each iteration calls a helper with the same arguments, which reads what none of them writes.

    Whatever part of the filters is seen has to stay, too: a helper without arguments may ask for a key that it draws.
    """
    loop, tracer = _loop_of(project, repetition), project.writes.tracer
    if repetition.is_direct or loop is None or _is_written(project, repetition):
        return False
    _, function, args = project.link.node(repetition.module, repetition.row)
    called = project.link.node(repetition.module, function)
    given = [row for _, row in args] + ([called[1]] if called[0] == "attr" else [])
    if not all(_is_same(tracer, Spot(repetition.module, row, None), loop) for row in given):
        return False
    for reach in repetition.reaches:
        if reach.operation.method.kind != "read" or not _is_by_filter(reach.operation, repetition):
            return False
        filters, spots = asked(project, repetition, reach)
        if filters.open or _frames(tracer, repetition, reach, only=True) is None:
            return False
        if not all(_is_same(tracer, spot, loop) for spot in spots.values()):
            return False
    # A function that is defined in another sees its variables, which the loop may change
    run = project.link.functions_called(repetition.module, repetition.row)
    return all(project.modules[each.module].scopes[each.scope].parent == 0 or _is_method(project, each) for each in run)


def _is_method(project: Project, function: FunctionRef) -> bool:
    return project.link.method_class(function.module, function.scope) is not None


def queries(project: Project, repetition: Repetition) -> list[str]:
    """The repeated queries in words: "replace_one or insert_one on users" where one test decides which it is."""
    found: list[list[Reach]] = []
    for reach in repetition.reaches:
        others = (each for each in found if each[0].target == reach.target)
        held = next((each for each in others if all(_excludes(project, reach, other) for other in each)), None)
        if held is None:
            found.append([reach])
        else:
            held.append(reach)
    names = (" or ".join(dict.fromkeys(reach.operation.name for reach in each)) for each in found)
    return [f"{name} on {each[0].target}" for name, each in zip(names, found, strict=True)]


def in_words(project: Project, repetition: Repetition) -> str:
    """The repeated queries as a message names them."""
    names = list(dict.fromkeys(queries(project, repetition)))
    more = len(names) - _MAX_NAMED
    tail = f" and {more} more quer{'y' if more == 1 else 'ies'}" if more > 0 else ""
    return " and ".join(names[:_MAX_NAMED]) + tail


def _excludes(project: Project, one: Reach, other: Reach) -> bool:
    """Whether two operations of a function stand in the two branches of a test."""
    first, second = one.operation, other.operation
    if (first.module, first.scope) != (second.module, second.scope):
        return False
    facts = project.modules[first.module]
    passed = {(each.ref, each.kind) for each in facts.chain(first.context) if each.kind in ("then", "otherwise")}
    opposite = {"then": "otherwise", "otherwise": "then"}
    return any((each.ref, opposite.get(each.kind, "")) in passed for each in facts.chain(second.context))


def decides(project: Project, repetition: Repetition) -> bool:
    """Whether the answer of a write to one document is asked for before the next: it cannot wait for the end.

    By the loop, or by a helper that it calls.
    """
    if same_key(project, repetition) is None:
        return False
    if is_asked(project, repetition):
        return True
    writes = {id(r.operation) for r in repetition.reaches if r.operation.method.kind == "write"}
    level = [(repetition.module, repetition.row)]
    for _ in range(_MAX_HELPERS):
        inner = [each for place in level for each in _calls_of_helpers(project, *place, writes)]
        if any(_is_tested(project, module, row) for module, row, is_answer in inner if is_answer):
            return True
        level = list(dict.fromkeys((module, row) for module, row, _ in inner))
    return False


def is_asked(project: Project, repetition: Repetition) -> bool:
    """Whether the loop takes a branch by the answer of the repeated writes."""
    if not repetition.is_direct and not all(_is_returned(project, reach) for reach in repetition.reaches):
        return False
    writes = all(reach.operation.method.kind == "write" for reach in repetition.reaches)
    return writes and _is_tested(project, repetition.module, repetition.row)


def _calls_of_helpers(project: Project, module: int, row: int, writes: set[int]) -> Iterator[tuple[int, int, bool]]:
    """The calls in what a call runs that run one of the writes; whether such a call gives the answer of the write."""
    for function in project.link.functions_called(module, row):
        for call in project.modules[function.module].calls:
            if call.scope != function.scope:
                continue
            operation = project.operation_at(function.module, call.row)
            if operation is not None:
                if id(operation) in writes:
                    yield function.module, call.row, True
                continue
            runs = [each for each in project.reach(function.module, call.row) if id(each.operation) in writes]
            if runs:
                yield function.module, call.row, all(_is_returned(project, reach) for reach in runs)


def _is_tested(project: Project, module: int, row: int) -> bool:
    """Whether a branch is taken by what a call gives; one that raises only tells that the call came to nothing."""
    facts = project.modules[module]
    raising = {each.context for each in facts.raises}
    tests = {c.ref for number, c in enumerate(facts.contexts) if c.kind == "then" and number not in raising}
    return any(row in reached_rows(facts, test) for test in tests if test >= row)


def _is_returned(project: Project, reach: Reach) -> bool:
    """Whether helpers hand the answer of a write on to whoever called them."""
    if reach.operation.method.kind != "write":
        return False
    for module, row in (*reach.chain, (reach.operation.module, reach.operation.row)):
        facts = project.modules[module]
        call = project.link.call_at(module, row)
        returns = facts.scopes[call.scope].returns if call is not None else ()
        if not any(row in reached_rows(facts, value) for value, _ in returns):
            return False
    return True


def _is_written(project: Project, repetition: Repetition) -> bool:
    """Whether the loop writes to what the repetition reads."""
    read = {reach.target for reach in repetition.reaches}
    return any(
        reach.operation.method.kind == "write" and reach.target in read
        for other in project.repetitions_in(repetition.module)
        if other.loop is repetition.loop
        for reach in other.reaches
    )


def _same_fields(project: Project, repetition: Repetition, reach: Reach) -> dict[str, bool] | None:
    """The fields of a filter with values that no iteration changes; whether each is more than a constant.

    None where other things decide what the operation does.
    """
    if repetition.loop.kind == "while" or not _is_by_filter(reach.operation, repetition):
        return None
    if _frames(project.writes.tracer, repetition, reach, only=True) is None:
        return None
    return same_fields(project, repetition, reach)


def same_fields(project: Project, repetition: Repetition, reach: Reach) -> dict[str, bool]:
    """The fields of a filter that are surely the same in all iterations; whether each is more than a constant."""
    loop, tracer = _loop_of(project, repetition), project.writes.tracer
    if loop is None:
        return {}
    _, spots = asked(project, repetition, reach)
    return {name: not _is_constant(tracer, spot) for name, spot in spots.items() if _is_same(tracer, spot, loop)}


def _loop_of(project: Project, repetition: Repetition) -> _Loop | None:
    """The loop of a repetition; None for a ``while``, which has no items."""
    if repetition.loop.kind == "while":
        return None
    facts = project.modules[repetition.module]
    inside = [c for c in facts.chain(repetition.context) if c.kind in ("loop", "comp")]
    first = next(c.begins for c in inside if facts.loops[c.ref] is repetition.loop)
    return _Loop(first, ("iter", repetition.loop.iterable))


def asked(project: Project, repetition: Repetition, reach: Reach) -> tuple[Document, dict[str, Spot]]:
    """The filter of an operation as it is when the repetition comes to it, and the values that are seen in it."""
    operation, tracer = reach.operation, project.writes.tracer
    frames = _frames(tracer, repetition, reach)
    if frames is None:
        return operation.filter, {}
    filters, frame = operation.filter, frames[0]
    env = frame.env if frame else None
    role = operation.method.filter
    if env is not None and role is not None and operation.method.pipeline is None:
        place = argument(tracer.link, operation.module, operation.row, operation.method, role, env)
        filters = project.reader.document(*place) if place is not None else filters
    found = {name: _spot(tracer, repetition, place, frames) for name, place in filters.places.items()}
    return filters, {name: spot for name, spot in found.items() if spot is not None}


def frame_of(tracer: Tracer, repetition: Repetition, reach: Reach) -> Frame | None:
    """The frame in which an operation runs that helpers lead to; None where that is not seen."""
    frames = _frames(tracer, repetition, reach)
    return frames[0] if frames else None


def _spot(tracer: Tracer, repetition: Repetition, place: Place, frames: list[Frame | None]) -> Spot | None:
    """Where the value of a field stands, on the way from the loop to the operation; a filter may be handed on."""
    call = tracer.call(repetition.module, repetition.row)
    outer = call.scope if call is not None else 0
    for frame in frames:
        module, scope = (frame.module, frame.scope) if frame is not None else (repetition.module, outer)
        known = place.env in (None, frame.env if frame is not None else None)
        if known and place.module == module and _stands_in(tracer.facts(module), place.row, scope):
            return Spot(place.module, place.row, frame)
    return None


def _stands_in(facts: ModuleFacts, row: int, scope: int) -> bool:
    """Whether an expression is part of a function; its parameters come before its body."""
    node = facts.nodes[row]
    first, end = facts.scopes[scope].rows
    return bool(node[1] == scope) if node[0] == "param" else node[0] == "const" or first <= row < end


def _frames(tracer: Tracer, repetition: Repetition, reach: Reach, *, only: bool = False) -> list[Frame | None] | None:
    """The frames from the operation out to the loop; None where the way to it is not seen.

    ``only``: nor where a call on the way may run another function, or a method of another object.
    """
    frames: list[Frame | None] = [None]
    site = Spot(repetition.module, repetition.row, None)
    if not repetition.is_direct:
        for module, row in (*reach.chain, (reach.operation.module, reach.operation.row)):
            call = tracer.call(module, row) or reach.operation
            frame = tracer.enter(site) if only else _enter(tracer, site, module, call.scope)
            if frame is None or frame.module != module:
                return None
            frames.insert(0, frame)
            site = Spot(module, row, frame)
    return frames


def _enter(tracer: Tracer, site: Spot, module: int, scope: int) -> Frame | None:
    """The frame in which a call runs one of the functions that it may run."""
    called = tracer.value(site.at(tracer.node(site)[1]))
    run = (atom for atom in called if type(atom) is FunctionRef and (atom.module, atom.scope) == (module, scope))
    function = next(run, None)
    return tracer.frame(function, site) if function is not None else tracer.enter(site)


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
    if node[0] == "attr" and _is_set_later(facts, node[2]):
        return False
    if node[0] == "call":
        function = tracer.node(spot.at(node[1]))
        return function[-1] in _CONVERTING and all(_is_same(tracer, spot.at(row), loop) for _, row in node[2])
    return node[0] in _MADE_OF_OTHERS and all(_is_same(tracer, spot.at(row), loop) for row in operands(node))


def _is_set_later(facts: ModuleFacts, name: str) -> bool:
    """Whether a module sets an attribute other than on an object that is being made, which no iteration knows yet."""
    return any(
        store.name == name
        and not (facts.nodes[store.base][0] == "param" and facts.scopes[store.scope].name == "__init__")
        for store in facts.stores
    )


def _passed(tracer: Tracer, spot: Spot, frame: Frame) -> Spot | None:
    """What the caller passes for a parameter, the object of a method included."""
    _, scope, name = tracer.node(spot)
    owner = frame.find(spot.module, scope)
    return tracer.argument(owner, name) if owner is not None else None


def _is_constant(tracer: Tracer, spot: Spot) -> bool:
    node = tracer.node(spot)
    if node[0] in ("dict", "seq"):
        return all(_is_constant(tracer, spot.at(row)) for row in operands(node))
    return bool(tracer.term(spot)[0] == "const")
