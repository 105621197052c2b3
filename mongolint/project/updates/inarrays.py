"""Updates of members of an array, ``{"$set": {"addresses.$[].main": False}}``, of documents without that array.

The server refuses them: "The path 'addresses' must exist in the document in order to apply array updates".
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from mongolint.fastclasses import NamedTuple
from mongolint.project.operations import Operation, argument
from mongolint.project.updates.pulled import entries
from mongolint.project.writes.inserts import INSERTING

if TYPE_CHECKING:
    from mongolint.project.model import Project

_CHANGING = frozenset(["update_one", "update_many", "find_one_and_update"])
_FILLING = frozenset(["$push", "$addToSet", "$pull", "$pullAll", "$pop"])
_MEMBERS = ".$["


class ArrayUpdate(NamedTuple):
    """An update of the members of ``field``, which no document has when ``insert`` stores it."""

    operation: Operation
    field: str
    insert: Operation


def refused(project: Project) -> Iterator[ArrayUpdate]:
    """Only where all inserts are seen to store no such field, and nothing on the way asks for it."""
    for operation in project.operations:
        if operation.name not in _CHANGING or operation.module in project.tests or len(operation.collection_names) != 1:
            continue
        for field in _arrays(project, operation):
            if not _asks_for(operation, field) and not _looks_at(project, operation, field):
                insert = _without(project, operation.collection_names[0], field)
                if insert is not None:
                    yield ArrayUpdate(operation, field, insert)


def _arrays(project: Project, operation: Operation) -> list[str]:
    """The arrays at the top of a document of which an update changes the members."""
    place = argument(project.link, operation.module, operation.row, operation.method, "update")
    parts = entries(project, place) if place is not None else {}
    paths = [path for part in parts.values() for path in entries(project, part)]
    fields = dict.fromkeys(path.partition(_MEMBERS)[0] for path in paths if _MEMBERS in path)
    return [field for field in fields if field and "." not in field]


def _asks_for(operation: Operation, field: str) -> bool:
    """Whether the filter may leave out the documents without the array."""
    asked = operation.filter
    names = (*asked.required, *asked.optional)
    return asked.open or bool(asked.clauses) or any(name.partition(".")[0] == field for name in names)


def _looks_at(project: Project, operation: Operation, field: str) -> bool:
    """Whether the function reads the array, or fills it before: it may well know that there is one."""
    facts = project.modules[operation.module]
    first, behind = facts.scopes[operation.scope].rows
    for row in range(first, behind):
        node = facts.nodes[row]
        keys = [node[2]] if node[0] == "item" else [each for _, each in node[2]] if node[0] == "call" else []
        keys += node[2] if node[0] == "compare" else []
        if any(facts.constant(key) == field for key in keys):
            return True
    uses = project.fields.of(operation.collection_names[0]).fields
    written = uses[field].written if field in uses else ()
    ways = [use.operation for use in written if use.operation is not None]
    return any((o.module, o.scope) == (operation.module, operation.scope) and o.row < operation.row for o in ways)


def _without(project: Project, collection: str, field: str) -> Operation | None:
    """An insert of documents without the field, if all documents begin so, and only members are added later."""
    for other in project.operations_on(collection):
        if other.module not in project.tests and other.method.kind == "write":
            is_plain = other.name in _CHANGING and "upsert" not in project.keywords(other)
            if not (is_plain or other.name in INSERTING or "delete" in other.name):
                return None
    stored = [(way, content) for way, held, content in project.writes.written if held.name == collection]
    if not stored or any(content.open or content.sources for _, content in stored):
        return None
    if any(name.partition(".")[0] == field for _, content in stored for name in content.fields):
        return None
    uses = project.fields.of(collection).fields
    if field not in uses or not all(use.operator in _FILLING for use in uses[field].written):
        return None
    return stored[-1][0].operation
