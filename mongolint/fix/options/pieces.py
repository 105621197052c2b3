"""One of several parts between commas taken out: an argument, an entry of a dict, an element of a list."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import libcst as cst

from mongolint.fix.nofix import NoFix
from mongolint.fix.trees import Tree, line_end, line_start

if TYPE_CHECKING:
    from mongolint.facts.shapes import Offsets
    from mongolint.fix.draft import Draft

_COMMENT = "a comment beside it would be lost"


def cut(draft: Draft, module: int, tree: Tree, node: cst.Call | cst.Dict | cst.List | cst.Tuple, number: int) -> None:
    """Take the part of that number out, with its lines if it has them for itself.

    Raises:
        NoFix: a comment goes with it.
    """
    text = tree.file_text
    spans = parts(tree, node)
    start, end = spans[number]
    closing = tree.span(node)[1] - 1
    is_last = number == len(spans) - 1
    comma = text.find(",", end, closing if is_last else spans[number + 1][0])
    behind = comma + 1 if comma >= 0 else end
    rest = text[behind : line_end(text, behind)]
    first = line_start(text, start)
    if not text[first:start].strip() and not rest.strip() and behind < closing:
        stretch = first, line_end(text, behind)
    elif not is_last:
        stretch = start, spans[number + 1][0]
    elif number:
        stretch = spans[number - 1][1], end
    else:
        stretch = start, behind
    if "#" in text[slice(*stretch)].replace(text[start:end], "") or rest.lstrip().startswith("#"):
        raise NoFix(_COMMENT)
    draft.replace(module, stretch, "")


def parts(tree: Tree, node: cst.Call | cst.Dict | cst.List | cst.Tuple) -> list[Offsets]:
    """Where the parts stand, without their commas."""
    if isinstance(node, cst.Call):
        return [_argument(tree, arg) for arg in node.args]
    return [_element(tree, element) for element in node.elements]


def _argument(tree: Tree, arg: cst.Arg) -> Offsets:
    start, end = tree.outer_span(arg.value)
    if arg.star:
        return tree.file_text.rindex(arg.star, 0, start), end
    return (tree.span(arg.keyword)[0] if arg.keyword is not None else start), end


def _element(tree: Tree, element: cst.BaseElement | cst.BaseDictElement) -> Offsets:
    start, end = tree.outer_span(element.value)
    if isinstance(element, cst.DictElement):
        return tree.outer_span(element.key)[0], end
    if isinstance(element, cst.StarredElement | cst.StarredDictElement):
        return tree.file_text.rindex("*", 0, start), end
    return start, end


def find(elements: Sequence[cst.CSTNode], value: cst.BaseExpression) -> int:
    """The number of the part that holds just this value."""
    return next(number for number, element in enumerate(elements) if getattr(element, "value", None) is value)
