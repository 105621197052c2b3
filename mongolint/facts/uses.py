"""What is done with values that not every kind of value bears: truth tests and iteration (see `Use`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import libcst as cst

from mongolint.facts.shapes import Use

if TYPE_CHECKING:
    from mongolint.facts.build import Builder

# Expressions of which it is not plain to see what they are
_OPEN = (cst.Name, cst.Attribute, cst.Subscript, cst.Call, cst.Await)


def tested(b: Builder, node: cst.BaseExpression, row: int) -> None:
    """Note that the truth of ``node`` decides; of ``a and b`` that of ``a`` is noted where it is met."""
    if isinstance(node, cst.BooleanOperation):
        tested(b, node.right, b.nodes[row][2][1])
    else:
        _note(b, "test", node, row)


def iterated(b: Builder, node: cst.BaseExpression, row: int) -> None:
    """Note that ``node`` is gone through, otherwise than by ``async for``."""
    _note(b, "iterate", node, row)


def lost(b: Builder, row: int) -> None:
    """Note a use that the table does not show: ``-x``, ``a[x:]``."""
    b.facts.uses.append(Use("other", row, b.scope, b.context))


def _note(b: Builder, kind: str, node: cst.BaseExpression, row: int) -> None:
    if isinstance(node, cst.NamedExpr):
        node = node.value
    if isinstance(node, _OPEN) and b.nodes[row][0] != "const":
        use = Use(kind, row, b.scope, b.context)
        b.facts.uses.append(use)
        b.mark_object(node, use, node)
