"""What a wrapper asks by a filter that it is given: ``update_one({"email": …}, …)`` of ``coll.update_one(query, …)``.

At the wrapper's own place stand the fields that all callers give and the collections of all; each call says its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from mongolint.project.documents import Document, Place
from mongolint.project.operations import Operation
from mongolint.project.tracing.asked import Asked, by_calls, parameter_kind

if TYPE_CHECKING:
    from mongolint.project.model import Project


def given(project: Project) -> Iterator[Asked]:
    """The operations of helpers whose filter is a parameter, as each call outside of tests runs them."""
    for operation in project.operations:
        if operation.module in project.tests or operation.head is not None or not _is_vague(operation):
            continue
        if parameter_kind(project, operation) in ("positional", "keyword"):
            yield from by_calls(project, operation, _filters)


def _is_vague(operation: Operation) -> bool:
    """Whether an operation does not say itself what it asks of which collection."""
    return operation.collection is None or operation.filter.open or not operation.filter.required


def _filters(project: Project, place: Place) -> Iterator[Document]:
    """The filter as one call gives it, if the code shows all of it."""
    filter = project.reader.document(*place)
    if filter.required and not filter.open:
        yield filter
