"""Anchors a regular expression that names how a text goes on: ``"abc.*"`` reads as if it began at the start."""

from __future__ import annotations

from typing import TYPE_CHECKING

import libcst as cst

from mongolint.fix.nofix import NoFix
from mongolint.project.operations import Operation

if TYPE_CHECKING:
    from mongolint.fix.draft import Draft

_ENDS = (".*", ".*$")


def anchor(draft: Draft, query: Operation) -> None:
    """See `Draft.anchor`."""
    tree, call = draft.call(query.module, query.row)
    for element in _patterns(call):
        text = tree.text(element.value)
        start = _start(element.value)
        body = text[start : -len(text[start - 1])]
        if body.endswith(_ENDS) and not body.startswith(("^", ".*", "\\A")) and "|" not in body:
            offset = tree.span(element.value)[0] + start
            draft.insert(query.module, offset, "^")
            return
    raise NoFix("whether a prefix is meant is not clear")


def _patterns(call: cst.Call) -> list[cst.DictElement]:
    """The ``"$regex": "…"`` entries of a call."""
    found: list[cst.DictElement] = []

    class Finder(cst.CSTVisitor):
        def visit_DictElement(self, node: cst.DictElement) -> None:  # noqa: N802  # LibCST finds it by this name
            is_key = isinstance(node.key, cst.SimpleString) and node.key.evaluated_value == "$regex"
            if is_key and isinstance(node.value, (cst.SimpleString, cst.FormattedString)):
                found.append(node)

    call.visit(Finder())
    return found


def _start(value: cst.BaseExpression) -> int:
    """How many letters come before the content: the prefix and one quote."""
    if isinstance(value, cst.SimpleString):
        return len(value.prefix) + len(value.quote)
    assert isinstance(value, cst.FormattedString)
    return len(value.start)
