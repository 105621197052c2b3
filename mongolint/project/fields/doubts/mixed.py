"""Fields that code writes as one type here and as another there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from mongolint.fastclasses import NamedTuple
from mongolint.link.states.memory import held_by
from mongolint.project.fields import types
from mongolint.project.fields.shapes import KnownField, KnownFields, Use
from mongolint.project.tracing import stored
from mongolint.project.tracing.tracer import Spot
from mongolint.project.updates.inplace import put_in_place
from mongolint.project.writes import inserts

if TYPE_CHECKING:
    from mongolint.project.fields.known import Fields
    from mongolint.project.model import Project
    from mongolint.project.tracing.tracer import Tracer

# They hold whatever a key beside them says
_FREE = frozenset(["value", "val", "v", "data", "default", "content", "payload", "result"])
# What stands for nothing beside a value of another type
_NOTHING = (("const", None), ("const", False))
_CHANGING = ("$unset", "$rename", "upsert")


class MixedField(NamedTuple):
    """A field with two types. ``odd``: the writes of the type that the others do not have, ``kind``."""

    collection: str
    name: str
    kind: str
    usual: str
    odd: tuple[Use, ...]
    others: tuple[Use, ...]


def mixed(project: Project, fields: Fields) -> Iterator[MixedField]:
    """Each such field once."""
    for collection in fields.collections:
        yield from _in_collection(project, fields, collection)
    for (collection, name), uses in _put(project).items():
        held = fields.of(collection).fields.get(name)
        if name.rpartition(".")[2] not in _FREE and not (held is not None and held.written):
            yield from _of(project, collection, KnownField(name, tuple(uses)))


@held_by
def _in_collection(project: Project, fields: Fields, collection: str) -> list[MixedField]:
    known = fields.of(collection)
    regular = (
        each for name, each in known.fields.items() if name.rpartition(".")[2] not in _FREE and _is_regular(known, name)
    )
    return [found for each in regular for found in _of(project, collection, each)]


def _put(project: Project) -> dict[tuple[str, str], list[Use]]:
    """What is put into parts of documents that were read, and written back with the whole field, by field."""
    tracer = project.writes.tracer
    found: dict[tuple[str, str], list[Use]] = {}
    for lost in project.sessions.lost_updates:
        for path, spot in put_in_place(tracer, lost.module, lost.row, lost.read):
            is_written = any(not each or f"{path}.".startswith(f"{each}.") for each in lost.written)
            if "." not in path or not is_written or not project.has_span(*spot[:2]):
                continue
            kinds = types.of(tracer, stored.Stored(tracer.term(spot), (spot,)))
            told = tuple(kind for kind in kinds if kind != types.ANY)
            span = project.span(*spot[:2])
            # Of what is put there by a helper, what it says itself: whoever calls it
            values = (Spot(*spot[:2], None),)
            use = Use("update", span, "$set", told, exact=told == kinds, values=values, operation=lost.operation)
            found.setdefault((lost.collection, path), []).append(use)
    return found


def _is_regular(known: KnownFields, name: str) -> bool:
    """Whether a field is of the documents' own making, and not in an object that each place fills as it likes."""
    above = name.rpartition(".")[0]
    found = known.fields.get(above)
    return not above or (found is not None and bool(found.written) and all(use.closed for use in found.written))


def _of(project: Project, collection: str, known: KnownField) -> Iterator[MixedField]:
    tracer = project.writes.tracer
    told: dict[str, list[Use]] = {}
    for use in known.written:
        if use.astray or use.operator in _CHANGING or _is_script(project, use) or _is_nothing(tracer, use):
            continue
        kinds = [kind for kind in use.kinds if kind != "null"]
        if use.exact and len(kinds) > 1:
            return  # one place writes several: it is meant so
        if use.exact and kinds:
            told.setdefault(kinds[0], []).append(use)
    if len(told) != 2:
        return
    (one, these), (other, those) = told.items()
    if any(_are_apart(tracer, this, that) for this in these for that in those):
        return
    if {use.span for use in these} & {use.span for use in those}:
        return  # one operation with several callers: what it is for, they know
    is_date = {"date", "string"} == told.keys()
    kind = "string" if is_date else one if len(these) < len(those) else other
    usual = other if kind == one else one
    yield MixedField(collection, known.name, kind, usual, tuple(told[kind]), tuple(told[usual]))


def _is_script(project: Project, use: Use) -> bool:
    return use.operation is not None and project.is_script(use.operation.module)


def _is_nothing(tracer: Tracer, use: Use) -> bool:
    return bool(use.values) and all(tracer.node(spot) in _NOTHING for spot in use.values)


def _are_apart(tracer: Tracer, one: Use, other: Use) -> bool:
    """Whether two writes are for documents of different kinds, by a constant that tells them apart."""
    first, second = _constants(tracer, one), _constants(tracer, other)
    if first.get("_id") != second.get("_id"):
        return True  # a document that the code itself gives its key is of a kind of its own
    return any(first[name] != second[name] for name in first.keys() & second.keys())


def _constants(tracer: Tracer, use: Use) -> dict[str, Any]:
    """The fields of the documents that a write is for which the code gives or compares with a constant."""
    operation = use.operation
    if operation is None:
        return {}
    found: dict[str, Any] = {}
    for name in operation.filter.required:
        place = operation.filter.places.get(name)
        if place is not None and place.env is None:
            found[name] = tracer.term(Spot(place.module, place.row, None))
    document = inserts.given(tracer, operation, None, operation.method.document)
    if document is not None and operation.name != "insert_many":
        found.update({name: value.term for name, value in stored.read(tracer, document).fields.items()})
    return {name: term for name, term in found.items() if term[:2] == ("const", "str") or _is_key(name, term)}


def _is_key(name: str, term: Any) -> bool:
    return bool(name == "_id" and term[0] == "const" and term[2] is not None)


def plain_date(tracer: Tracer, use: Use) -> tuple[int, int, int] | None:
    """Of a date that is written as text: its module, the row that makes the text, and the row of the date."""
    if len(use.values) != 1 or use.values[0].frame is not None:
        return None
    spot = use.values[0]
    node = tracer.node(spot)
    if node[0] != "call":
        return None
    function = tracer.node(spot.at(node[1]))
    if function[0] == "attr" and function[2] == "isoformat" and not node[2]:
        return spot.module, spot.row, function[1]
    if function[0] == "free" and function[2] == "str" and len(node[2]) == 1 and node[2][0][0] is None:
        return spot.module, spot.row, node[2][0][1]
    return None
