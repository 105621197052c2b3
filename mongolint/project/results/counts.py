"""Counts that only answer whether there is a document."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mongolint.fastclasses import NamedTuple
from mongolint.project.results.flow import flow

if TYPE_CHECKING:
    from mongolint.facts.shapes import ModuleFacts
    from mongolint.project.model import Project
    from mongolint.project.operations import Operation

# What a count is compared with where only "none or some" matters: operator, constant; the count stands on the left
_TELLING = frozenset(
    [
        *(("GreaterThan", 0), ("NotEqual", 0), ("Equal", 0), ("GreaterThanEqual", 1), ("LessThan", 1)),
        ("LessThanEqual", 0),
    ]
)
_TURNED = {
    "GreaterThan": "LessThan",
    "LessThan": "GreaterThan",
    "GreaterThanEqual": "LessThanEqual",
    "LessThanEqual": "GreaterThanEqual",
}


class Existence(NamedTuple):
    """A count that is only asked whether it is 0. ``row``: the call that counts, of the operation or its cursor."""

    operation: Operation
    module: int
    row: int


def existence(project: Project, operation: Operation) -> Existence | None:
    """The count that an operation makes, if all that is asked of it is whether there is a document."""
    if operation.name in ("count_documents", "count"):
        module, row = operation.module, operation.row
    else:
        step = next((step for step in operation.steps if step.name == "count"), None)
        if operation.name != "find" or step is None:
            return None
        module, row = step.module, step.row
    if project.modules[module].nodes[row][0] != "call" or _is_limited(project, operation):
        return None
    is_asked, only = _asked(project, module, row, set())
    return Existence(operation, module, row) if is_asked and only else None


def _is_limited(project: Project, operation: Operation) -> bool:
    """Whether something bounds the count already, or may."""
    args = project.link.node(operation.module, operation.row)[2]
    if any(keyword in ("limit", "*", "**") for keyword, _ in args):
        return True
    return any(step.name in ("limit", "skip") for step in operation.steps) or _is_one(project, operation)


def _is_one(project: Project, operation: Operation) -> bool:
    """Whether the filter names one document, so that there is nothing to count."""
    named = {name for name, kind in operation.filter.required.items() if kind == "equality"}
    return "_id" in named or any(
        index.options.get("unique") is True and index.keys and {name for name, _ in index.keys} <= named
        for index in project.indexes
        if operation.runs_on(index.collection_name)
    )


def _asked(project: Project, module: int, row: int, seen: set[int]) -> tuple[bool, bool]:
    """Whether it is asked whether a value is true, and whether nothing else is."""
    if row in seen:
        return False, True
    seen.add(row)
    facts = project.modules[module]
    found = flow(project, module, row)
    is_asked, only = found.tested, not found.leaves
    for user, used in found.users:
        node = facts.nodes[user]
        if node[0] == "not" or (node[0] == "compare" and _tells(facts, node, used)):
            is_asked = True
        elif node[0] == "ifexp":
            is_asked = True  # the value is its test
        elif node[0] == "bool":
            inner = _asked(project, module, user, seen)
            is_asked, only = is_asked or inner[0], only and inner[1]
        elif node[0] == "call" and facts.nodes[node[1]][0] == "free" and facts.nodes[node[1]][2] == "bool":
            is_asked = True
        else:
            only = False
    return is_asked, only


def _tells(facts: ModuleFacts, node: tuple[object, ...], used: int) -> bool:
    """Whether a comparison only tells none from some."""
    operators, rows = node[1], node[2]
    if not isinstance(operators, tuple) or not isinstance(rows, tuple) or len(operators) != 1:
        return False
    operator = operators[0]
    left, right = rows
    if used == right:
        operator, left, right = _TURNED.get(operator, operator), right, left
    value = facts.constant(right)
    return type(value) is int and (operator, value) in _TELLING
