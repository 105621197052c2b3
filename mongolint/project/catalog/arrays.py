"""Fields in which code shows arrays to be."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from mongolint.mongo.operators import UPDATE_OPERATORS
from mongolint.project.operations import Operation, argument

if TYPE_CHECKING:
    from mongolint.project.model import Project

_ASKED = ("elem-match", "array")


def array_fields(project: Project, collection: str) -> set[str]:
    """Those of a collection that ``$push`` and its kin write, or ``$elemMatch``, ``$all`` and ``$size`` ask for."""
    found: set[str] = set()
    for operation in project.operations_on(collection):
        compared = {**operation.filter.optional, **operation.filter.required}
        found |= {name for name, kind in compared.items() if kind in _ASKED}
        found |= set(_pushed(project, operation))
    return found


def _pushed(project: Project, operation: Operation) -> Iterator[str]:
    link, role = project.link, operation.method.update
    if role is None or link.node(operation.module, operation.row)[0] != "call":
        return
    update = argument(link, operation.module, operation.row, operation.method, role)
    for operator, place in project.reader.entries(*update) if update is not None else ():
        if UPDATE_OPERATORS.get(operator) == "array":
            yield from (name for name, _ in project.reader.entries(*place))
