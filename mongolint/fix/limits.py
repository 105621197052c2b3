"""Time limits: the keyword or chained call that each driver method takes, and keywords of clients."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import libcst as cst

from mongolint.fix.nofix import NoFix
from mongolint.fix.trees import Tree, line_start
from mongolint.project.operations import Operation

if TYPE_CHECKING:
    from mongolint.fix.draft import Draft


def limit(draft: Draft, query: Operation, milliseconds: int) -> None:
    """See `Draft.limit_time`."""
    if draft.project.config.is_script(draft.project.modules[query.module].path):
        raise NoFix("a script or migration may take its time, and a limit would stop it half way")
    form = query.method.time_limit
    if form == "csot":
        wrap = "wrap it in pymongo.timeout(…) or " if draft.project.made_clients.knows_timeout(query.module) else ""
        raise NoFix(f"the method takes no limit of its own; {wrap}limit the client")
    if query.method.returns == "cursor" and form == "max_time_ms":
        tree, call = draft.call(query.module, query.row)
        if _is_chained(tree, call):
            draft.insert(query.module, tree.span(call)[1], f".max_time_ms({milliseconds})")
            return
    add_keyword(draft, query.module, query.row, form, str(milliseconds))


def limit_client(draft: Draft, module: int, row: int, milliseconds: int) -> None:
    """See `Draft.limit_client`."""
    _, call = draft.call(module, row)
    if not draft.project.made_clients.knows_timeout(module):
        draft.text = "give the client socketTimeoutMS and serverSelectionTimeoutMS, or timeoutMS with a newer PyMongo"
        raise NoFix("timeoutMS needs PyMongo 4.2, and this project seems to use an older one")
    if draft.project.made_clients.is_meant_to_limit(module, row):
        raise NoFix("an option that the client does not know is meant for it")
    longer = [arg.keyword.value for arg in call.args if arg.keyword and _is_longer(arg, milliseconds)]
    if longer:
        raise NoFix(f"{longer[0]} says that this client may wait longer")
    add_keyword(draft, module, row, "timeoutMS", str(milliseconds))


def _is_longer(arg: cst.Arg, milliseconds: int) -> bool:
    """Whether an option of a client is a time that may be longer."""
    if arg.keyword is None or not arg.keyword.value.endswith("TimeoutMS"):
        return False
    return not isinstance(arg.value, cst.Integer) or arg.value.evaluated_value > milliseconds


def _is_chained(tree: Tree, call: cst.Call) -> bool:
    """Whether the code goes on with a cursor method: ``find(…).sort(…)``."""
    parent = tree.parent(call)
    return isinstance(parent, cst.Attribute) and isinstance(tree.parent(parent), cst.Call)


def add_keyword(draft: Draft, module: int, row: int, keyword: str, value: str) -> None:
    """Add ``keyword=value`` to a call that does not have it."""
    tree, call = draft.call(module, row)
    if any(arg.keyword is not None and arg.keyword.value == keyword for arg in call.args):
        raise NoFix(f"{keyword} is given already")
    words = f"{keyword}={value}"
    end = tree.span(call)[1] - 1
    if not call.args:
        draft.insert(module, end, words)
        return
    last = call.args[-1]
    if _is_bare_generator(call):
        raise NoFix("its only argument is a generator")
    text = tree.file_text
    start = tree.span(last)[0]
    on_own_line = not text[line_start(text, start) : start].strip()
    gap = "\n" + text[line_start(text, start) : start] if on_own_line else " "
    behind, comma = _behind(tree, last), isinstance(last.comma, cst.Comma)
    if comma:
        behind = text.index(",", behind) + 1
    # A comment on the rest of the line is about the argument that stands before it
    comment = _COMMENT.match(text, behind) if on_own_line else None
    if comment is None:
        draft.insert(module, behind, f"{gap}{words}{',' if on_own_line else ''}" if comma else f",{gap}{words}")
        return
    if not comma:
        draft.insert(module, behind, ",")
    draft.insert(module, comment.end(), f"{gap}{words}{',' if comma else ''}")


_COMMENT = re.compile(r"[ \t]*#[^\r\n]*")


def rename(draft: Draft, query: Operation, old: str) -> None:
    """See `Draft.rename_time_limit`."""
    new = query.method.time_limit
    if new == "csot":
        raise NoFix("the method takes no limit of its own")
    tree, call = draft.call(query.module, query.row)
    named = {arg.keyword.value: arg.keyword for arg in call.args if arg.keyword is not None}
    if old not in named:
        raise NoFix("the argument is not written at this call")
    if new in named:
        raise NoFix(f"{new} is given as well")
    draft.replace(query.module, tree.span(named[old]), new)


def _behind(tree: Tree, arg: cst.Arg) -> int:
    """Behind an argument and the parentheses around its value."""
    return max(tree.span(arg)[1], tree.outer_span(arg.value)[1])


def _is_bare_generator(call: cst.Call) -> bool:
    return len(call.args) == 1 and isinstance(call.args[0].value, cst.GeneratorExp) and not call.args[0].value.lpar
