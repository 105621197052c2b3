"""What a general helper asks, one question for each call of it: ``User.get(email=…)`` of ``find_one(kwargs)``.

The helper itself says neither which collection nor which fields. Its operation is not counted anew for each caller;
what an index has to serve is what its callers ask.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from mongolint.link.atoms import Keywords
from mongolint.project.operations import Operation, argument
from mongolint.project.writes import inserts

if TYPE_CHECKING:
    from mongolint.project.model import Project


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
        if operation.module not in project.tests and _takes_keywords(project, operation):
            for way in inserts.ways(project.writes.tracer, operation, project.tests):
                frame = way.frame
                if frame is not None and frame.outer is None and frame.env is not None:
                    for found in _narrowed(project, operation, way):
                        yield Asked(found, way.point.module, way.row, way.scope, way.point.context)


def _takes_keywords(project: Project, operation: Operation) -> bool:
    """Whether the whole filter is ``**kwargs`` of the function."""
    role = operation.method.filter
    link = project.link
    if role is None or link.node(operation.module, operation.row)[0] != "call":
        return False
    place = argument(link, operation.module, operation.row, operation.method, role)
    node = link.node(place.module, place.row) if place is not None else ("none",)
    if node[0] != "param":
        return False
    params = link.scope(operation.module, node[1]).params
    return any(param.name == node[2] and param.kind == "**" for param in params)


def _narrowed(project: Project, operation: Operation, way: inserts.Way) -> Iterator[Operation]:
    """What one call asks: one of several questions where it takes the names of the fields from a list."""
    collection = inserts.collection_of(project.writes.tracer, operation, way.frame)
    place = argument(
        project.link,
        operation.module,
        operation.row,
        operation.method,
        str(operation.method.filter),
        way.frame.env if way.frame else None,
    )
    if collection is None or place is None:
        return
    value = project.link.value(*place)
    for atom in value if all(type(atom) is Keywords for atom in value) else ():
        yield replace(operation, collections=(collection,), filter=project.reader.of_value((atom,)))
