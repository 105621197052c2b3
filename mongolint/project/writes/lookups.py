"""Look, then insert: a document is stored because a look-up found none, which two requests can do at the same time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import field
from functools import reduce
from typing import TYPE_CHECKING, Any

from mongolint.facts.shapes import ModuleFacts
from mongolint.fastclasses import dataclass
from mongolint.link.atoms import Collection
from mongolint.link.states.memory import held_by
from mongolint.project.callgraph import CallGraph
from mongolint.project.operations import Operation
from mongolint.project.tracing import guards, stored, terms
from mongolint.project.tracing.guards import Lookup
from mongolint.project.tracing.stored import Content, Stored
from mongolint.project.tracing.tracer import Frame, Spot, Term
from mongolint.project.writes import inserts, needs
from mongolint.project.writes.inserts import Way

if TYPE_CHECKING:
    from mongolint.project.tracing.tracer import Tracer


_NULL = ("const", "NoneType", None)


@dataclass(frozen=True, slots=True)
class LookThenInsert:
    """A look-up and the insert that follows when it finds nothing.

    ``look`` and ``put``: the calls, as rows of one function, that lead to them. ``fields``: those compared with the
    values that are stored; ``constants``: those compared with what is always stored so; ``values``: both, in order.
    ``collection`` has no name where only the running program knows it.
    """

    module: int
    scope: int
    look: int
    put: int
    lookup: Lookup
    way: Way
    collection: Collection
    fields: tuple[str, ...]
    constants: tuple[tuple[str, Any], ...]
    values: dict[str, Stored] = field(compare=False, repr=False)

    @property
    def insert(self) -> Operation:
        return self.way.operation


def find(
    tracer: Tracer, graph: CallGraph, operations: Sequence[Operation], left_out: frozenset[int]
) -> Iterator[LookThenInsert]:
    """The places where a look-up decides about an insert of the same values: of several, the last before it."""
    nearest: dict[tuple[Any, ...], LookThenInsert] = {}
    for operation in operations:
        if operation.name in inserts.INSERTING and operation.method.document:
            for found in _of_operation(tracer, graph, operation, left_out):
                key = (found.module, found.put, found.fields)
                held = nearest.setdefault(key, found)
                if held.look < found.look < found.put:
                    nearest[key] = found
    yield from nearest.values()


@held_by
def _of_operation(
    tracer: Tracer, graph: CallGraph, operation: Operation, left_out: frozenset[int]
) -> list[LookThenInsert]:
    every: list[LookThenInsert] = []
    looked: set[tuple[str, ...]] = set()
    for way in inserts.ways(tracer, operation, left_out):
        for found in _of_way(tracer, graph, way):
            if way.frame is None:
                looked.add(found.fields)
            elif found.fields in looked:
                continue  # whoever calls it, it looks again by itself
            every.append(found)
    return every


def _of_way(tracer: Tracer, graph: CallGraph, way: Way) -> Iterator[LookThenInsert]:
    if way.scope <= 0 or tracer.link.scope(way.point.module, way.scope).kind == "class":
        return  # what runs once, at import, runs alone
    target = inserts.target_of(tracer, way.operation, way.frame)
    if target is None or is_locked(tracer, way):
        return
    collection = target.collection
    content: Content | None = None
    for lookup in _lookups(tracer, graph, way, collection):
        if not target.is_that_of(tracer, lookup.operation, lookup.spot.frame):
            continue
        content = content or inserts.content_of(tracer, way)
        if any(_is_fetched(tracer, source) for source in content.sources):
            return  # it has its _id already
        module, look = lookup.site
        for compared in equalities(tracer, lookup.operation, lookup.spot.frame):
            matched = _match(tracer, compared, content)
            if matched is not None and module == way.point.module:
                yield LookThenInsert(module, way.scope, look, way.row, lookup, way, collection, *matched, compared)


def _lookups(tracer: Tracer, graph: CallGraph, way: Way, collection: Collection) -> list[Lookup]:
    """The look-ups that found nothing when the insert runs."""

    def is_asked(row: int) -> bool:
        reached = (reach.operation for reach in graph.run_by_call(way.point.module, row))
        looking = (each for each in reached if each.name in guards.LOOKING)
        if collection.name is None:
            return any(not each.collection_names for each in looking)
        return any(each.runs_on(collection.name) for each in looking)

    return guards.absent(tracer, way.point, is_asked)


def is_locked(tracer: Tracer, way: Way) -> bool:
    """Whether a lock lets only one request at a time do it."""
    facts = tracer.facts(way.point.module)
    for entry in facts.chain(way.point.context):
        if entry.kind == "with":
            names = {str(part).lower() for node in _chain(facts, entry.ref) for part in node[1:]}
            if any("lock" in name or "semaphore" in name or "mutex" in name for name in names):
                return True
    return False


def _chain(facts: ModuleFacts, row: int) -> Iterator[Any]:
    """The names of an expression: ``self.locks[key]`` or ``redis.lock("x")``."""
    node = facts.nodes[row]
    while node[0] in ("call", "attr", "item", "await"):
        if node[0] == "attr":
            yield ("", node[2])
        node = facts.nodes[node[1]]
    if node[0] in ("free", "from", "param"):
        yield ("", node[2])


# What is compared


def equalities(
    tracer: Tracer, operation: Operation, frame: Frame | None, *, collated: bool = False
) -> list[dict[str, Stored]]:
    """The fields that a filter compares for equality; one set for each branch of its ``$or``.

    Empty where it compares otherwise, too, unless ``collated`` by a collation, and where the code does not show all.
    """
    spot = inserts.given(tracer, operation, frame, operation.method.filter)
    if spot is None or operation.sort or (_is_collated(tracer, operation) and not collated):
        return []
    return _branches(tracer, stored.read(tracer, spot))


def _is_collated(tracer: Tracer, operation: Operation) -> bool:
    node = tracer.link.node(operation.module, operation.row)
    return any(keyword == "collation" for keyword, _ in node[2])


def _branches(tracer: Tracer, content: Content) -> list[dict[str, Stored]]:
    if content.open or content.sources:
        return []
    compared: dict[str, Stored] = {}
    branches: list[dict[str, Stored]] = []
    for name, value in content.fields.items():
        if name == "$or" and len(value.spots) == 1:
            branches = [b for item in _items(tracer, value.spots[0]) for b in _branches(tracer, item)]
            if not branches:
                return []
        elif name.startswith("$") or not value.sure or not (is_equality(tracer, value) or _is_live(name, value)):
            return []
        else:
            compared[name] = value
    return [{**compared, **branch} for branch in branches] or ([compared] if compared else [])


def _items(tracer: Tracer, spot: Spot) -> list[Content]:
    node = tracer.node(spot)
    return [stored.read(tracer, spot.at(row)) for row in node[2]] if node[0] == "seq" else []


def is_equality(tracer: Tracer, value: Stored) -> bool:
    """Whether a field of a filter is compared with a plain value."""
    for module, row, frame in value.spots:
        kind = tracer.reader.operator_class(module, row, frame.env if frame else None)
        # What no call is seen to give is not always None
        if kind != "equality" and (kind != "null" or value.term == _NULL):
            return False
    return True


def _is_live(name: str, value: Stored) -> bool:
    """Whether a filter asks for what is not marked as deleted: ``deleted_at`` is null, or is not there at all."""
    return bool(needs.MARKS_DELETED.search(name)) and value.term == _NULL


def _match(
    tracer: Tracer, compared: dict[str, Stored], content: Content
) -> tuple[tuple[str, ...], tuple[tuple[str, Any], ...]] | None:
    """The fields whose values are stored as they were looked for, and the constants; None if one is not."""
    fields: list[str] = []
    constants: list[tuple[str, Any]] = []
    identity = content.fields["_id"].term if "_id" in content.fields else None
    for name, value in compared.items():
        term = value_in(tracer, content, name)
        if term is None and _is_live(name, value) and not content.open and not content.sources:
            term = _NULL
        if name == "_id" or term is None or value.term == identity:
            return None
        # The same of several values is looked for and stored: ``number = number or next_number()``
        if value.term != term and value.term not in terms.alternatives(term):
            return None
        if value.term[0] == "const":
            constants.append((name, value.term[2]))
        else:
            fields.append(name)
    return (tuple(fields), tuple(constants)) if fields or constants else None


def _is_fetched(tracer: Tracer, term: Term) -> bool:
    """Whether something is a document that was read, or an object made of one."""
    if term[0] == "new":
        spot: Spot = term[1]
        given = [spot.at(row) for keyword, row in tracer.node(spot)[2] if keyword in (None, "**")]
        return any(_is_fetched(tracer, tracer.term(each)) for each in given)
    if term[0] == "either":
        return any(_is_fetched(tracer, each) for each in term[1])
    operation = tracer.operation(*term[1:3]) if term[0] == "row" else None
    return operation is not None and operation.method.returns in ("document", "cursor")


def value_in(tracer: Tracer, content: Content, name: str) -> Term | None:
    """What a document that is stored has in a field; None where it may be anything."""
    if name in content.fields:
        return content.fields[name].term
    head, *inner = name.split(".")
    if inner and head in content.fields:
        return reduce(tracer.member, inner, content.fields[head].term)
    return tracer.member(content.sources[0], name) if len(content.sources) == 1 else None
