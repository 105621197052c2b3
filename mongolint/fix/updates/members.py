"""``$addToSet`` in the place of ``$push``, where a member is to be in an array once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import libcst as cst

from mongolint.fix.nofix import NoFix
from mongolint.fix.updates import dicts
from mongolint.fix.updates.operators import update_of
from mongolint.project.updates.twice import PushedTwice

if TYPE_CHECKING:
    from mongolint.fix.draft import Draft


def add_to_set(draft: Draft, found: PushedTwice) -> None:
    """See `Draft.add_to_set`."""
    if found.keys != ("",):
        raise NoFix("$addToSet compares members as a whole, of which these are documents")
    if not found.is_direct:
        raise NoFix("the helper that writes it is given the operator")
    tree, call = draft.call(found.module, found.row)
    update = update_of(found.operation, call)
    holder = dicts.entry(update, "$push")
    element = dicts.entry(holder.value, found.fields[0]) if holder is not None else None
    if holder is None or element is None or not isinstance(holder.value, cst.Dict):
        raise NoFix("the update is not written out in the call")
    if len(holder.value.elements) > 1 or dicts.entry(update, "$addToSet") is not None:
        raise NoFix("the update changes other arrays, too")
    if isinstance(element.value, cst.Dict):
        raise NoFix("$addToSet compares members as a whole, of which these are documents")
    key = tree.text(holder.key)
    draft.replace(found.module, tree.span(holder.key), f"{key[0]}$addToSet{key[0]}")
