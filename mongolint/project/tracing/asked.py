"""What a general helper asks, one question for each call of it: ``User.get(email=…)`` of ``find_one(kwargs)``.

The helper itself says neither which collection nor which fields. Its operation is not counted anew for each caller;
what an index has to serve is what its callers ask.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from mongolint.fastclasses import NamedTuple
from mongolint.link.atoms import Keywords
from mongolint.project.documents import Document, Place
from mongolint.project.operations import Operation, argument, sort_of
from mongolint.project.writes import inserts

if TYPE_CHECKING:
    from mongolint.project.model import Project

    # What is given at a place: the parts of the operation that it decides
    Read = Callable[[Project, Place], Iterable[dict[str, Any]]]

# What a helper adds to a filter that it is given
_ADDED = ("setitem", "mutated")


class Asked(NamedTuple):
    """An operation as the call at ``row`` of ``module`` runs it; ``scope`` and ``context`` are those of the call."""

    operation: Operation
    module: int
    row: int
    scope: int
    context: int


def asked(project: Project) -> Iterator[Asked]:
    """The operations of helpers whose filter is their keyword arguments, as each call outside of tests runs them."""
    for operation in project.operations:
        if operation.module not in project.tests and parameter_kind(project, operation) == "**":
            yield from by_calls(project, operation, _filters)


def parameter_kind(project: Project, operation: Operation) -> str:
    """The kind of the parameter that the whole filter or pipeline is, as it was given or with more put in; else ""."""
    role, link = _role(operation), project.link
    if role is None or link.node(operation.module, operation.row)[0] != "call":
        return ""
    place = argument(link, operation.module, operation.row, operation.method, role)
    node = link.node(place.module, place.row) if place is not None else ("none",)
    while node[0] in _ADDED:
        node = link.node(operation.module, node[1])
    if node[0] != "param":
        return ""
    params = link.scope(operation.module, node[1]).params
    return next((param.kind for param in params if param.name == node[2]), "")


def _role(operation: Operation) -> str | None:
    return operation.method.filter or operation.method.pipeline


def by_calls(project: Project, operation: Operation, read: Read) -> Iterator[Asked]:
    """The operation of a helper as each call runs it, with the parts that ``read`` finds in what it is given."""
    role, tracer = str(_role(operation)), project.writes.tracer
    for way in inserts.ways(tracer, operation, project.tests):
        frame = way.frame
        if frame is None or frame.outer is not None or frame.env is None:
            continue
        collection = inserts.collection_of(tracer, operation, frame)
        place = argument(project.link, operation.module, operation.row, operation.method, role, frame.env)
        if collection is None or place is None:
            continue
        sort = sort_of(project.reader, operation, frame.env)
        for parts in read(project, place):
            narrowed = replace(operation, collections=(collection,), **{"sort": sort, **parts})
            yield Asked(narrowed, way.point.module, way.row, way.scope, way.point.context)


def _filters(project: Project, place: Place) -> Iterator[dict[str, Document]]:
    """What one call asks: one of several questions where it takes the names of the fields from a list."""
    value = project.link.value(*place)
    for atom in value if all(type(atom) is Keywords for atom in value) else ():
        yield {"filter": project.reader.of_value((atom,))}
