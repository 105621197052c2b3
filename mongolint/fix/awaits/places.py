"""Where ``await`` may stand, and how an expression is made one that is awaited."""

from __future__ import annotations

from typing import TYPE_CHECKING

import libcst as cst

from mongolint.fix.nofix import NoFix
from mongolint.fix.trees import Tree

if TYPE_CHECKING:
    from mongolint.fix.draft import Draft


def check_async(tree: Tree, node: cst.CSTNode) -> None:
    """Raises: NoFix: no ``await`` may stand at a node."""
    below = node
    for above in tree.ancestors(node):
        if isinstance(above, cst.Lambda):
            raise NoFix("no await may stand in a lambda")
        if isinstance(above, cst.GeneratorExp) and below is not above.for_in:
            raise NoFix("in a generator expression it would make an asynchronous generator")
        if (
            isinstance(above, cst.CompFor)
            and isinstance(tree.parent(above), cst.GeneratorExp)
            and below is not above.iter
        ):
            raise NoFix("in a generator expression it would make an asynchronous generator")
        if isinstance(above, cst.FunctionDef) and below is above.body:
            if above.asynchronous is None:
                raise NoFix(f"{above.name.value} is no async function: make it one, and await its callers")
            return
        below = above
    raise NoFix("no async function is around it")


def needs_brackets(tree: Tree, node: cst.BaseExpression) -> bool:
    """Whether ``await node`` has to be bracketed where the node stands."""
    if node.lpar:
        return False
    parent = tree.parent(node)
    if isinstance(parent, cst.Attribute | cst.Subscript):
        return parent.value is node
    if isinstance(parent, cst.Call):
        return parent.func is node
    return isinstance(parent, cst.Await)


def insert_await(draft: Draft, module: int, tree: Tree, node: cst.BaseExpression) -> None:
    """Put ``await`` before a node."""
    start, end = tree.span(node)
    brackets = needs_brackets(tree, node)
    draft.insert(module, start, "(await " if brackets else "await ")
    if brackets:
        draft.insert(module, end, ")")


def awaiting_around(tree: Tree, node: cst.BaseExpression) -> cst.Await | None:
    """The ``await`` of ``await node.name(…)["key"]``."""
    below: cst.CSTNode = node
    for above in tree.ancestors(node):
        if isinstance(above, cst.Await):
            return above
        if isinstance(above, cst.Attribute | cst.Subscript):
            taken = above.value is below
        else:
            taken = isinstance(above, cst.Call) and above.func is below
        if not taken:
            return None
        below = above
    return None
