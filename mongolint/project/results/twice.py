"""Documents that a function reads, and then a second time through what it calls, with no write in between."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from mongolint.fastclasses import NamedTuple
from mongolint.project.operations import Operation
from mongolint.project.tracing.stored import Content, read
from mongolint.project.updates.derived import Derived, derived
from mongolint.project.writes import inserts, lookups, needs
from mongolint.project.writes.inserts import Way

if TYPE_CHECKING:
    from mongolint.project.model import Project

# What may stand around a read without making it depend on anything
_STRAIGHT = frozenset(["try", "with"])


class ReadTwice(NamedTuple):
    """Two reads of one document. ``first`` and ``again``: the calls, as rows of one function, that lead to them."""

    collection: str
    module: int
    scope: int
    first: int
    again: int
    reads: tuple[Operation, Operation]


def read_twice(project: Project) -> list[ReadTwice]:
    """Of each function the first such pair."""
    found: dict[tuple[int, int], list[Way]] = {}
    tracer, left_out = project.writes.tracer, project.writes.left_out
    for operation in project.operations:
        if operation.name == "find_one" and operation.module not in left_out:
            for way in inserts.ways(tracer, operation, left_out):
                if way.scope > 0 and _is_straight(project, way):
                    found.setdefault((way.point.module, way.scope), []).append(way)
    pairs = (next(_pairs(project, ways), None) for ways in found.values() if len(ways) > 1)
    return [pair for pair in pairs if pair is not None and _is_run(project, pair)]


def _is_run(project: Project, pair: ReadTwice) -> bool:
    return project.reached(pair.module, pair.scope).runner != "nothing"


def _is_straight(project: Project, way: Way) -> bool:
    """Whether each call of the outermost function on the way runs the read, and in no transaction."""
    tracer, frame = project.writes.tracer, way.frame
    module, row, scope = way.operation.module, way.operation.row, way.operation.scope
    if way.operation.session or tracer.link.node(module, row)[0] != "call":
        return False
    reached = project.graph.run_by_call(way.point.module, way.row)
    if any(each.operation is way.operation and (each.cached or each.kept) for each in reached):
        return False
    while frame is not None:
        call = tracer.call(module, row)
        facts = tracer.facts(module)
        if call is None or any(each.kind not in _STRAIGHT for each in facts.chain(call.context)):
            return False
        left = (facts.contexts[context] for _, context in facts.scopes[scope].returns)
        if any(each.kind != "root" and each.begins < row and each not in facts.chain(call.context) for each in left):
            return False  # what it has kept, perhaps
        module, row, frame = frame.site_module, frame.site, frame.outer
        site = tracer.call(module, row)
        scope = site.scope if site is not None else scope
    return True


def _pairs(project: Project, ways: list[Way]) -> Iterator[ReadTwice]:
    ordered = sorted(ways, key=lambda way: way.row)
    for number, first in enumerate(ordered):
        for again in ordered[number + 1 :]:
            if again.row > first.row and _is_again(project, first, again):
                collection = inserts.collection_of(project.writes.tracer, first.operation, first.frame)
                name = collection.name if collection is not None else None
                place = (first.point.module, first.scope, first.row, again.row)
                yield ReadTwice(name or "", *place, (first.operation, again.operation))
                break


def _is_again(project: Project, first: Way, again: Way) -> bool:
    tracer = project.writes.tracer
    one, other = (inserts.collection_of(tracer, way.operation, way.frame) for way in (first, again))
    if one is None or other is None or one.name is None or not needs.same(one, other):
        return False
    if inserts.given(tracer, first.operation, first.frame, "projection") is not None:
        return False  # the first is not the whole of it
    return (
        _names_it(_asked(project, first), _asked(project, again))
        and _follows(project, first, again)
        and not lookups.is_locked(tracer, again)
        and not _is_written(project, first, again, one.name)
    )


def _asked(project: Project, way: Way) -> Content | None:
    tracer = project.writes.tracer
    filters = inserts.given(tracer, way.operation, way.frame, "filter")
    content = read(tracer, filters) if filters is not None else None
    if content is None or content.open or content.sources or not content.fields:
        return None
    is_plain = all(not name.startswith("$") and value.sure for name, value in content.fields.items())
    return content if is_plain and all(lookups.is_equality(tracer, each) for each in content.fields.values()) else None


def _names_it(one: Content | None, other: Content | None) -> bool:
    """Whether what the first is found by is asked of the second, too, which can then only be the same."""
    if one is None or other is None:
        return False
    terms = {name: value.term for name, value in other.fields.items()}
    same = {name for name, value in one.fields.items() if terms.get(name) == value.term}
    return same == one.fields.keys() and ("_id" in same or same == other.fields.keys())


def _follows(project: Project, first: Way, again: Way) -> bool:
    """Whether the second runs whenever the first did and the function went on: it depends on nothing more."""
    facts = project.writes.tracer.facts(first.point.module)
    around = [id(each) for each in facts.chain(first.point.context)]
    chain = facts.chain(again.point.context)
    own = [id(each) for each in chain]
    if own[len(own) - len(around) :] != around:
        return False
    return all(each.kind in _STRAIGHT for each in chain[: len(own) - len(around)])


def _is_written(project: Project, first: Way, again: Way, collection: str) -> bool:
    """Whether something that may run between the two reads writes to the collection, as far as the code shows."""

    if _writes(project, (first.point.module, first.scope), first.row, again.row, collection):
        return True
    module, row, frame = again.operation.module, again.operation.row, again.frame
    while frame is not None:
        if _writes(project, (module, frame.scope), 0, row, collection):
            return True
        module, row, frame = frame.site_module, frame.site, frame.outer
    return False


def _writes(project: Project, place: tuple[int, int], begin: int, end: int, collection: str) -> bool:
    """Whether a function writes to a collection from one row to another, by itself or by what it calls."""
    module, scope = place
    for call in project.modules[module].calls:
        if call.scope == scope and begin <= call.row < end:
            own = project.operation_at(module, call.row)
            reached = [own] if own else [each.operation for each in project.graph.run_by_call(module, call.row)]
            if any(each.method.kind == "write" and each.runs_on(collection) for each in reached):
                return True
    return False


# What a framework has read for the same request


class ReadAgain(NamedTuple):
    """A read of what the function at ``provider`` has read, which the framework runs: ``user=Depends(current_user)``.

    ``first``: the read in it.
    """

    operation: Operation
    provider: tuple[int, int]
    first: Operation


def read_again(project: Project) -> list[ReadAgain]:
    """The reads of request handlers of what a parameter holds already, all fields that are used included."""
    wanted = (each for each in project.operations if each.name == "find_one" and each.module not in project.tests)
    return [found for each in wanted if (found := _again(project, each)) is not None]


def _again(project: Project, operation: Operation) -> ReadAgain | None:
    tracer, collection = project.writes.tracer, operation.collection
    path = project.request_path(operation.module, operation.scope)
    if collection is None or collection.name is None or operation.session or path is None or path.calls:
        return None
    filters = inserts.given(tracer, operation, None, "filter")
    content = read(tracer, filters) if filters is not None else None
    if content is None or content.open or content.sources or len(content.fields) != 1:
        return None
    ((name, value),) = content.fields.items()
    made = derived(tracer, value.spots[0]) if len(value.spots) == 1 else None
    if made is None or made.changes or made.also or made.path != name or made.operation.name != "find_one":
        return None
    frame, held = made.read.frame, made.operation.collection
    while frame is not None and frame.outer is not None:
        frame = frame.outer
    if frame is None or not frame.injected or held is None or not needs.same(held, collection):
        return None
    if _writes(project, (operation.module, operation.scope), 0, operation.row, collection.name):
        return None
    used = project.results.partial_use(operation)
    is_there = used is not None and all(_has(project, made, field) for field in used.fields)
    return ReadAgain(operation, (frame.module, frame.scope), made.operation) if is_there else None


def _has(project: Project, made: Derived, field: str) -> bool:
    """Whether a document was read with one of its fields."""
    projection = inserts.given(project.writes.tracer, made.operation, made.read.frame, "projection")
    if projection is None:
        return True
    facts, node = project.modules[projection.module], project.writes.tracer.node(projection)
    if node[0] != "dict" or any(key is None for key, _ in node[1]):
        return False
    shown = {facts.constant(key): facts.constant(value) for key, value in node[1]}
    leaves_out = all(value in (0, False) and value is not None for value in shown.values())
    return field not in shown if leaves_out else bool(shown.get(field))
