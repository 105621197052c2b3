"""Fields by which the project reads or changes several documents at once, so that they are no unique keys."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from mongolint.link.atoms import Collection
from mongolint.project.operations import Operation
from mongolint.project.tracing import stored
from mongolint.project.writes import inserts, lookups

if TYPE_CHECKING:
    from mongolint.project.tracing.tracer import Tracer

# Stages that make sense for several documents only
_STAGES = frozenset(
    ["$sort", "$group", "$skip", "$count", "$facet", "$sample", "$bucket", "$bucketAuto", "$sortByCount"]
)


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
