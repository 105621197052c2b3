"""Fields of which each finds a document that the others are written to, so that two documents may get the same.

``old = find_one({"sha256": …}) or find_one({"md5": …})``, and ``old`` is filled and saved: where one document holds the
one hash and another the other, saving the first with both is right, and a unique index on the later field refuses it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from mongolint.facts.shapes import ModuleFacts, Row
from mongolint.link.atoms import Collection
from mongolint.link.rowtools import alternatives
from mongolint.project.operations import Operation

if TYPE_CHECKING:
    from mongolint.project.model import Project

_SAVING = ("replace_one", "save", "update_one", "insert_one", "insert", "find_one_and_replace", "find_one_and_update")


def find(project: Project) -> Iterator[tuple[Collection, frozenset[str]]]:
    """The collections, and the fields by which a document is looked for only where another field found none."""
    modules = dict.fromkeys(operation.module for operation in project.operations if operation.name == "find_one")
    for module in modules:
        if module in project.tests:
            continue
        for row, operands in project.link.of_module(_choices, module):
            asked = [_asked(project, module, each) for each in operands]
            first = asked[0]
            if first is None or None in asked or not _is_filled(project, module, row, first):
                continue
            for other in asked[1:]:
                if other is not None and first.collection is not None and other.collection == first.collection:
                    yield first.collection, frozenset(other.filter.required)


def _choices(facts: ModuleFacts, index: int) -> list[tuple[int, list[int]]]:
    """The rows of ``a or b``, each with what it chooses from."""
    every = ((row, node) for row, node in facts.of_kind("bool") if node[1] == "or")
    return [(row, list(_operands(facts, node))) for row, node in every]


def _operands(facts: ModuleFacts, node: Row) -> Iterator[int]:
    """``a or b or c``, from the left."""
    for row in node[2]:
        inner = facts.nodes[row]
        if inner[0] == "bool" and inner[1] == "or":
            yield from _operands(facts, inner)
        else:
            yield int(inner[1]) if inner[0] == "await" else row


def _asked(project: Project, module: int, row: int) -> Operation | None:
    """The look-up at a row, by one field."""
    operation = project.operation_at(module, row)
    if operation is None or operation.name != "find_one" or operation.collection is None:
        return None
    fields = operation.filter.required
    return operation if list(fields.values()) == ["equality"] and not operation.filter.open else None


def _is_filled(project: Project, module: int, row: int, first: Operation) -> bool:
    """Whether what is found is handed on, and the function saves such documents."""
    facts = project.modules[module]
    calls = [call for call in facts.calls if call.scope == first.scope and call.row > row]
    handed = any(row in alternatives(facts, arg) for call in calls for _, arg in facts.nodes[call.row][2])
    return handed and any(_saves(project, module, call.row, str(first.collection_names[0])) for call in calls)


def _saves(project: Project, module: int, row: int, collection: str) -> bool:
    own = project.operation_at(module, row)
    runs = [own] if own is not None else [reach.operation for reach in project.reach(module, row)]
    return any(each.name in _SAVING and each.runs_on(collection) for each in runs)
