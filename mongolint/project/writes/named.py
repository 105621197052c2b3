"""Collections of a few documents, each of which the code calls by name: settings, counters, the state of a bot."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from mongolint.link.atoms import const
from mongolint.project.operations import Operation
from mongolint.project.writes import inserts, lookups

if TYPE_CHECKING:
    from mongolint.project.tracing.tracer import Tracer

_MAKING = inserts.INSERTING | {"insert_many", "bulk_write"}


def find(tracer: Tracer, operations: Sequence[Operation]) -> frozenset[str]:
    """The collections in which documents are made by nothing but upserts that compare constants."""
    by_name: set[str] = set()
    others: set[str] = set()
    for operation in operations:
        if not may_make(tracer, operation):
            continue
        if not operation.collection_names:
            return frozenset()  # it may be any of them
        is_named = operation.name not in _MAKING and _compares_constants(tracer, operation)
        (by_name if is_named else others).update(operation.collection_names)
    return frozenset(by_name - others)


def may_make(tracer: Tracer, operation: Operation) -> bool:
    """Whether an operation may make a document."""
    if operation.name in _MAKING:
        return True
    given = inserts.given(tracer, operation, None, "upsert") if "upsert" in operation.method.params else None
    return given is not None and tracer.value(given) != (const(False),)


def _compares_constants(tracer: Tracer, operation: Operation) -> bool:
    compared = lookups.equalities(tracer, operation, None)
    return bool(compared) and all(value.term[0] == "const" for each in compared for value in each.values())
