"""A date stored as a date."""

from __future__ import annotations

from typing import TYPE_CHECKING

import libcst as cst

from mongolint.fix.nofix import NoFix
from mongolint.project.fields import types
from mongolint.project.fields.doubts.mixed import plain_date
from mongolint.project.fields.shapes import Use
from mongolint.project.tracing.tracer import Spot

if TYPE_CHECKING:
    from mongolint.fix.draft import Draft


def keep(draft: Draft, uses: tuple[Use, ...]) -> None:
    """See `Draft.keep_dates`."""
    for use in uses:
        _keep(draft, use)


def _keep(draft: Draft, use: Use) -> None:
    project = draft.project
    found = plain_date(project.writes.tracer, use)
    if found is None:
        raise NoFix("how the date becomes text is not spelled out there")
    module, row, date = found
    if types.at(project.writes.tracer, Spot(module, date, None)) != ("date",):
        raise NoFix("whether it is a date is not known")
    if len(project.reachability.uses.parents(module).of.get(row, ())) != 1:
        raise NoFix("the text is used elsewhere, too")
    tree, call = draft.call(module, row)
    value = call.func.value if isinstance(call.func, cst.Attribute) else call.args[0].value
    if "#" in tree.text(call):
        raise NoFix("a comment in it would be lost")
    draft.replace(module, tree.span(call), tree.text(value))
