"""What a wrapper asks by a filter that it is given: ``update_one({"email": …}, …)`` of ``coll.update_one(query, …)``.

At the wrapper's own place stand the fields that all callers give and the collections of all; each call says its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from mongolint.project.documents import Document
from mongolint.project.operations import Operation, argument
from mongolint.project.tracing.asked import Asked
from mongolint.project.writes import inserts

if TYPE_CHECKING:
    from mongolint.project.model import Project


def given(project: Project) -> Iterator[Asked]:
    """The operations of helpers whose filter is a parameter, as each call outside of tests runs them."""
    for operation in project.operations:
        if operation.module in project.tests or not _is_vague(operation) or not _takes_filter(project, operation):
            continue
        for way in inserts.ways(project.writes.tracer, operation, project.tests):
            frame = way.frame
            if frame is None or frame.outer is not None or frame.env is None:
                continue
            collection = inserts.collection_of(project.writes.tracer, operation, frame)
            filter = _filter(project, operation, way)
            if collection is not None and filter is not None:
                narrowed = replace(operation, collections=(collection,), filter=filter)
                yield Asked(narrowed, way.point.module, way.row, way.scope, way.point.context)


def _is_vague(operation: Operation) -> bool:
    """Whether an operation does not say itself what it asks of which collection."""
    return operation.collection is None or operation.filter.open or not operation.filter.required


def _takes_filter(project: Project, operation: Operation) -> bool:
    """Whether the whole filter is what a parameter holds, as it was given."""
    role, link = operation.method.filter, project.link
    if role is None or operation.head is not None or link.node(operation.module, operation.row)[0] != "call":
        return False
    place = argument(link, operation.module, operation.row, operation.method, role)
    node = link.node(place.module, place.row) if place is not None else ("none",)
    if node[0] != "param":
        return False
    params = link.scope(operation.module, node[1]).params
    return any(param.name == node[2] and param.kind in ("positional", "keyword") for param in params)


def _filter(project: Project, operation: Operation, way: inserts.Way) -> Document | None:
    """The filter as one call gives it, if the code shows all of it."""
    role = str(operation.method.filter)
    env = way.frame.env if way.frame is not None else None
    place = argument(project.link, operation.module, operation.row, operation.method, role, env)
    filter = project.reader.document(*place) if place is not None else None
    return filter if filter is not None and filter.required and not filter.open else None
