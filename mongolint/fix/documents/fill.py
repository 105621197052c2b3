"""A parameter in the place of the None that a document gets."""

from __future__ import annotations

from typing import TYPE_CHECKING

import libcst as cst

from mongolint.fix.nofix import NoFix
from mongolint.project.fields.doubts.empty import EmptyField

if TYPE_CHECKING:
    from mongolint.fix.draft import Draft


def fill(draft: Draft, field: EmptyField) -> None:
    """See `Draft.fill_field`."""
    operation = field.use.operation
    if operation is None or not field.parameter:
        raise NoFix("what it should hold is not known")
    tree, call = draft.call(operation.module, operation.row)
    function = tree.nearest(call, cst.FunctionDef)
    found: list[cst.BaseExpression] = []

    class Finder(cst.CSTVisitor):
        def visit_DictElement(self, node: cst.DictElement) -> None:  # noqa: N802  # LibCST finds it by this name
            is_key = isinstance(node.key, cst.SimpleString) and node.key.evaluated_value == field.name
            if is_key and isinstance(node.value, cst.Name) and node.value.value == "None":
                found.append(node.value)

    if function is not None:
        function.visit(Finder())
    if len(found) != 1:
        raise NoFix("the None is not spelled out in the function that inserts")
    draft.replace(operation.module, tree.span(found[0]), field.name)
