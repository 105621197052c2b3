"""What code does with the document that a query gives."""

from __future__ import annotations

from collections.abc import Iterable

import libcst as cst

from mongolint.fix.batches.expressions import changed_names
from mongolint.fix.trees import Tree, descendants

_READING = frozenset(["get", "keys", "items", "values"])


def is_only_read(tree: Tree, expression: cst.CSTNode, body: Iterable[cst.CSTNode], attributes: bool = False) -> bool:
    """Whether the document is looked at and never changed, kept or handed on: then several items may share it.

    ``attributes``: it is an object whose attributes are read.
    """
    parent = tree.parent(expression)
    if isinstance(parent, cst.Assign):
        if len(parent.targets) != 1 or not isinstance(parent.targets[0].target, cst.Name):
            return False
        name = parent.targets[0].target.value
        uses = [
            node
            for each in body
            for node in descendants(each)
            if isinstance(node, cst.Name) and node.value == name and not _is_label(tree, node)
        ]
        if {target for node in uses if (target := _alias(tree, node))} & changed_names(body):
            return False
        reads = [node for node in uses if not isinstance(tree.parent(node), cst.AssignTarget)]
        return all(_is_read(tree, node, attributes) for node in reads)
    if isinstance(parent, cst.NamedExpr):
        return False
    return _is_read(tree, expression, attributes)


def _alias(tree: Tree, node: cst.Name) -> str | None:
    """The name that a part of the document gets: ``tags = user["tags"]``, ``tags = user.get("tags")``."""
    parent = tree.parent(node)
    while isinstance(parent, cst.Subscript | cst.Attribute | cst.Call):
        parent = tree.parent(parent)
    if isinstance(parent, cst.Assign) and isinstance(parent.targets[0].target, cst.Name):
        return parent.targets[0].target.value
    return None


def _is_label(tree: Tree, node: cst.Name) -> bool:
    """Whether a name stands for itself: of an attribute or a keyword."""
    parent = tree.parent(node)
    return (isinstance(parent, cst.Attribute) and parent.attr is node) or (
        isinstance(parent, cst.Arg) and parent.keyword is node
    )


def _is_read(tree: Tree, node: cst.CSTNode, attributes: bool) -> bool:
    parent = tree.parent(node)
    if attributes and isinstance(parent, cst.Attribute) and parent.value is node:
        return not isinstance(tree.parent(parent), cst.Call) and not _is_changed(tree, parent)
    if isinstance(parent, cst.Subscript) and parent.value is node:
        return not _is_changed(tree, parent)
    if isinstance(parent, cst.Attribute) and parent.value is node and parent.attr.value in _READING:
        call = tree.parent(parent)
        return isinstance(call, cst.Call) and not _is_changed(tree, call)
    if isinstance(parent, cst.Comparison | cst.ComparisonTarget | cst.UnaryOperation):
        return True
    if isinstance(parent, cst.If | cst.IfExp | cst.While | cst.Assert) and parent.test is node:
        return True
    if isinstance(parent, cst.BooleanOperation):
        above = tree.parent(parent)
        return isinstance(above, cst.If | cst.While | cst.BooleanOperation | cst.UnaryOperation)
    return isinstance(parent, cst.Expr)


def _is_changed(tree: Tree, node: cst.CSTNode) -> bool:
    """Whether a part of a document is assigned to, deleted, or has a method called that may change it."""
    parent = tree.parent(node)
    if isinstance(parent, cst.AssignTarget | cst.AugAssign | cst.Del | cst.AnnAssign):
        return getattr(parent, "target", None) is node
    if isinstance(parent, cst.Subscript) and parent.value is node:
        return _is_changed(tree, parent)
    if isinstance(parent, cst.Attribute):
        name = parent.attr.value
        call = tree.parent(parent)
        if not isinstance(call, cst.Call):
            return True
        return name not in _READING and not name.startswith(("is", "to", "lower", "upper", "strip", "format", "split"))
    return False
