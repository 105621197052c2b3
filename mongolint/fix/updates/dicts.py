"""Dicts that are written out: their entries found, taken out and put in."""

from __future__ import annotations

from typing import TYPE_CHECKING

import libcst as cst

from mongolint.fix.nofix import NoFix
from mongolint.fix.trees import Tree, line_start

if TYPE_CHECKING:
    from mongolint.fix.draft import Draft


def entry(node: cst.BaseExpression | None, key: str) -> cst.DictElement | None:
    """The entry of a dict display with this key."""
    if isinstance(node, cst.Dict):
        for element in node.elements:
            if isinstance(element, cst.DictElement) and isinstance(element.key, cst.SimpleString):
                if element.key.evaluated_value == key:
                    return element
    return None


def take_out(draft: Draft, module: int, tree: Tree, owner: cst.Dict, element: cst.DictElement) -> None:
    """Remove one of several entries, with its comma.

    Raises:
        NoFix: a comment stands there.
    """
    number = list(owner.elements).index(element)
    start, end = tree.span(element)
    if number + 1 < len(owner.elements):
        end = tree.span(owner.elements[number + 1])[0]
    else:
        start = tree.outer_span(owner.elements[number - 1].value)[1]
        end = tree.outer_span(element.value)[1]
    if "#" in tree.file_text[start:end]:
        raise NoFix("a comment stands beside it")
    draft.replace(module, (start, end), "")


def put_behind(draft: Draft, module: int, tree: Tree, element: cst.DictElement, code: str) -> None:
    """Add an entry behind another, on a line of its own if that has one."""
    text = tree.file_text
    start = tree.span(element)[0]
    blanks = text[line_start(text, start) : start]
    gap = f"\n{blanks}" if not blanks.strip() else " "
    draft.insert(module, tree.outer_span(element.value)[1], f",{gap}{code}")


def move_operator(
    draft: Draft, module: int, tree: Tree, update: cst.Dict, field: str, operator: str, value: str
) -> None:
    """Let ``operator`` change a field that ``$set`` sets now, with ``value`` in the place of what it sets."""
    holder = entry(update, "$set")
    element = entry(holder.value, field) if holder is not None else None
    if holder is None or element is None or not isinstance(holder.value, cst.Dict):
        raise NoFix("the update is not written out in the call")
    key = tree.text(element.key)
    present = entry(update, operator)
    if present is not None:
        raise NoFix(f"the update has a {operator} already")
    operator_key = f"{key[0]}{operator}{key[0]}" if key[0] in "'\"" else f'"{operator}"'
    if len(holder.value.elements) == 1:
        draft.replace(module, tree.span(holder.key), operator_key)
        draft.replace(module, tree.outer_span(element.value), value)
        return
    take_out(draft, module, tree, holder.value, element)
    put_behind(draft, module, tree, holder, f"{operator_key}: {{{key}: {value}}}")
