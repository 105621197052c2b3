"""A comparison with None in the place of a truth test that raises."""

from __future__ import annotations

from typing import TYPE_CHECKING

import libcst as cst

from mongolint.fix.nofix import NoFix
from mongolint.fix.trees import Tree
from mongolint.project.awaiting.truth import TruthTest

if TYPE_CHECKING:
    from mongolint.fix.draft import Draft

_IS, _IS_NOT = " is None", " is not None"


def compare(draft: Draft, test: TruthTest) -> None:
    """See `Draft.compare_with_none`."""
    tree = draft.file(test.module).tree(test.offsets[0])
    node = tree.at(test.offsets, cst.Call) if test.by_bool else tree.expression(test.offsets)
    if test.by_bool:
        assert isinstance(node, cst.Call)
        _replace_bool(draft, test.module, tree, node)
        return
    parent = tree.parent(node)
    if isinstance(parent, cst.NamedExpr):
        node, parent = parent, tree.parent(parent)
    if isinstance(parent, cst.UnaryOperation) and isinstance(parent.operator, cst.Not):
        _replace_not(draft, test.module, tree, parent, node)
    elif isinstance(parent, cst.BooleanOperation) and not _is_condition(tree, parent):
        _replace_operation(draft, test.module, tree, parent, node)
    else:
        _append(draft, test.module, tree, node, _IS_NOT)


def _append(draft: Draft, module: int, tree: Tree, node: cst.BaseExpression, words: str) -> None:
    bare = isinstance(node, cst.NamedExpr) and not node.lpar
    start, end = tree.outer_span(node)
    if bare:
        draft.insert(module, start, "(")
    draft.insert(module, end, f"){words}" if bare else words)


def _replace_not(draft: Draft, module: int, tree: Tree, whole: cst.UnaryOperation, node: cst.BaseExpression) -> None:
    start, begin = tree.span(whole)[0], tree.outer_span(node)[0]
    if "#" in tree.file_text[start:begin]:
        raise NoFix("a comment stands behind the not")
    draft.replace(module, (start, begin), "")
    _append(draft, module, tree, node, _IS)


def _replace_bool(draft: Draft, module: int, tree: Tree, call: cst.Call) -> None:
    value = call.args[0].value
    (start, end), (begin, stop) = tree.span(call), tree.outer_span(value)
    if "#" in tree.file_text[start:begin] + tree.file_text[stop:end]:
        raise NoFix("a comment would be lost")
    parent = tree.parent(call)
    bind = not call.lpar and isinstance(
        parent, cst.Comparison | cst.ComparisonTarget | cst.BinaryOperation | cst.Attribute | cst.UnaryOperation
    )
    draft.replace(module, (start, begin), "(" if bind else "")
    draft.replace(module, (stop, end), _IS_NOT + (")" if bind else ""))


def _is_condition(tree: Tree, operation: cst.BooleanOperation) -> bool:
    """Whether only the truth of ``a and b`` matters."""
    below: cst.CSTNode = operation
    for above in tree.ancestors(operation):
        if isinstance(above, cst.If | cst.While | cst.Assert | cst.CompIf | cst.IfExp):
            return above.test is below
        if isinstance(above, cst.UnaryOperation):
            return isinstance(above.operator, cst.Not)
        if not isinstance(above, cst.BooleanOperation):
            return False
        below = above
    return False


def _replace_operation(
    draft: Draft, module: int, tree: Tree, whole: cst.BooleanOperation, node: cst.BaseExpression
) -> None:
    """``a or b`` as a value is ``a if a is not None else b``."""
    if not _is_plain(node):
        raise NoFix("it would be evaluated twice; give it a name first")
    parent = tree.parent(whole)
    if whole.left is not node or (isinstance(parent, cst.BooleanOperation | cst.IfExp) and not whole.lpar):
        raise NoFix("it stands in a longer expression; compare with None, is not None")
    start, end = tree.span(whole)
    if "#" in tree.file_text[start:end]:
        raise NoFix("a comment would be lost")
    right = tree.outer_span(whole.right)
    other = tree.file_text[slice(*right)]
    name = tree.text(node)
    if isinstance(whole.operator, cst.Or):
        draft.replace(module, (start, right[0]), f"{name} if {name} is not None else ")
    else:
        draft.replace(module, (start, end), f"{other} if {name} is not None else None")


def _is_plain(node: cst.BaseExpression) -> bool:
    while isinstance(node, cst.Attribute):
        node = node.value
    return isinstance(node, cst.Name)
