"""Calls of methods that PyMongo 4 no longer has, in projects that surely install it."""

from __future__ import annotations

import os
from collections.abc import Container, Iterator
from typing import TYPE_CHECKING

from mongolint.facts.shapes import ModuleFacts
from mongolint.fastclasses import NamedTuple
from mongolint.link.atoms import Client, Collection, Const, Cursor, Database, External, Method
from mongolint.mongo import removed
from mongolint.mongo.methods import BULK_STARTS, REMOVED_CLIENT, REMOVED_DATABASE
from mongolint.project.clients import driverversion

if TYPE_CHECKING:
    from mongolint.project.model import Project
    from mongolint.project.operations import Operation

_NAMES = frozenset((*REMOVED_CLIENT, *REMOVED_DATABASE, *BULK_STARTS))
# What a model takes into account, but has no such method: the stand-in of an object in another branch
_WITHOUT = (Const, Database, External, Method)
_HOLDERS: dict[type, Container[str]] = {Client: REMOVED_CLIENT, Database: REMOVED_DATABASE, Collection: BULK_STARTS}


class RemovedCall(NamedTuple):
    """A call of a method that is gone.

    ``operation``: the operation that it is, or whose cursor it counts. ``instead``: what to call, in words.
    """

    module: int
    row: int
    name: str
    instead: str
    operation: Operation | None = None

    @property
    def has_twin(self) -> bool:
        """Whether what took its place does the same, however it is called."""
        return self.name in removed.RENAMED or self.name == "insert"


def find(project: Project) -> Iterator[RemovedCall]:
    """All calls of what is gone, where no driver that has it gets installed."""
    newest: dict[str, bool] = {}
    for call in (*_operations(project), *_others(project)):
        folder = os.path.dirname(project.modules[call.module].path)
        if folder not in newest:
            newest[folder] = driverversion.is_surely_new(project, call.module, driverversion.FOURTH)
        if newest[folder] or (call.operation is not None and call.operation.flavour == "async"):
            yield call


def _operations(project: Project) -> Iterator[RemovedCall]:
    for operation in project.operations:
        name, place = operation.name, (operation.module, operation.row)
        instead = removed.INSTEAD.get(name) if operation.method.removed else None
        if instead is not None and _is_only(project, *place, Collection):
            yield RemovedCall(*place, name, instead, operation)
        for step in operation.steps:
            if step.name == "count" and _is_only(project, step.module, step.row, Cursor):
                yield RemovedCall(step.module, step.row, "count", removed.CURSOR_COUNT, operation)


def _is_only(project: Project, module: int, row: int, kind: type) -> bool:
    """Whether a call is of a method of such an object, and of nothing that may have a method of that name."""
    link = project.link
    node = link.node(module, row)
    function = link.node(module, node[1]) if node[0] == "call" else node
    held = {type(atom) for atom in link.value(module, function[1])} if function[0] == "attr" else set()
    return kind in held and held <= {kind, *_WITHOUT}


def _others(project: Project) -> Iterator[RemovedCall]:
    """Calls on databases and clients, and of what begins a bulk operation."""
    link = project.link
    for module in range(len(project.modules)):
        for row, name in link.of_module(_named, module):
            if any(name in names and _is_only(project, module, row, kind) for kind, names in _HOLDERS.items()):
                yield RemovedCall(module, row, name, removed.INSTEAD[name])


def _named(facts: ModuleFacts, index: int) -> list[tuple[int, str]]:
    """The calls of methods that have the name of one that is gone."""
    found = []
    for call in facts.calls:
        function = facts.nodes[facts.nodes[call.row][1]]
        if function[0] == "attr" and function[2] in _NAMES:
            found.append((call.row, function[2]))
    return found
