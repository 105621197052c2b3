"""Another index in a hint."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import libcst as cst

from mongolint.fix.nofix import NoFix
from mongolint.fix.trees import Tree
from mongolint.project.hints import Hinted
from mongolint.project.indexes import IndexDeclaration

if TYPE_CHECKING:
    from mongolint.fix.draft import Draft

_CONSTANT = re.compile(r"((?:\w+\.)*)(?:ASCENDING|DESCENDING)\b")


def rename(draft: Draft, hinted: Hinted, index: IndexDeclaration) -> None:
    """See `Draft.name_hint`."""
    tree, call = draft.call(*hinted.call)
    value = _value(call)
    if isinstance(value, cst.SimpleString):
        content = value.quote + index.name + value.quote if not value.prefix else repr(index.name)
    elif isinstance(value, cst.List | cst.Tuple | cst.Dict) and isinstance(hinted.hint, tuple):
        content = _pattern(draft, hinted.call[0], tree, value, index)
    else:
        raise NoFix("the hint is not spelled out in the call")
    if "#" in tree.text(value):
        raise NoFix("a comment in it would be lost")
    draft.replace(hinted.call[0], tree.span(value), content)


def _value(call: cst.Call) -> cst.BaseExpression:
    """What is passed as the hint."""
    is_step = isinstance(call.func, cst.Attribute) and call.func.attr.value == "hint"
    for number, arg in enumerate(call.args):
        keyword = arg.keyword.value if arg.keyword is not None else ""
        if keyword == "hint" or (is_step and number == 0 and keyword in ("", "index") and not arg.star):
            return arg.value
    raise NoFix("the hint is not spelled out in the call")


def _pattern(draft: Draft, module: int, tree: Tree, value: cst.BaseExpression, index: IndexDeclaration) -> str:
    """The key pattern of an index, as the hint's own is written."""
    text = tree.text(value)
    quote = "'" if text.count("'") > text.count('"') else '"'
    constant = _CONSTANT.search(text)
    pairs: list[tuple[str, str]] = []
    for name, kind in index.keys or ():
        if kind not in (1, -1):
            raise NoFix("the index is not an ordinary one")
        direction = str(kind)
        if constant is not None:
            word = "ASCENDING" if kind == 1 else "DESCENDING"
            direction = constant[1] + word if constant[1] else draft.need(module, "pymongo", word)
        pairs.append((quote + name + quote, direction))
    if isinstance(value, cst.Dict):
        return "{" + ", ".join(f"{name}: {direction}" for name, direction in pairs) + "}"
    return "[" + ", ".join(f"({name}, {direction})" for name, direction in pairs) + "]"
