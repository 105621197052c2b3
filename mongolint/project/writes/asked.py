"""Whether whatever is stored in a collection was looked for before by the same keys, null among them.

Then null is a value as any other: a unique index that holds it, too, refuses nothing that the code would store.
"""

from __future__ import annotations

from collections.abc import Collection as Names
from collections.abc import Iterable
from typing import TYPE_CHECKING

from mongolint.link.atoms import Collection
from mongolint.project.operations import Operation
from mongolint.project.tracing import stored
from mongolint.project.tracing.guards import Point
from mongolint.project.tracing.stored import Content
from mongolint.project.tracing.tracer import Term
from mongolint.project.writes import inserts, needs
from mongolint.project.writes.inserts import Way
from mongolint.project.writes.lookups import LookThenInsert

if TYPE_CHECKING:
    from mongolint.project.tracing.tracer import Tracer

# Of the updates that set fields, those which change one document at most
_OF_ONE = ("update_one", "find_one_and_update")
_SETTING = ("$set", "$setOnInsert", "$unset")
_TAKING_OUT = ("delete", "remove", "find_one_and_delete", "find_and_remove")


def always(
    tracer: Tracer,
    operations: Iterable[Operation],
    looked: Iterable[LookThenInsert],
    collection: Collection,
    fields: Names[str],
) -> bool:
    """Whether each insert comes after a look-up by ``fields``, in its own function and without a condition."""
    before = [
        one
        for one in looked
        if needs.same(one.collection, collection) and one.values.keys() == set(fields) and _is_plain(tracer, one)
    ]
    terms = {one.values[name].term for one in before for name in fields}
    for operation in operations:
        if operation.method.kind != "write":
            continue
        if not operation.collection_names:
            return False  # it may be this one
        if not any(needs.same(each, collection) for each in operation.collections):
            continue
        if operation.name in inserts.INSERTING:
            if not any(one.insert is operation for one in before):
                return False
        elif not operation.name.startswith(_TAKING_OUT) and not _keeps(tracer, operation, fields, terms):
            return False
    return bool(before)


def _is_plain(tracer: Tracer, one: LookThenInsert) -> bool:
    call = tracer.call(one.module, one.look)
    if call is None or one.way.frame is not None or tracer.facts(one.module).chain(call.context):
        return False
    tested = inserts.tested(tracer, one.way)
    return not any(value.term in tested for value in one.values.values())


def _keeps(tracer: Tracer, operation: Operation, fields: Names[str], terms: set[Term]) -> bool:
    """Whether an update makes no document, and gives the fields no value but one that was looked for."""
    update = inserts.given(tracer, operation, None, operation.method.update)
    if update is None or inserts.given(tracer, operation, None, "upsert") is not None:
        return False
    content = stored.read(tracer, update)
    if content.open or not _touches_by_set(tracer, content, operation, fields):
        return False
    way = Way(operation, None, operation.scope, Point(operation.module, operation.context, operation.row, None))
    for content, _ in inserts.changes_of(tracer, way):
        for name in fields:
            if name in content.fields and content.fields[name].term not in terms:
                return False
            if name not in content.fields and (content.open or content.sources):
                return False
    return True


def _touches_by_set(tracer: Tracer, content: Content, operation: Operation, fields: Names[str]) -> bool:
    """Whether an update changes the fields, if at all, by ``$set`` and ``$unset``, and of one document only."""
    for operator, value in content.fields.items():
        for part in (stored.read(tracer, spot) for spot in value.spots if operator.startswith("$")):
            named = set(part.fields)
            if operator == "$rename":
                named.update(each.term[2] for each in part.fields.values() if each.term[:2] == ("const", "str"))
            if named & set(fields) and (operator not in _SETTING or operation.name not in _OF_ONE):
                return False
    return True
