"""Queries of one function that find the same documents to work something out of them, where one ``$facet`` would do.

Source: MongoDB manual, "$facet": its pipelines get the documents of one ``$match`` before it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mongolint.fastclasses import NamedTuple
from mongolint.link.rowtools import reached_rows
from mongolint.project.fields.computed import matched
from mongolint.project.operations import Operation

if TYPE_CHECKING:
    from mongolint.facts.shapes import ModuleFacts
    from mongolint.project.model import Project

_READING = frozenset(["aggregate", "count_documents", "find", "find_one", "distinct"])
_LOOPS = frozenset(["loop", "comp", "while-test"])


class Together(NamedTuple):
    """Queries, in their order, that have one filter; one of them at least groups the documents."""

    collection: str
    operations: tuple[Operation, ...]


def asked_together(project: Project) -> list[Together]:
    """Those of each block of a function, with no write to the collection in between; none in loops."""
    blocks: dict[tuple[int, int, int, str], list[Operation]] = {}
    for operation in project.operations:
        if operation.module in project.tests or project.is_script(operation.module) or operation.scope <= 0:
            continue
        if operation.name in _READING or operation.method.kind == "write":
            name = operation.collection_names[0] if len(operation.collection_names) == 1 else ""
            place = (operation.module, operation.scope, operation.context, name)
            blocks.setdefault(place, []).append(operation)
    found = []
    for (module, _, context, name), operations in blocks.items():
        around = project.modules[module].chain(context)
        if not name or len(operations) < 2 or any(each.kind in _LOOPS for each in around):
            continue
        operations.sort(key=lambda each: each.row)
        found += _of_block(project, name, operations)
    return found


def _of_block(project: Project, name: str, operations: list[Operation]) -> list[Together]:
    found: list[Together] = []
    left = [(each, _filter(project, each)) for each in operations]
    while left:
        first, row = left.pop(0)
        if row is None or first.name not in _READING:
            continue
        facts, held = project.modules[first.module], [first]
        for each, other in left:
            if each.method.kind == "write":
                break
            if other is not None and each.name in _READING and _is_same(facts, row, other):
                held.append(each)
        left = [each for each in left if each[0] not in held]
        if len(held) > 1 and any(_groups(project, each) for each in held) and _are_run(project, held):
            found.append(Together(name, tuple(held)))
    return found


def _groups(project: Project, operation: Operation) -> bool:
    """Whether a pipeline works something out of the documents, where others only make a page of them, or store it."""
    place = project.results.argument(operation, operation.method.pipeline) if operation.name == "aggregate" else None
    if place is None:
        return False
    facts = project.modules[place.module]
    nodes = [node for node in reached_rows(facts, place.row).values() if node[0] == "dict"]
    names = {facts.constant(key) for node in nodes for key, _ in node[1] if key is not None}
    return "$group" in names and not {"$out", "$merge"} & names


def _are_run(project: Project, operations: list[Operation]) -> bool:
    """Whether something runs them, and no call in between writes to the collection."""
    first, last = operations[0], operations[-1]
    if project.reached(first.module, first.scope).runner == "nothing":
        return False
    names = {*first.collection_names}
    for call in project.modules[first.module].calls:
        if call.scope == first.scope and first.row < call.row < last.row:
            own = project.operation_at(first.module, call.row)
            run = [own] if own else [each.operation for each in project.graph.run_by_call(first.module, call.row)]
            if any(each.method.kind == "write" and names.intersection(each.collection_names) for each in run):
                return False
    return True


def _filter(project: Project, operation: Operation) -> int | None:
    """The filter as a row of the module; None for one that asks for nothing, or is not written there."""
    method = operation.method
    place = project.results.argument(operation, method.pipeline or method.filter)
    if place is None or place.module != operation.module or operation.session:
        return None
    facts = project.modules[operation.module]
    row = matched(facts, place.row) if method.pipeline else place.row
    return None if row is None or facts.nodes[row] == ("dict", ()) or facts.nodes[row][0] == "const" else row


def _is_same(facts: ModuleFacts, one: int, other: int) -> bool:
    """Whether two expressions are one value: what is computed anew may be another."""
    if one == other:
        return True
    node, also = facts.nodes[one], facts.nodes[other]
    if node[0] != also[0]:
        return False
    match node[0]:
        case "const" | "free" | "param" | "from":
            return bool(node == also and (node[0] != "const" or type(node[1]) is type(also[1])))
        case "dict":
            return len(node[1]) == len(also[1]) and all(
                (key is None) == (key_also is None)
                and (key is None or key_also is None or _is_same(facts, key, key_also))
                and _is_same(facts, value, value_also)
                for (key, value), (key_also, value_also) in zip(node[1], also[1], strict=True)
            )
        case "seq" | "fstr":
            rows, rows_also = (each[2] if each[0] == "seq" else each[1] for each in (node, also))
            pairs = zip(rows, rows_also, strict=False)
            return len(rows) == len(rows_also) and all(_is_same(facts, *pair) for pair in pairs)
        case "attr":
            return node[2] == also[2] and _is_same(facts, node[1], also[1])
        case "item":
            return _is_same(facts, node[1], also[1]) and _is_same(facts, node[2], also[2])
    return False
