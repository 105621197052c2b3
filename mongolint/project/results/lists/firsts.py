"""Lists that are cut off, of which the first document of each kind is kept: ``kept.setdefault(doc["of"], doc)``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from mongolint.project.results import unbounded
from mongolint.project.results.flow import flow

if TYPE_CHECKING:
    from mongolint.facts.shapes import ModuleFacts
    from mongolint.project.model import Project
    from mongolint.project.operations import Operation

_ABSENT = {("NotIn", "then"), ("In", "otherwise")}


def first_of_each(project: Project, operation: Operation) -> str | None:
    """The field of which each value keeps the first document that a list of at most so many holds; None for others."""
    if operation.name != "find" or not operation.sort or operation.module in project.tests:
        return None
    most = unbounded.listed_at_most(project, operation)
    step = next((step for step in operation.steps if step.name == "to_list"), None)
    if most is None or most < 2 or step is None or step.module != operation.module:
        return None
    module, facts = operation.module, project.modules[operation.module]
    for user, _ in flow(project, module, step.row).users:
        if facts.nodes[user][0] == "iter":
            field = next(_kept_by(project, module, user), None)
            if field is not None and field != "_id" and not _is_unique(project, operation, field):
                return field
    return None


def _kept_by(project: Project, module: int, element: int) -> Iterator[str]:
    """The fields by whose values documents are kept where there is none yet."""
    facts = project.modules[module]
    found = flow(project, module, element)
    for user, used in found.users:
        node = facts.nodes[user]
        if node[0] == "call" and facts.nodes[node[1]][-1] == "setdefault" and len(node[2]) == 2:
            (_, key), (_, value) = node[2]
            name = field_of(facts, key, found.rows) if value == used else None
            if name is not None:
                yield name
    for store in facts.item_stores:
        if store.value in found.rows and isinstance(store.name, int):
            name = field_of(facts, store.name, found.rows)
            if name is not None and _is_absent(facts, store.context, name, found.rows):
                yield name


def field_of(facts: ModuleFacts, row: int, documents: set[int]) -> str | None:
    """The field of a document that a row is: ``doc["of"]``, ``doc.get("of")``."""
    node = facts.nodes[row]
    if node[0] == "item" and node[1] in documents:
        name = facts.constant(node[2])
    elif node[0] == "call" and facts.nodes[node[1]][0] == "attr" and facts.nodes[node[1]][1] in documents and node[2]:
        name = facts.constant(node[2][0][1]) if facts.nodes[node[1]][2] == "get" else None
    else:
        return None
    return name if isinstance(name, str) else None


def _is_absent(facts: ModuleFacts, context: int, name: str, documents: set[int]) -> bool:
    """Whether a test on the way asks that nothing is there for the value yet."""
    for entry in facts.chain(context):
        node = facts.nodes[entry.ref] if entry.kind in ("then", "otherwise") and entry.ref is not None else ("none",)
        if node[0] == "compare" and len(node[1]) == 1 and (node[1][0], entry.kind) in _ABSENT:
            if field_of(facts, node[2][0], documents) == name:
                return True
    return False


def _is_unique(project: Project, operation: Operation, field: str) -> bool:
    """Whether each document has a value of its own, as far as an index says."""
    indexes = project.indexes_of(operation.collection_names[0]) if len(operation.collection_names) == 1 else ()
    return any(
        index.options.get("unique") is True and [name for name, _ in index.keys or ()] == [field]
        for index in indexes or ()
    )
