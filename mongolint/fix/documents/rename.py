"""Another field in a query, or where a value is taken out of a document."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import libcst as cst

from mongolint.facts.shapes import ModuleFacts, Offsets, Row
from mongolint.fix.nofix import NoFix
from mongolint.fix.trees import Tree
from mongolint.project.fields.shapes import Use
from mongolint.project.operations import Operation

if TYPE_CHECKING:
    from mongolint.fix.draft import Draft

_PARTS = {"setitem": (1,), "mutated": (1,), "delitem": (1,), "await": (1,), "typed": (2,)}


def rename(draft: Draft, use: Use, old: str, new: str) -> None:
    """See `Draft.rename_field`."""
    if use.operation is not None:
        _in_operation(draft, use.operation, old, new)
        return
    for module, facts in enumerate(draft.project.modules):
        if draft.project.path(module) == use.span.file:
            for row, offsets in facts.spans.items():
                if draft.project.span(module, row) == use.span:
                    _in_value(draft, module, offsets, old, new)
                    return
    raise NoFix("its place in the code was not found again")


def _in_operation(draft: Draft, operation: Operation, old: str, new: str) -> None:
    """Put ``new`` in the place of ``old`` where an operation spells it out.

    Raises:
        NoFix: it does so elsewhere, or nowhere.
    """
    facts = draft.project.modules[operation.module]
    found: dict[tuple[int, int], str] = {}
    for row in _spelled(facts, operation):
        offsets = facts.spans[row]
        tree = draft.file(operation.module).tree(offsets[0])
        for string in _strings(_node(tree, offsets, facts.nodes[row]), old):
            found[tree.span(string)] = _quoted(tree, string, new)
    if not found:
        raise NoFix("the field is not spelled out there")
    for offsets, content in found.items():
        draft.replace(operation.module, offsets, content)


def _in_value(draft: Draft, module: int, offsets: Offsets, old: str, new: str) -> None:
    """The same where a value is taken out of a document."""
    tree = draft.file(module).tree(offsets[0])
    kinds: tuple[type[cst.Subscript | cst.Call], ...] = (cst.Subscript, cst.Call)
    for kind in kinds:
        try:
            node = tree.at(offsets, kind)
        except NoFix:
            continue
        keys = node.slice if isinstance(node, cst.Subscript) else node.args[:1]
        strings = [string for key in keys for string in _strings(key, old)]
        if len(strings) == 1:
            draft.replace(module, tree.span(strings[0]), _quoted(tree, strings[0], new))
            return
    raise NoFix("the field is not spelled out there")


def _spelled(facts: ModuleFacts, operation: Operation) -> Iterator[int]:
    """The rows with a place in which an operation's documents are written: the call, its steps, dicts and lists."""
    calls = [operation.row, *(step.row for step in operation.steps if step.module == operation.module)]
    pending = list(calls)
    seen: set[int] = set()
    while pending:
        row = pending.pop()
        if row in seen:
            continue
        seen.add(row)
        node = facts.nodes[row]
        if row in calls and node[0] == "call":
            pending += [arg for _, arg in node[2]]
            continue
        if node[0] in ("dict", "seq") and row in facts.spans:
            yield row
        elif node[0] == "phi":
            pending += node[1]
        pending += [node[part] for part in _PARTS.get(node[0], ()) if node[part] is not None]
    yield from (row for row in calls if row in facts.spans)


def _node(tree: Tree, offsets: Offsets, row: Row) -> cst.CSTNode:
    if row[0] == "call":
        return tree.at(offsets, cst.Call)
    if row[0] == "dict":
        return tree.at(offsets, cst.Dict)
    kinds: dict[str, type[cst.List | cst.Tuple | cst.Set]] = {"list": cst.List, "tuple": cst.Tuple, "set": cst.Set}
    return tree.at(offsets, kinds[row[1]])


def _strings(node: cst.CSTNode, text: str) -> list[cst.SimpleString]:
    """The strings in a node that say ``text``; of a call only those of its arguments, and no values of documents."""
    found: list[cst.SimpleString] = []

    class Finder(cst.CSTVisitor):
        def visit_SimpleString(self, node: cst.SimpleString) -> None:  # noqa: N802  # LibCST finds it by this name
            if node.evaluated_value == text:
                found.append(node)

        def visit_DictElement(self, node: cst.DictElement) -> bool:  # noqa: N802
            node.key.visit(self)
            if isinstance(node.value, cst.Dict | cst.List):
                node.value.visit(self)
            return False

    if isinstance(node, cst.Call):
        for arg in node.args:
            arg.value.visit(Finder())
    else:
        node.visit(Finder())
    return found


def _quoted(tree: Tree, string: cst.SimpleString, new: str) -> str:
    text = tree.text(string)
    start = len(string.prefix) + len(string.quote)
    return text[:start] + new + text[-len(string.quote) :]
