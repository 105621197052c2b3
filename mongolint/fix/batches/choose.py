"""Which batched form a repeated query gets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mongolint.fix import sketch
from mongolint.fix.batches import bulk, comprehensions, hoist, prefetch
from mongolint.fix.batches.loopsite import LoopSite
from mongolint.fix.nofix import NoFix
from mongolint.fix.twins import twins
from mongolint.project.loops.repetitions import Repetition

if TYPE_CHECKING:
    from mongolint.fix.draft import Draft


def batch(draft: Draft, repetition: Repetition) -> None:
    """See `Draft.batch`."""
    try:
        _batch(draft, repetition)
    except NoFix:
        if draft.project.loops.same_key(repetition) is not None:
            draft.title = _once(repetition)
            raise
        draft.title = draft.title or "batch the queries of the loop"
        draft.text = _sketched(draft, repetition)
        raise


def _once(repetition: Repetition) -> str:
    """What to do with queries on the same document each time."""
    kinds = {reach.operation.method.kind for reach in repetition.reaches}
    if kinds == {"write"}:
        return "write once, after the loop"
    return "ask once, before the loop" if "write" not in kinds else "ask before the loop, and write after it"


def _sketched(draft: Draft, repetition: Repetition) -> str:
    try:
        return sketch.sketch(draft, repetition)
    except NoFix:
        return ""


def _batch(draft: Draft, repetition: Repetition) -> None:
    if not repetition.is_direct:
        if draft.project.loops.same_key(repetition) is not None:
            raise NoFix("the helper may be called for more than that query")
        twins.prefetch(draft, repetition)
        return
    operation = repetition.reaches[0].operation
    if operation.row != repetition.row or draft.project.modules[repetition.module].spans.get(repetition.row) is None:
        raise NoFix("the method is handed on, and called elsewhere")
    tree, call = draft.call(repetition.module, repetition.row)
    if comprehensions.is_comprehension(tree, call):
        comprehensions.prefetch(draft, repetition)
    elif operation.method.kind == "write":
        bulk.collect(draft, repetition)
    elif hoist.depends_on_loop(LoopSite(draft, repetition)):
        prefetch.prefetch(draft, repetition)
    else:
        hoist.hoist(draft, repetition)
