"""The fields that filters, sorts, projections, look-ups and indexes name."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from mongolint.link.atoms import Const, strings
from mongolint.link.states.memory import held_by
from mongolint.project.coveragemap.shapes import items_of, names_in
from mongolint.project.documents import Place
from mongolint.project.fields import types
from mongolint.project.fields.shapes import Use, plain_path
from mongolint.project.operations import Operation, argument
from mongolint.project.tracing.tracer import Spot

if TYPE_CHECKING:
    from mongolint.project.model import Project
    from mongolint.project.tracing.tracer import Tracer

# Comparisons with a value of the type that the field has
_COMPARED = ("equality",)
# Of a filter they say nothing: null is what is missing, too, and a document may be one of operators
_UNTOLD = (types.ANY, "null", "object")


@held_by
def asked_by(project: Project, operation: Operation) -> list[tuple[str, Use]]:
    """The fields that an operation asks its own collection for."""
    return list(_asked_by(project, operation))


def _asked_by(project: Project, operation: Operation) -> Iterator[tuple[str, Use]]:
    span = project.operation_span(operation)
    document = operation.planned
    tracer = project.writes.tracer
    for name, kind in {**document.required, **document.optional}.items():
        place = document.places.get(name)
        kinds = _kinds(tracer, place) if place is not None and kind in _COMPARED else ()
        yield plain_path(name), Use("filter", span, kind, kinds, operation=operation)
    if operation.method.kind in ("read", "write"):
        for name in names_in(items_of(project.query(operation).filter)):
            if name not in document.required and name not in document.optional:
                yield plain_path(name), Use("filter", span, operation=operation)
    if operation.collection is None:
        return  # callers of a helper for several collections pass each what it has
    for name, direction in operation.sort:
        if isinstance(direction, int | str):
            yield plain_path(name), Use("sort", span, operation=operation)
    for name in _projected(project, operation):
        yield plain_path(name), Use("projection", span, operation=operation)
    if operation.name == "distinct":
        place = argument(project.link, operation.module, operation.row, operation.method, "key")
        names = strings(project.link.value(*place)) if place is not None else []
        yield from ((plain_path(name), Use("distinct", span, operation=operation)) for name in names)


def _kinds(tracer: Tracer, place: Place) -> tuple[str, ...]:
    """The types of a value that a filter compares with."""
    found = types.at(tracer, Spot(place.module, place.row, None)) if place.env is None else ()
    return tuple(kind for kind in found if kind not in _UNTOLD)


def _projected(project: Project, operation: Operation) -> Iterator[str]:
    """The fields that a projection takes or leaves out; what it computes is no field of the collection."""
    parameter = operation.method.projection
    if parameter is None or project.link.node(operation.module, operation.row)[0] != "call":
        return
    place = argument(project.link, operation.module, operation.row, operation.method, parameter)
    if place is None:
        return
    for name, at in project.reader.entries(*place):
        value = project.link.value(*at)
        if value and all(type(atom) is Const and isinstance(atom.value, bool | int) for atom in value):
            yield name
    for item in project.reader.items(*place)[0]:
        yield from strings(project.link.value(*item.place))


def looked_up(project: Project) -> Iterator[tuple[str, str, Use]]:
    """The fields that stages of pipelines ask other collections for: collection, field, use."""
    for operation in project.operations:
        if operation.module in project.tests or not operation.lookups:
            continue
        span = project.operation_span(operation)
        for lookup in operation.lookups:
            for name in names_in(items_of(lookup.filter)):
                yield lookup.collection, plain_path(name), Use("lookup", span, operation=operation)


def indexed(project: Project) -> Iterator[tuple[str, str, Use]]:
    """The keys of declared indexes: collection, field, use."""
    for index in project.indexes:
        for name, _ in index.keys or ():
            if index.collection_name is not None and "$" not in name:
                yield index.collection_name, name, Use("index", project.index_span(index))
