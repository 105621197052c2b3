"""Fields by which the project reads or changes several documents at once, so that they are no unique keys."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from mongolint.fastclasses import NamedTuple
from mongolint.link.atoms import Collection
from mongolint.project.operations import Operation
from mongolint.project.tracing import stored
from mongolint.project.writes import inserts, lookups, needs

if TYPE_CHECKING:
    from mongolint.project.tracing.tracer import Tracer

# Stages that make sense for several documents only
_STAGES = frozenset(
    ["$sort", "$group", "$skip", "$count", "$facet", "$sample", "$bucket", "$bucketAuto", "$sortByCount"]
)


class AnyOne(NamedTuple):
    """A write that changes one document, of several with the same values of all ``fields`` that it asks for.

    ``listed``: a read that puts them in order, the newest first say, by the same fields.
    """

    operation: Operation
    fields: tuple[str, ...]
    listed: Operation


def any_one(tracer: Tracer, operations: Sequence[Operation], left_out: frozenset[int]) -> Iterator[AnyOne]:
    """The writes to one document that do not say which."""
    ordered: dict[str, list[Operation]] = {}
    for each in operations:
        if each.sort and each.name in ("find", "find_one") and each.collection is not None:
            ordered.setdefault(str(each.collection.name), []).append(each)
    for operation in operations:
        fields = operation.filter.required
        if operation.name not in ("update_one", "replace_one") or not fields or not _is_plain(tracer, operation):
            continue
        for listed in ordered.get(str(operation.collection and operation.collection.name), ()):
            equal = {name for name, kind in listed.filter.required.items() if kind == "equality"}
            if fields.keys() <= equal and listed.module not in left_out and _are_same(operation, listed):
                yield AnyOne(operation, tuple(fields), listed)
                break


def _is_plain(tracer: Tracer, operation: Operation) -> bool:
    """Whether all that a write asks for is known, and compared for equality; an upsert keeps one document itself."""
    filter = operation.filter
    if filter.open or filter.optional or filter.clauses or "_id" in filter.required or operation.sort:
        return False
    given = inserts.given(tracer, operation, None, "upsert")
    if given is not None and tracer.term(given) != ("const", "bool", False):
        return False
    return all(kind == "equality" for kind in filter.required.values())


def _are_same(one: Operation, other: Operation) -> bool:
    return one.collection is not None and other.collection is not None and needs.same(one.collection, other.collection)


def find(
    tracer: Tracer, operations: Sequence[Operation], left_out: frozenset[int]
) -> Iterator[tuple[Collection, frozenset[str]]]:
    """The collections, and the fields compared for equality when several documents are meant."""
    for operation in operations:
        if not _is_plural(tracer, operation):
            continue
        equal = frozenset(name for name, kind in operation.filter.required.items() if kind == "equality")
        if operation.collection is not None and (equal or not operation.filter.open):
            yield operation.collection, equal
            continue
        if not operation.collection_names and equal:
            yield operation.collections[0], equal
        for way in inserts.ways(tracer, operation, left_out):
            collection = inserts.collection_of(tracer, operation, way.frame)
            given = inserts.given(tracer, operation, way.frame, operation.method.filter)
            if collection is not None and given is not None:
                fields = stored.read(tracer, given).fields
                equal = frozenset(n for n, v in fields.items() if v.sure and lookups.is_equality(tracer, v))
                yield collection, equal


def _is_plural(tracer: Tracer, operation: Operation) -> bool:
    if operation.name.startswith("find_one"):
        return bool(operation.sort)  # the latest of several
    if operation.name == "find":
        return not operation.bounded and not any(step.name == "count" for step in operation.steps)
    if operation.name == "aggregate":
        return _takes_several(tracer, operation)
    return operation.name in ("update_many", "distinct")


def _takes_several(tracer: Tracer, operation: Operation) -> bool:
    """Whether a pipeline goes on with what makes sense for several documents only."""
    pipeline = inserts.given(tracer, operation, None, operation.method.pipeline)
    if pipeline is None:
        return False
    items, is_open = tracer.reader.items(pipeline.module, pipeline.row)
    return is_open or any(name in _STAGES for item in items for name, _ in tracer.reader.entries(*item.place))
