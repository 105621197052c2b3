"""Writes to two collections that belong together, in no transaction."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from mongolint.facts.shapes import ModuleFacts
from mongolint.fastclasses import NamedTuple
from mongolint.link.rowtools import reached_rows
from mongolint.project.handlers import is_inside
from mongolint.project.loops import elsewhere
from mongolint.project.operations import Operation
from mongolint.project.sessions import regions

if TYPE_CHECKING:
    from mongolint.project.model import Project

_ID = re.compile(r"(^|_)(id|oid|uuid|pk)s?$|[a-z]Ids?$", re.IGNORECASE)
# What is told beside, and no part of the data that belongs together, unless other documents refer to it
_BESIDE = re.compile(r"log|audit|event|history|metric|stat|notif|cache|lock|queue|task|job", re.IGNORECASE)


class DependentWrites(NamedTuple):
    """Two writes of one function; ``shared``: the id that both have, "" where the second needs what the first gives.

    ``call``: the row of the call of a helper that does the first; None where the function does both itself.
    """

    first: Operation
    second: Operation
    shared: str
    call: int | None = None


def find(project: Project) -> Iterator[DependentWrites]:
    """The first such pair of each function."""
    functions: dict[tuple[int, int], list[Operation]] = {}
    for operation in project.operations:
        if _is_counted(project, operation):
            functions.setdefault((operation.module, operation.scope), []).append(operation)
    transactions = list(regions.find(project.link))
    for (module, _), writes in functions.items():
        facts = project.modules[module]
        inside = {
            call.row for region in transactions if region.module == module for call in regions.calls_in(facts, region)
        }
        outside = [each for each in writes if each.row not in inside]
        found = _pair(project, outside) or _after_helper(project, outside, inside)
        if found is not None:
            yield found


def _is_counted(project: Project, operation: Operation) -> bool:
    if operation.module in project.tests or project.is_script(operation.module) or operation.scope == 0:
        return False
    if operation.method.kind != "write" or operation.session or operation.collection is None:
        return False
    if project.modules[operation.module].nodes[operation.row][0] != "call":
        return False
    name = str(operation.collection.name)
    return not _BESIDE.search(name) or any(each.parent == name for each in project.fields.references)


def _pair(project: Project, writes: list[Operation]) -> DependentWrites | None:
    for number, second in enumerate(writes):
        facts = project.modules[second.module]
        if any(entry.kind == "handler" for entry in facts.chain(second.context)):
            continue  # it undoes, or tells of, what failed
        for first in writes[:number]:
            if first.collection_names == second.collection_names:
                continue
            if not _may_follow(facts, first, second) or first.row > second.row:
                continue
            shared = _shared(facts, first, second)
            if shared is None:
                shared = _stored_items(facts, first, second) or _of_one_document(project, first, second)
            if shared is None or _talks_between(project, first, second):
                continue
            if not _is_bound(project, second):
                return DependentWrites(first, second, shared)
    return None


def _may_follow(facts: ModuleFacts, first: Operation, second: Operation) -> bool:
    """Whether the second comes after the first: on the same way, or behind the condition on which the first runs."""
    if is_inside(facts, second.context, first.context):
        return True
    if not is_inside(facts, first.context, second.context):
        return False
    around = facts.chain(second.context)
    return all(
        entry.kind in ("then", "otherwise") and not entry.leaves
        for entry in facts.chain(first.context)
        if not any(entry is each for each in around)
    )


def _talks_between(project: Project, first: Operation, second: Operation) -> bool:
    """Whether another system is asked between them: a transaction would wait for that, and cannot undo it."""
    calls = [
        call
        for call in project.modules[first.module].calls
        if call.scope == first.scope and first.row < call.row < second.row
    ]
    return elsewhere.calls_out(project.link, first.module, calls)


def _after_helper(project: Project, writes: list[Operation], inside: set[int]) -> DependentWrites | None:
    """A write to the document with an id, after a helper that is given the id has written to another collection."""
    for second in writes:
        facts, place = project.modules[second.module], second.filter.places.get("_id")
        if second.filter.required.get("_id") != "equality" or place is None or place.module != second.module:
            continue
        key = facts.nodes[place.row]
        name = _id_name(facts, key)
        if not name or any(entry.kind == "handler" for entry in facts.chain(second.context)):
            continue
        for call in facts.calls:
            if call.scope != second.scope or call.row > second.row or call.row in inside:
                continue
            if not is_inside(facts, second.context, call.context):
                continue
            first = _only_write(project, second, call.row)
            given = [facts.nodes[row] for _, row in facts.nodes[call.row][2]]
            if first is not None and key in given and not _is_bound(project, second):
                return DependentWrites(first, second, name, call.row)
    return None


def _only_write(project: Project, second: Operation, row: int) -> Operation | None:
    """The write of the helper that a call runs, if that writes to one other collection than ``second``, and no more."""
    if project.operation_at(second.module, row) is not None:
        return None
    reached = [reach.operation for reach in project.graph.run_by_call(second.module, row) if not reach.chain]
    writes = [each for each in reached if each.method.kind == "write"]
    names = {tuple(each.collection_names) for each in writes}
    if len(names) != 1 or tuple(second.collection_names) in names:
        return None
    return writes[0] if all(_is_counted(project, each) for each in writes) else None


def _is_bound(project: Project, operation: Operation) -> bool:
    return regions.is_bound(project.link, operation.module, operation.scope, operation.context)


def _shared(facts: ModuleFacts, first: Operation, second: Operation) -> str | None:
    """The id that both writes have; None where they have nothing in common."""
    given = _given(facts, second)
    if first.row in given:
        return ""
    common = {node: name for node in _given(facts, first).values() if (name := _id_name(facts, node))}
    rows = [row for row, node in given.items() if node in common]
    # Of an id and what it was made with, the id: it is the one that reaches further back
    nearest = max(rows, key=lambda row: len(reached_rows(facts, row)), default=None)
    return common[given[nearest]] if nearest is not None else None


def _stored_items(facts: ModuleFacts, first: Operation, second: Operation) -> str | None:
    """What the second goes through item by item, of which the first stores all: ``items`` of an order."""
    if first.name != "insert_one":
        return None
    stored = list(_given(facts, first).values())
    for entry in facts.chain(second.context):
        iterable = facts.loops[entry.ref].iterable if entry.kind == "loop" else None
        node = facts.nodes[iterable] if iterable is not None else ("", None)
        if node[0] == "item" and any(_is_same_item(facts, node, each) for each in stored):
            return str(facts.constant(node[2]))
    return None


def _is_same_item(facts: ModuleFacts, one: Any, other: Any) -> bool:
    key = facts.constant(one[2])
    return other[0] == "item" and one[1] == other[1] and isinstance(key, str) and facts.constant(other[2]) == key


def _of_one_document(project: Project, first: Operation, second: Operation) -> str | None:
    """The document by whose ids both find theirs, if one of them changes that document itself."""
    link = project.link
    for row in _asked_by(project, first) & _asked_by(project, second):
        node = link.node(first.module, row)
        read = project.operation_at(first.module, node[1] if node[0] == "await" else row)
        if read is not None and read.name == "find_one":
            if read.collection_names in (first.collection_names, second.collection_names):
                return f"document of {read.target}"
    return None


def _asked_by(project: Project, operation: Operation) -> set[int]:
    """The rows of the documents whose ids a filter compares with."""
    found = set()
    for name, kind in operation.filter.required.items():
        place = operation.filter.places.get(name)
        if kind == "equality" and place is not None and place.module == operation.module:
            node = project.link.node(place.module, place.row)
            if node[0] == "item" and _id_name(project.modules[place.module], node):
                found.add(node[1])
    return found


def _given(facts: ModuleFacts, operation: Operation) -> dict[int, Any]:
    """What an operation is made of, but for what it calls: two calls of ``ObjectId`` have no id in common by that."""
    found = {row: node for _, arg in facts.nodes[operation.row][2] for row, node in reached_rows(facts, arg).items()}
    called = {node[1] for node in found.values() if node[0] == "call"}
    return {row: node for row, node in found.items() if row not in called}


def _id_name(facts: ModuleFacts, node: Any) -> str:
    """What a value that is an id is called; "" for others."""
    name: Any = ""
    if node[0] in ("param", "attr", "free"):
        name = node[2]
    elif node[0] == "item":
        name = facts.constant(node[2])
    return name if isinstance(name, str) and _ID.search(name) else ""
