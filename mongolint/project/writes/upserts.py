"""Upserts: the fields by which a document is looked for, and made if there is none."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from mongolint.fastclasses import NamedTuple
from mongolint.link.atoms import Collection, const
from mongolint.project.operations import Operation
from mongolint.project.tracing import nulls, stored
from mongolint.project.tracing.guards import Point
from mongolint.project.tracing.stored import Stored
from mongolint.project.verdicts import query_of
from mongolint.project.writes import inserts, lookups
from mongolint.project.writes.inserts import Way

if TYPE_CHECKING:
    from mongolint.project.tracing.tracer import Tracer


class Upsert(NamedTuple):
    """An operation with ``upsert=True``; ``fields`` and ``constants`` are what its filter compares for equality.

    ``collection`` has no name where only the running program knows it. ``collation``: by what it compares text, which
    the index has to do, too.
    """

    operation: Operation
    collection: Collection
    fields: tuple[str, ...]
    constants: tuple[tuple[str, Any], ...]
    values: dict[str, Stored]
    collation: Mapping[str, Any]


def find(tracer: Tracer, operations: Sequence[Operation]) -> Iterator[Upsert]:
    """The upserts whose filters compare plain fields for equality and nothing else."""
    for operation in operations:
        collection = operation.collection or (None if operation.collection_names else operation.collections[0])
        if "upsert" not in operation.method.params or collection is None:
            continue
        given = inserts.given(tracer, operation, None, "upsert")
        if given is None or tracer.value(given) != (const(True),):
            continue
        query = query_of(tracer.reader, operation)
        compared = lookups.equalities(tracer, operation, None, collated=not query.unclear)
        if len(compared) != 1 or any("." in name or name == "_id" for name in compared[0]):
            continue
        if _sets_identity(tracer, operation, compared[0]):
            continue
        constants = {name: value.term[2] for name, value in compared[0].items() if value.term[0] == "const"}
        fields = tuple(name for name in compared[0] if name not in constants)
        if fields:
            yield Upsert(operation, collection, fields, tuple(constants.items()), compared[0], query.collation or {})


def makes_null(tracer: Tracer, one: Upsert, name: str) -> bool:
    """Whether an upsert may make a document in which a field is null, for all that is tested on the way to it."""
    operation, value = one.operation, one.values[name]
    way = Way(operation, None, operation.scope, Point(operation.module, operation.context, operation.row, None))
    return nulls.may_be_null(tracer, value) and value.term not in inserts.present(tracer, way)


def _sets_identity(tracer: Tracer, operation: Operation, compared: dict[str, Stored]) -> bool:
    """Whether the document that is made gets one of the compared values as its ``_id``."""
    update = inserts.given(tracer, operation, None, operation.method.update or operation.method.document)
    if update is None:
        return False
    content = stored.read(tracer, update)
    parts = [
        content,
        *(stored.read(tracer, s) for name, v in content.fields.items() if name[0] == "$" for s in v.spots),
    ]
    made = {part.fields["_id"].term for part in parts if "_id" in part.fields}
    return any(value.term in made for value in compared.values())
