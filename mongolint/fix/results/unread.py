"""A write that sends no document back in the place of one that does."""

from __future__ import annotations

from typing import TYPE_CHECKING

import libcst as cst

from mongolint.fix.nofix import NoFix
from mongolint.fix.options import pieces
from mongolint.project.results.unread import ONLY_SENT

if TYPE_CHECKING:
    from mongolint.fix.draft import Draft
    from mongolint.project.results.unread import Unread


def write_only(draft: Draft, found: Unread) -> None:
    """See `Draft.write_only`."""
    if found.function:
        raise NoFix("the helper that returns the document has to return something else")
    module = found.operation.module
    tree, call = draft.call(module, found.operation.row)
    if not isinstance(call.func, cst.Attribute) or call.func.attr.value != found.operation.name:
        raise NoFix("the method is called by another name")
    needless = [n for n, arg in enumerate(call.args) if arg.keyword is not None and arg.keyword.value in ONLY_SENT]
    if len(needless) > 1:
        raise NoFix("several of its arguments would have to go")
    for number in needless:
        pieces.cut(draft, module, tree, call, number)
    draft.replace(module, tree.span(call.func.attr), found.name)
