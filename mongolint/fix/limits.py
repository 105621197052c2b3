"""Time limits: the keyword or chained call that each driver method takes, and keywords of clients."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import libcst as cst

from mongolint.fix.nofix import NoFix
from mongolint.fix.trees import Tree, line_end, line_start
from mongolint.project.operations import Operation

if TYPE_CHECKING:
    from mongolint.fix.draft import Draft

_MAY_TAKE_TIME = "a script or migration may take its time, and a limit would stop it half way"


def limit(draft: Draft, query: Operation, milliseconds: int) -> None:
    """See `Draft.limit_time`."""
    if draft.project.is_script(query.module) or draft.project.runs_by_hand(query.module, query.row):
        raise NoFix(_MAY_TAKE_TIME)
    form = query.method.time_limit
    if form == "csot":
        wrap = "wrap it in pymongo.timeout(…) or " if draft.project.made_clients.knows_timeout(query.module) else ""
        raise NoFix(f"the method takes no limit of its own; {wrap}limit the client")
    if query.method.returns == "cursor" and form == "max_time_ms":
        tree, call = draft.call(query.module, query.row)
        end, step = tree.span(call)[1], f".max_time_ms({milliseconds})"
        has_keyword = draft.project.made_clients.knows_limit_of_find(query.module)
        if not has_keyword or (_is_chained(tree, call) and _fits(tree.file_text, end, len(step))):
            draft.insert(query.module, end, step)
            return
    add_keyword(draft, query.module, query.row, form, str(milliseconds))


def limit_client(draft: Draft, module: int, row: int, milliseconds: int) -> None:
    """See `Draft.limit_client`."""
    _, call = draft.call(module, row)
    if draft.project.config.is_script(draft.project.modules[module].path):
        raise NoFix(_MAY_TAKE_TIME)
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
    if _is_bare_generator(call):
        raise NoFix("its only argument is a generator")
    if _hang(draft, module, tree, call, words):
        return
    text = tree.file_text
    last = call.args[-1]
    start = tree.span(last)[0]
    behind, comma = _behind(tree, last), isinstance(last.comma, cst.Comma)
    on_own_line = not text[line_start(text, start) : start].strip()
    is_one_line = len(call.args) == 1 and not comma and "\n" not in tree.text(last)
    is_spread = on_own_line and not (is_one_line and _fits(text, behind, len(words) + 2))
    gap = "\n" + text[line_start(text, start) : start] if is_spread else " "
    if comma:
        behind = text.index(",", behind) + 1
    # A comment on the rest of the line is about the argument that stands before it
    comment = _COMMENT.match(text, behind) if on_own_line else None
    if comment is None:
        tail = "," if is_spread and (comma or (len(call.args) == 1 and _TRAILING.search(text))) else ""
        draft.insert(module, behind, f"{gap}{words}{tail}" if comma else f",{gap}{words}{tail}")
        return
    gap = "\n" + text[line_start(text, start) : start]
    if not comma:
        draft.insert(module, behind, ",")
    draft.insert(module, comment.end(), f"{gap}{words}{',' if comma else ''}")


def _hang(draft: Draft, module: int, tree: Tree, call: cst.Call, words: str) -> bool:
    """Put the arguments of a call on a line of their own, where the line of the call would get too long."""
    start, end = tree.span(call)
    text = tree.file_text
    opened = text.index("(", tree.span(call.func)[1]) + 1
    whole = text[line_start(text, start) : line_end(text, end)].rstrip()
    if "\n" in whole or "#" in text[opened:end] or _fits(text, end, len(words) + 2):
        return False
    if not _REST.fullmatch(text[end : line_end(text, end)].partition("  #")[0].strip()):
        return False
    if tree.nearest(call, cst.FormattedString) is not None:
        return False
    indent = whole[: len(whole) - len(whole.lstrip())]
    step = draft.file(module).step
    first, gap, tail = f"\n{indent}{step}", " ", ""
    if _width(f"{first}{text[opened : end - 1]}, {words}".lstrip("\n")) > _limit(text):
        if len(call.args) > 1 or isinstance(call.args[0].comma, cst.Comma):
            return False
        gap, tail = first, ","
    draft.insert(module, opened, first)
    draft.insert(module, _behind(tree, call.args[-1]), f",{gap}{words}{tail}\n{indent}")
    return True


def _fits(text: str, offset: int, more: int) -> bool:
    """Whether the line of an offset may get longer; one that is too long already may."""
    width = _width(text[line_start(text, offset) : line_end(text, offset)].partition("  #")[0])
    return not width <= _limit(text) < width + more


def _width(line: str) -> int:
    return len(line.rstrip().expandtabs(4))


def _limit(text: str) -> int:
    """How long the lines of a file may be: as long as its longest, by the usual limits."""
    lines = text.splitlines()
    longest = max((_width(line.partition("#")[0]) for line in lines), default=0)
    limits = _LIMITS if len(lines) >= _TELLING else _LIMITS[-1:]
    return next((limit for limit in limits if longest <= limit), longest)


_LIMITS = (88, 100, 120)
# A file of fewer lines does not tell its limit
_TELLING = 60
# What may stand behind arguments on lines of their own: steps of a chain, then no more than one bracket
_REST = re.compile(r"(?:\.\w+\([^()]*\))*(?:\.\w+\()?\)?[:,]?")
# Arguments of which each has its line, and the last one a comma
_TRAILING = re.compile(r",[ \t]*\r?\n[ \t]*\)")
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
