"""A cursor of an asynchronous driver, gone through as such: ``async for``, or all of its documents at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import libcst as cst

from mongolint.fix.awaits import places
from mongolint.fix.nofix import NoFix
from mongolint.fix.trees import Tree
from mongolint.project.awaiting.iteration import Iteration

if TYPE_CHECKING:
    from mongolint.fix.draft import Draft


def read(draft: Draft, found: Iteration) -> None:
    """See `Draft.iterate_async`."""
    facts = draft.project.modules[found.module]
    if not found.builtin:
        offsets = facts.spans[found.row] if facts.nodes[found.row][0] == "call" else found.offsets
        tree = draft.file(found.module).tree(offsets[0])
        cursor = tree.expression(offsets)
        places.check_async(tree, cursor)
        iterate(draft, found.module, tree, cursor, found.thing.flavour)
        return
    tree, call = draft.call(found.module, found.call)
    places.check_async(tree, call)
    if found.builtin in ("next", "iter"):
        raise NoFix("only one document may be wanted: await anext(…), or find_one")
    position = [row for keyword, row in facts.nodes[found.call][2]].index(found.row)
    value = call.args[position].value
    if found.builtin == "list" and len(call.args) == 1 and _replace_list(draft, found, tree, call, value):
        return
    documents(draft, found.module, tree, value, found.thing.flavour)


def reading(flavour: str) -> str:
    """The step that reads a cursor to its end; Motor before 3.6 wants a length."""
    return ".to_list(None)" if flavour == "motor" else ".to_list()"


def iterate(
    draft: Draft, module: int, tree: Tree, node: cst.BaseExpression, flavour: str, *, pending: bool = False
) -> bool:
    """Go through the cursor ``node`` by ``async for`` where that may stand, else through its documents.

    ``pending``: the cursor itself has to be awaited first, which is done as well; tells so.
    """
    loop = tree.parent(node)
    if isinstance(loop, cst.For) and loop.iter is node:
        draft.insert(module, tree.span(loop)[0], "async ")
    elif isinstance(loop, cst.CompFor) and loop.iter is node and _may_be_async(tree, loop):
        start = tree.outer_span(loop.target)[0]
        draft.insert(module, tree.file_text.rindex("for", 0, start), "async ")
    else:
        documents(draft, module, tree, node, flavour, pending=pending)
        return pending
    if pending:
        places.insert_await(draft, module, tree, node)
    return pending


def _may_be_async(tree: Tree, loop: cst.CompFor) -> bool:
    """Whether the comprehension is no generator, nor inside of another one, where that needs Python 3.11."""
    found = [above for above in tree.ancestors(loop) if isinstance(above, cst.BaseComp)]
    return len(found) == 1 and not isinstance(found[0], cst.GeneratorExp)


def documents(
    draft: Draft, module: int, tree: Tree, node: cst.BaseExpression, flavour: str, *, pending: bool = False
) -> None:
    """Put a list of the cursor's documents in the place of the cursor."""
    places.check_async(tree, node)
    start, end = tree.outer_span(node)
    opening, closing = _brackets(node, pending)
    draft.insert(module, start, f"await {opening}")
    draft.insert(module, end, closing + reading(flavour))


def _brackets(node: cst.BaseExpression, pending: bool = False) -> tuple[str, str]:
    """What makes an expression one of which a method can be called; it is awaited itself if it is ``pending``."""
    if pending:
        return "(await ", ")"
    is_bare = not node.lpar and not isinstance(node, cst.Name | cst.Attribute | cst.Subscript | cst.Call)
    return ("(", ")") if is_bare else ("", "")


def _replace_list(draft: Draft, found: Iteration, tree: Tree, call: cst.Call, value: cst.BaseExpression) -> bool:
    """``list(cursor)`` is ``await cursor.to_list()``; False where a comment would be lost."""
    (start, end), (begin, stop) = tree.span(call), tree.outer_span(value)
    text = tree.file_text
    if "#" in text[start:begin] or "#" in text[stop:end] or "\n" in text[start:begin]:
        return False
    around = places.needs_brackets(tree, call)
    opening, closing = _brackets(value)
    draft.replace(found.module, (start, begin), ("(await " if around else "await ") + opening)
    draft.replace(found.module, (stop, end), closing + reading(found.thing.flavour) + (")" if around else ""))
    return True
