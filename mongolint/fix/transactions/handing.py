"""The session of a transaction, handed on to a call."""

from __future__ import annotations

from typing import TYPE_CHECKING

import libcst as cst

from mongolint.fix.limits import add_keyword
from mongolint.fix.nofix import NoFix
from mongolint.project.sessions.outside import Outside

if TYPE_CHECKING:
    from mongolint.fix.draft import Draft


def hand(draft: Draft, outside: Outside) -> None:
    """See `Draft.pass_session`."""
    if not outside.parameter:
        name = draft.project.callee_name(outside.module, outside.row)
        raise NoFix(f"{name} takes no session")
    session = outside.session or _named_at_start(draft, outside)
    add_keyword(draft, outside.module, outside.row, outside.parameter, session)


def _named_at_start(draft: Draft, outside: Outside) -> str:
    """What the session is called where the transaction begins."""
    region = outside.region
    tree, call = draft.call(region.start_module, region.start)
    if not region.binds:
        receiver = call.func.value if isinstance(call.func, cst.Attribute) else call.func
        if isinstance(receiver, cst.Name) or (
            isinstance(receiver, cst.Attribute) and isinstance(receiver.value, cst.Name)
        ):
            return tree.text(receiver)
        raise NoFix("the session has no name")
    item = tree.nearest(call, cst.WithItem)
    bound = item.asname.name if item is not None and item.asname is not None else None
    if not isinstance(bound, cst.Name):
        raise NoFix("the session has no name")
    return bound.value
