"""Documents that a function reads, and then a second time through what it calls, with no write in between."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from mongolint.fastclasses import NamedTuple
from mongolint.project.operations import Operation
from mongolint.project.tracing.stored import Content, read
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

    def writes(module: int, row: int) -> bool:
        own = project.operation_at(module, row)
        reached = [own] if own else [each.operation for each in project.graph.run_by_call(module, row)]
        return any(each.method.kind == "write" and each.runs_on(collection) for each in reached)

    def any_writes(module: int, scope: int, begin: int, end: int) -> bool:
        calls = project.modules[module].calls
        return any(c.scope == scope and begin <= c.row < end and writes(module, c.row) for c in calls)

    if any_writes(first.point.module, first.scope, first.row, again.row):
        return True
    module, row, frame = again.operation.module, again.operation.row, again.frame
    while frame is not None:
        if any_writes(module, frame.scope, 0, row):
            return True
        module, row, frame = frame.site_module, frame.site, frame.outer
    return False
