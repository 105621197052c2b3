"""``except DuplicateKeyError`` around writes that no index refuses, and what clauses keep from everybody."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from mongolint.facts.shapes import Handler
from mongolint.fastclasses import NamedTuple
from mongolint.link.atoms import Collection
from mongolint.project.callgraph import CallGraph
from mongolint.project.handlers import ExceptSite, calls_by_context, calls_under, is_inside
from mongolint.project.operations import Operation
from mongolint.project.tracing import stored
from mongolint.project.tracing.stored import Content
from mongolint.project.writes import inserts
from mongolint.project.writes.inserts import Way
from mongolint.project.writes.keys import caught

if TYPE_CHECKING:
    from mongolint.project.tracing.tracer import Tracer

_ERROR = "pymongo.errors.DuplicateKeyError"
_UPDATING = frozenset(["update_one", "find_one_and_update", "replace_one", "find_one_and_replace"])


class Refused(NamedTuple):
    """A write whose DuplicateKeyError is caught.

    ``through``: the call in the ``try`` that leads to it, as a row; ``fields``: what the key may be.
    """

    operation: Operation
    collection: Collection
    module: int
    handler: Handler
    through: int
    fields: tuple[str, ...]


def find(tracer: Tracer, graph: CallGraph, operations: Sequence[Operation], tests: frozenset[int]) -> Iterator[Refused]:
    """The first such write of each clause, where no other of its ``try`` can be what is refused."""
    found: dict[tuple[int, int], list[Refused | None]] = {}
    for operation in operations:
        if operation.name in inserts.INSERTING | _UPDATING:
            for way in inserts.ways(tracer, operation, tests):
                for attempt, handler in _clauses(tracer, way):
                    key = (way.point.module, handler.context)
                    found.setdefault(key, []).append(_refused(tracer, graph, way, attempt, handler))
    for writes in found.values():
        if writes[0] is not None and None not in writes:
            yield writes[0]


def is_hushed(tracer: Tracer, site: ExceptSite) -> bool:
    """Whether a clause leaves nothing by which anybody, its own function included, could tell that something failed."""
    facts, context = tracer.facts(site.module), site.handler.context
    scope, begins = facts.scopes[site.scope], facts.contexts[context].begins
    if scope.kind != "function" or scope.yields or any(facts.nodes[row] != ("const", None) for row, _ in scope.returns):
        return False
    if calls_under(facts, context, tracer.link.of_module(calls_by_context, site.module)):
        return False
    if any(is_inside(facts, each.context, context) for each in (*facts.stores, *facts.item_stores)):
        return False
    return not any(row >= begins for rows in scope.defs.values() for row in rows)


def names_its_id(tracer: Tracer, operation: Operation) -> bool:
    """Whether an insert is given the ``_id`` by whoever calls its function, so that it may be taken."""
    if operation.name not in ("insert_one", "insert"):
        return False
    spot = inserts.given(tracer, operation, None, operation.method.document)
    held = stored.read(tracer, spot).fields.get("_id") if spot is not None else None
    return held is not None and held.sure and [tracer.node(each)[0] for each in held.spots] == ["param"]


def _clauses(tracer: Tracer, way: Way) -> Iterator[tuple[int, Handler]]:
    """The nearest clause around a way that catches the error, with its ``try``."""
    facts = tracer.facts(way.point.module)
    for entry in facts.chain(way.point.context):
        for handler in facts.tries[entry.ref].handlers if entry.kind == "try" else ():
            if _ERROR in caught(tracer, way.point.module, handler):
                yield entry.ref, handler
                return


def _refused(tracer: Tracer, graph: CallGraph, way: Way, attempt: int, handler: Handler) -> Refused | None:
    collection = inserts.collection_of(tracer, way.operation, way.frame)
    fields = _key(tracer, way) if collection is not None else None
    if collection is None or fields is None or not _is_alone(graph, tracer, way.point.module, attempt, collection):
        return None
    return Refused(way.operation, collection, way.point.module, handler, way.row, fields)


def _key(tracer: Tracer, way: Way) -> tuple[str, ...] | None:
    """The fields that a key may be of; None where the error may be about ``_id``."""
    operation = way.operation
    if operation.name in inserts.INSERTING:
        content = inserts.content_of(tracer, way)
        return None if _may_have_id(content) else ()
    upsert = inserts.given(tracer, operation, way.frame, "upsert")
    if upsert is not None and tracer.node(upsert) != ("const", False):
        filters = inserts.given(tracer, operation, way.frame, operation.method.filter)
        if filters is None or _may_have_id(stored.read(tracer, filters)):
            return None
    if operation.method.update is None:
        return ()
    parts = list(inserts.changes_of(tracer, way))
    if any("_id" in part.fields for part, _ in parts):
        return None
    return tuple(name for part, _ in parts for name in part.fields)


def _may_have_id(content: Content) -> bool:
    return content.open or bool(content.sources) or "_id" in content.fields


def _is_alone(graph: CallGraph, tracer: Tracer, module: int, attempt: int, collection: Collection) -> bool:
    """Whether all writes of a ``try`` are to one collection, so that the error can come from no other."""
    facts = tracer.facts(module)
    by_context = tracer.link.of_module(calls_by_context, module)
    for call in calls_under(facts, facts.tries[attempt].context, by_context):
        direct = tracer.operation(module, call.row)
        reached = [direct] if direct else [reach.operation for reach in graph.run_by_call(module, call.row)]
        for each in reached:
            if each.method.kind == "write" and not each.runs_on(collection.name):
                return False
    return True
