"""Fields that are null in every document, because each insert says None and nothing sets them later."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from mongolint.fastclasses import NamedTuple
from mongolint.project.fields.shapes import KnownField, Use

if TYPE_CHECKING:
    from mongolint.project.fields.known import Fields
    from mongolint.project.model import Project
    from mongolint.project.tracing.tracer import Tracer

_MAKING = ("insert", "replace")


class EmptyField(NamedTuple):
    """``parameter``: the inserting function has one that is called like the field."""

    collection: str
    name: str
    use: Use
    parameter: bool


def empty(project: Project, fields: Fields) -> Iterator[EmptyField]:
    """Each such field once, at the first insert."""
    tracer = project.writes.tracer
    for collection in fields.collections:
        known = fields.of(collection)
        found = [(name, each) for name, each in known.fields.items() if _is_empty(tracer, name, each)]
        if found and fields.is_complete(collection):
            for name, each in found:
                yield EmptyField(collection, name, each.written[0], _has_parameter(project, each.written[0], name))


def _is_empty(tracer: Tracer, name: str, known: KnownField) -> bool:
    return (
        "." not in name
        and bool(known.written)
        and not any(use.how == "filter" for use in known.uses)
        and all(use.how in _MAKING and use.exact and use.kinds == ("null",) and use.values for use in known.written)
        and all(tracer.node(spot) == ("const", None) for use in known.written for spot in use.values)
    )


def _has_parameter(project: Project, use: Use, name: str) -> bool:
    operation = use.operation
    if operation is None or operation.scope <= 0:
        return False
    params = project.link.scope(operation.module, operation.scope).params
    return any(param.name == name and param.kind in ("positional", "keyword") for param in params)
