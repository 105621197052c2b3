"""A time zone where local time is taken."""

from __future__ import annotations

from typing import TYPE_CHECKING

import libcst as cst

from mongolint.fix.nofix import NoFix
from mongolint.project.fields.doubts.dates import LocalDate

if TYPE_CHECKING:
    from mongolint.fix.draft import Draft


def take_utc(draft: Draft, date: LocalDate) -> None:
    """See `Draft.take_utc`."""
    if not date.called:
        _factory(draft, date)
        return
    tree, call = draft.call(date.module, date.row)
    if not isinstance(call.func, cst.Attribute):
        raise NoFix("the call has another name here")
    zone = f"{draft.need(date.module, 'datetime', 'timezone')}.utc"
    if date.name == "today":
        draft.replace(date.module, tree.span(call.func.attr), "now")
    if call.args:
        draft.insert(date.module, tree.outer_span(call.args[-1].value)[1], f", {zone}")
    else:
        draft.insert(date.module, tree.span(call)[1] - 1, zone)


def _factory(draft: Draft, date: LocalDate) -> None:
    """``default_factory=datetime.now`` calls it without a zone."""
    token = draft.project.modules[date.module].tokens.get(date.row)
    if token is None or date.name != "now":
        raise NoFix("its place in the code is not known")
    tree = draft.file(date.module).tree(token[0])
    attribute = tree.parent(tree.at(token, cst.Name))
    if not isinstance(attribute, cst.Attribute):
        raise NoFix("its place in the code is not known")
    zone = f"{draft.need(date.module, 'datetime', 'timezone')}.utc"
    start, end = tree.span(attribute)
    draft.insert(date.module, start, "lambda: ")
    draft.insert(date.module, end, f"({zone})")
