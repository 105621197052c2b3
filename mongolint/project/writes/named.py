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
        if operation.name in _MAKING:
            kind = others
        elif _may_upsert(tracer, operation):
            kind = by_name if _compares_constants(tracer, operation) else others
        else:
            continue
        if not operation.collection_names:
            return frozenset()  # it may be any of them
        kind.update(operation.collection_names)
    return frozenset(by_name - others)


def _may_upsert(tracer: Tracer, operation: Operation) -> bool:
    given = inserts.given(tracer, operation, None, "upsert") if "upsert" in operation.method.params else None
    return given is not None and tracer.value(given) != (const(False),)


def _compares_constants(tracer: Tracer, operation: Operation) -> bool:
    compared = lookups.equalities(tracer, operation, None)
    return bool(compared) and all(value.term[0] == "const" for each in compared for value in each.values())
