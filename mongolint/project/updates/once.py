"""What a request does once that has passed a test: what it inserts, adds, sends or pays."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from mongolint.facts.shapes import Call, Context, ModuleFacts
from mongolint.fastclasses import NamedTuple
from mongolint.link.atoms import Collection
from mongolint.project.handlers import is_inside
from mongolint.project.operations import Operation
from mongolint.project.tracing import stored
from mongolint.project.tracing.narrowing import narrowed
from mongolint.project.tracing.tracer import Frame, Tracer
from mongolint.project.updates.derived import derived
from mongolint.project.updates.passing import Passed
from mongolint.project.writes import inserts, needs
from mongolint.project.writes.inserts import Way

if TYPE_CHECKING:
    from mongolint.project.model import Project

# Collections that only tell what was done: an entry more does no harm
_TELLING = re.compile(r"log|audit|histor|event|activit|metric|stat(s|istic)|trac(e|k)|journal|notif|cache", re.I)
_COUNTING = re.compile(r"version|rev|view|visit|attempt|hits?$|retr", re.I)
# Calls by which other systems do something
_ACTING = re.compile(
    r"^_?(async_)?(send|deliver)\w*(mail|sms|otp|message|invite|invitation)\w*$|^_?(charge|refund|payout|capture_payment"
    r"|create_payment\w*|transfer_\w+|pay_\w+|process_(payment|refund|payout)\w*|issue_(refund|payment|certificate|card)"
    r"\w*|award_\w+|grant_\w+|credit_\w+|debit_\w+)$",
    re.I,
)
_SENDING = re.compile(r"^_?(async_)?(send|deliver)", re.I)
_INSERTING = frozenset(["insert_one", "insert_many", "insert"])


class Twice(NamedTuple):
    """What happens twice, in words; ``place``: where, ``is_elsewhere``: not beside the update, but in another function.

    ``is_mild``: it is a message more, or one of two states that are not the same stands.
    """

    words: str
    place: tuple[int, int] | None
    is_mild: bool = False
    is_elsewhere: bool = False


def happens(project: Project, tracer: Tracer, way: Way, tested: Passed) -> Twice | None:
    """What is done under a test besides an update."""
    operation = way.operation
    for field in _added(tracer, operation, way.frame):
        return Twice(f"both add to {field}", None)
    # What stands in the block of the update itself runs with it for sure
    for call in sorted(_beside(tracer, way, tested), key=lambda call: call.context != way.point.context):
        place = (way.point.module, call.row)
        name = project.callee_name(*place)
        if _ACTING.search(name) and (call.statement or call.awaited):
            return Twice(f"{name} runs for both", place, is_mild=bool(_SENDING.search(name)))
        for each, collection in _operations(project, way.point.module, call.row):
            if each is operation or not collection:
                continue
            frame = None if (each.module, each.row) == place else _entered(tracer, place, each)
            if each.name in _INSERTING and not _is_refused(project, tracer, each, frame, collection):
                return Twice(f"both insert into {collection}", place)
            field = next(_added(tracer, each, frame), "")
            if field and not _TELLING.search(collection):
                return Twice(f"both change {field} of {collection}", place)
    return None


def _beside(tracer: Tracer, way: Way, tested: Passed) -> Iterator[Call]:
    """The other calls of the function that run only where the test is passed, on the way of the update."""
    module, facts = way.point.module, tracer.facts(way.point.module)
    branches = tracer.branches(module)
    for call in facts.calls:
        if call.scope != way.scope or call.row <= tested.at:
            continue
        if _is_apart(facts, call.context, way.point.context, call.row < way.row):
            continue
        if tested.test[0] != module or tested.test[1] != tested.at:
            yield call  # a helper that returns only if it passes
        elif any(row == tested.at for row, _ in branches.holding(call.context, call.row, False)):
            yield call


def _is_apart(facts: ModuleFacts, context: int, update: int, is_before: bool) -> bool:
    """Whether a place is on another way than the update: in the other branch, in a branch that one of them leaves
    before it comes to the other, or where an error is handled."""
    for entry in _outside(facts, context, update):
        if entry.kind == "handler" or (is_before and _leaves(entry)) or _is_other_branch(facts, entry, update):
            return True
    return not is_before and any(_leaves(entry) for entry in _outside(facts, update, context))


def _outside(facts: ModuleFacts, context: int, other: int) -> Iterator[Context]:
    """What encloses a place, and not the other."""
    while not is_inside(facts, other, context):
        yield facts.contexts[context]
        context = facts.contexts[context].parent


def _leaves(entry: Context) -> bool:
    return entry.leaves and entry.kind in ("then", "otherwise", "handler")


def _is_other_branch(facts: ModuleFacts, entry: Context, context: int) -> bool:
    """Whether a place is in the other branch of a test."""
    kinds = {"then", "otherwise"}
    return entry.kind in kinds and any(
        {each.kind, entry.kind} == kinds and each.ref == entry.ref for each in facts.chain(context)
    )


def _operations(project: Project, module: int, row: int) -> Iterator[tuple[Operation, str]]:
    """The operations that a call surely comes to, each with its collection."""
    direct = project.operation_at(module, row)
    if direct is not None:
        yield direct, _name(direct.collection)
        return
    for reach in narrowed(project.link, module, row, project.graph.run_by_call(module, row)):
        operation = reach.operation
        places = [*reach.chain, (operation.module, operation.row)]
        if not reach.cached and not any(_is_in_branch(project, *place) for place in places):
            yield operation, _name(reach.collection)


def _name(collection: Collection | None) -> str:
    return (collection.name or "") if collection is not None else ""


def _is_in_branch(project: Project, module: int, row: int) -> bool:
    call = project.link.call_at(module, row)
    entries = project.modules[module].chain(call.context) if call is not None else ()
    return any(entry.kind in ("then", "otherwise", "handler") for entry in entries)


def _is_refused(project: Project, tracer: Tracer, operation: Operation, frame: Frame | None, collection: str) -> bool:
    """Whether a second document may be refused, by its ``_id`` or a unique index, or is of no consequence."""
    if _TELLING.search(collection):
        return True
    document = inserts.given(tracer, operation, frame, operation.method.document)
    if document is not None and "_id" in stored.read(tracer, document).fields:
        return True
    declared = project.indexes_of(collection)
    return declared is None or any(needs.may_be_unique(index) for index in declared)


def _entered(tracer: Tracer, place: tuple[int, int], operation: Operation) -> Frame | None:
    """The frame in which a call comes to an operation of the function that it runs."""
    ways = inserts.ways(tracer, operation, frozenset())
    return next((way.frame for way in ways if (way.point.module, way.row) == place), None)


def _added(tracer: Tracer, operation: Operation, frame: Frame | None) -> Iterator[str]:
    """The fields that an update adds to, however often it runs."""
    update = inserts.given(tracer, operation, frame, operation.method.update)
    fields = stored.read(tracer, update).fields if update is not None else {}
    for spot in fields["$inc"].spots if "$inc" in fields else ():
        yield from (name for name in stored.read(tracer, spot).fields if not _COUNTING.search(name))
    for spot in fields["$set"].spots if "$set" in fields else ():
        for name, value in stored.read(tracer, spot).fields.items():
            made = derived(tracer, value.spots[0]) if len(value.spots) == 1 and not _COUNTING.search(name) else None
            if made is not None and made.path == name and made.changes and set(made.changes) <= {"+", "-"}:
                yield name
