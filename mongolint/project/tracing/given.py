"""What a wrapper asks by a filter that it is given: ``update_one({"email": …}, …)`` of ``coll.update_one(query, …)``.

At the wrapper's own place stand the fields that all callers give and the collections of all; each call says its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from mongolint.project import pipelines
from mongolint.project.documents import Document, Place
from mongolint.project.operations import Operation
from mongolint.project.tracing.asked import Asked, by_calls, parameter_kind

if TYPE_CHECKING:
    from mongolint.project.model import Project


def given(project: Project) -> Iterator[Asked]:
    """The operations of helpers whose filter is a parameter, as each call outside of tests runs them."""
    for operation in project.operations:
        if operation.module not in project.tests:
            yield from _as_given(project, operation)


def as_called(project: Project, operation: Operation) -> list[Operation]:
    """An operation as each call of its helper runs it; as it is where it says itself what it asks, or a call does not.

    Scripts and tests do not count where the application calls it, too.
    """
    asked = [each.operation for each in _as_given(project, operation)]
    calls = {(at, row) for at, row, _ in project.link.sites.of(operation.module, operation.scope)}
    told = sum(1 for at, _ in calls if at not in project.tests)
    return asked if asked and len(asked) == told else [operation]


def _as_given(project: Project, operation: Operation) -> Iterator[Asked]:
    if _is_vague(operation) and parameter_kind(project, operation) in ("positional", "keyword"):
        yield from by_calls(project, operation, _filters if operation.head is None else _pipelines)


def _is_vague(operation: Operation) -> bool:
    """Whether an operation does not say itself what it asks of which collection."""
    return operation.collection is None or operation.filter.open or not operation.filter.required


def _filters(project: Project, place: Place) -> Iterator[dict[str, Document]]:
    """The filter as one call gives it, if the code shows all of it."""
    filter = project.reader.document(*place)
    if filter.required and not filter.open:
        yield {"filter": filter}


def _pipelines(project: Project, place: Place) -> Iterator[dict[str, Any]]:
    """The same of a pipeline."""
    stages, is_open = pipelines.stages_of(project.reader, place)
    head = pipelines.head_of(project.reader, stages, is_open)
    if head.filter.required and not head.filter.open:
        yield {"filter": pipelines.leading(project.reader, stages, is_open), "head": head, "sort": head.sort}
