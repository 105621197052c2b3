"""Read, change, write back: an update that puts back what it made of a document that others may have changed since."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, TypeVar

from mongolint.fastclasses import NamedTuple
from mongolint.link.atoms import NONE, Session
from mongolint.link.states.memory import held_by
from mongolint.project.operations import Operation
from mongolint.project.sessions import regions
from mongolint.project.tracing import stored, terms
from mongolint.project.tracing.stored import Content, Stored
from mongolint.project.tracing.tracer import Frame, Spot
from mongolint.project.updates.derived import ARITHMETIC, IDS, Derived, derived, included
from mongolint.project.updates.inplace import changed_in_place
from mongolint.project.writes import inserts, lookups
from mongolint.project.writes.inserts import Target, Way

if TYPE_CHECKING:
    from mongolint.project.model import Project
    from mongolint.project.tracing.tracer import Tracer

T = TypeVar("T")

_UPDATING = frozenset(["update_one", "find_one_and_update", "update", "update_many"])
_REPLACING = frozenset(["replace_one", "find_one_and_replace", "save"])
# A field by which a filter asks whether the document is still the one that was read
_VERSION = re.compile(r"(^|[._])(_?v|version|rev|revision|etag|e_tag|lock\w*|\w*updated\w*|\w*modified\w*|_?ts)$", re.I)
# Whose document it is, which does not change while others do
_OWNER = re.compile(r"(^|[._])(owner|user|tenant|org|organi[sz]ation|account|customer|team|oid)(_?id)?$|_id$|Id$", re.I)

_OPERATORS = {"+": "$inc", "-": "$inc", "append": "$push", "extend": "$push with $each"}
_OPERATORS |= {"remove": "$pull (it takes out every equal member)"}
_OPERATORS |= {"concat": "$push or $addToSet, with $each"}
_OPERATORS |= {"max": "$max", "min": "$min", "*": "$mul", "filter": "$pull"}
# Documents that the code puts together
_DOCUMENTS = frozenset(["dict", "setitem", "mutated"])
# Documents in documents that are looked into
_MAX_DEPTH = 3
_BOUNDED = ({"append", "slice"}, {"extend", "slice"})


class LostUpdate(NamedTuple):
    """An update of a field with what was made of its old value.

    ``module, row``: the call, in the function that also reads the document, that leads to ``operation``; ``read``: the
    call that reads it there, ``reader``: the function that it calls. ``collection``: "" where only the running program
    knows its name. ``field``: "" for the whole document; ``whole``: the field that is set, in which it lies.
    ``written``: all that is set of what was read. ``unless_session``: it runs with a session, too. ``others``: other
    collections of which the same call updates documents so.
    """

    module: int
    row: int
    operation: Operation
    read: tuple[int, int]
    reader: str
    reading: Operation
    collection: str
    field: str
    whole: str
    changes: tuple[str, ...]
    unless_session: bool
    written: frozenset[str]
    others: tuple[str, ...] = ()

    @property
    def target(self) -> str:
        """The collections in words; "" where only the running program knows their names."""
        return " or ".join([self.collection, *self.others])

    @property
    def is_direct(self) -> bool:
        return (self.module, self.row) == (self.operation.module, self.operation.row)

    @property
    def is_computed(self) -> bool:
        """Whether arithmetic of several kinds makes the number, as that of a mean, which a pipeline can do."""
        return bool(self.field) and len(set(self.changes)) > 1 and set(self.changes) <= ARITHMETIC

    @property
    def operator(self) -> str:
        """What does the same in the database, in words; "" where no operator does."""
        if self.changes[0] == "slice" and set(self.changes) in _BOUNDED:
            return "$push with $each and $slice"
        return _OPERATORS.get(self.changes[0], "") if len(set(self.changes)) == 1 else ""


def find(project: Project, tracer: Tracer) -> Iterator[LostUpdate]:
    """Each such update once, the field that is met first, with all collections that one call may update so."""
    wanted = (each for each in project.operations if each.name in _UPDATING | _REPLACING)
    found: dict[tuple[int, int], LostUpdate] = {}
    for each in found_once(project, tracer, wanted, lambda way: _of_way(project, tracer, way), apart=True):
        held = found.setdefault((each.module, each.row), each)
        names = (held.collection, *held.others)
        same = (each.field, each.changes, each.read) == (held.field, held.changes, held.read)
        if same and each.collection not in names and all(names):
            found[each.module, each.row] = held._replace(others=(*held.others, each.collection))
    yield from found.values()


def found_once(
    project: Project,
    tracer: Tracer,
    operations: Iterable[Operation],
    of_way: Callable[[Way], T | None],
    *,
    apart: bool = False,
) -> Iterator[T]:
    """What there is on the ways to operations outside of tests, once at each call that begins one.

    ``apart``: once for each of the collections.
    """
    seen: set[tuple[int, int, tuple[str, ...]]] = set()
    for operation in operations:
        if operation.module in project.tests:
            continue
        names = tuple(operation.collection_names) if apart else ()
        for way in inserts.ways(tracer, operation, project.writes.left_out):
            place = (way.point.module, way.row, names)
            found = of_way(way) if place not in seen else None
            if found is not None:
                seen.add(place)
                yield found
                if way.frame is None:
                    break  # the same is true of all its callers


@held_by
def _of_way(project: Project, tracer: Tracer, way: Way) -> LostUpdate | None:
    operation, frame = way.operation, way.frame
    if way.scope <= 0 or lookups.is_locked(tracer, way):
        return None
    target = inserts.target_of(tracer, operation, frame)
    session = session_of(tracer, operation, frame)
    if target is None or session == "given":
        return None
    every = list(_written(tracer, operation, frame))
    for name, whole, read in every:
        if "$" in name or name != read.path or not is_here(way, read):
            continue
        changed = read if read.changes else changed_in_place(tracer, way, read)
        made = of_target(tracer, target, changed) if changed is not None else None
        if made is None:
            continue
        if not is_identity(tracer, operation, frame, made, name):
            continue
        if project.reached(way.point.module, way.scope).runner == "script":
            return None
        context = tracer.call(way.point.module, way.row)
        if context is not None and regions.is_bound(tracer.link, way.point.module, way.scope, context.context):
            return None
        written = frozenset(whole for _, whole, each in every if each.site == made.site)
        lost = (target.collection.name or "", name, whole, made.changes, session == "either", written)
        return LostUpdate(
            way.point.module, way.row, operation, made.site, _reader(project, made), made.operation, *lost
        )
    return None


def of_target(tracer: Tracer, target: Target, made: Derived) -> Derived | None:
    """What is made of a document of the collection, of those that a helper may read."""
    return next((each for each in made.each() if target.is_that_of(tracer, each.operation, each.read.frame)), None)


def _reader(project: Project, made: Derived) -> str:
    """What the call that reads it is called, or what a framework calls for a parameter."""
    frame = made.read.frame
    while frame is not None and frame.outer is not None:
        frame = frame.outer
    if frame is not None and frame.injected:
        return project.modules[frame.module].scopes[frame.scope].name
    return project.callee_name(*made.site)


def is_here(way: Way, made: Derived) -> bool:
    """Whether the function that begins the way reads the document itself, before it writes."""
    module, row = made.site
    return module == way.point.module and row < way.row


def session_of(tracer: Tracer, operation: Operation, frame: Frame | None) -> str:
    """Whether it runs in a session: "given", "either", "none"."""
    node = tracer.link.node(operation.module, operation.row)
    if node[0] != "call" or any(keyword in ("*", "**") for keyword, _ in node[2]):
        return "given"  # perhaps: a method that is handed on is called elsewhere
    spot = inserts.given(tracer, operation, frame, operation.method.session)
    if spot is None:
        return "none"
    value = tracer.value(spot)
    if value == (NONE,):
        return "none"
    return "either" if NONE in value and all(type(atom) is Session or atom == NONE for atom in value) else "given"


# What is written


def _written(tracer: Tracer, operation: Operation, frame: Frame | None) -> Iterator[tuple[str, str, Derived]]:
    """What an update writes and of what that is made: the field, "" for a whole document, and which of them it sets."""
    if operation.name in _REPLACING:
        document = inserts.given(tracer, operation, frame, operation.method.document)
        made = derived(tracer, document) if document is not None else None
        if made is not None:
            yield "", "", made
        return
    for spot in _set(tracer, operation, frame):
        made = derived(tracer, spot)
        if made is not None and not made.path:
            yield "", "", made
        yield from _of_fields(tracer, stored.read(tracer, spot))
        for name, made in included(tracer, spot):
            yield name, name, made


def _of_fields(
    tracer: Tracer, content: Content, prefix: str = "", whole: str = ""
) -> Iterator[tuple[str, str, Derived]]:
    """The fields of a document, those of documents in it that are put together too, and what they are made of."""
    for name, value in content.fields.items():
        for each in value.spots:
            made = derived(tracer, each)
            if made is not None:
                yield prefix + name, whole or name, made
            elif tracer.node(each)[0] in _DOCUMENTS and prefix.count(".") < _MAX_DEPTH:
                yield from _of_fields(tracer, stored.read(tracer, each), f"{prefix}{name}.", whole or name)


def _set(tracer: Tracer, operation: Operation, frame: Frame | None) -> tuple[Spot, ...]:
    update = inserts.given(tracer, operation, frame, operation.method.update)
    fields = stored.read(tracer, update).fields if update is not None else {}
    return fields["$set"].spots if "$set" in fields else ()


# Which document


def is_identity(tracer: Tracer, operation: Operation, frame: Frame | None, made: Derived, name: str) -> bool:
    """Whether the filter says which document, the one that was read, and nothing of what it held."""
    filters = inserts.given(tracer, operation, frame, operation.method.filter)
    if operation.name == "save":
        return True
    wanted = stored.read(tracer, filters) if filters is not None else None
    if wanted is None or wanted.open or wanted.sources or not wanted.fields:
        return False
    inquired = asked(tracer, made)
    document = tracer.term(made.read)
    changed = {name, *_changed_fields(tracer, operation, frame)}
    is_same = False
    for field, value in wanted.fields.items():
        if field.startswith("$") or _VERSION.search(field) or _overlaps(field, changed):
            return False
        in_read = inquired.fields.get(field)
        if _is_key(tracer, value, made) or (field not in changed and _is_live(tracer, value)):
            is_same = is_same or not _is_live(tracer, value)
            continue
        # On some way it is the same, which is enough for a race
        if in_read is not None and in_read.term in terms.alternatives(value.term):
            is_same = True
        elif value.term == tracer.member(document, field) or _is_of(tracer, value, field, made):
            if field != "_id":
                return False  # it is compared with what was read
            is_same = True
        elif not _OWNER.search(field) or not lookups.is_equality(tracer, value):
            return False
    return is_same


def _is_key(tracer: Tracer, value: Stored, made: Derived) -> bool:
    """Whether it is the key of the document that was read: ``user.id``."""
    found = [derived(tracer, spot) for spot in value.spots]
    return bool(found) and all(each and each.site == made.site and each.path in IDS for each in found)


def _is_live(tracer: Tracer, value: Stored) -> bool:
    """Whether a filter asks for what is not marked, as deleted perhaps: ``{"$ne": True}``."""
    node = tracer.node(value.spots[0]) if len(value.spots) == 1 else ("none",)
    if node[0] != "dict" or len(node[1]) != 1 or node[1][0][0] is None:
        return False
    key, given = (tracer.facts(value.spots[0].module).constant(row) for row in node[1][0])
    return key == "$ne" and given is True


def _is_of(tracer: Tracer, value: Stored, field: str, made: Derived) -> bool:
    """Whether a value is that which the document had in a field when it was read, whatever was put into others."""
    found = [derived(tracer, spot) for spot in value.spots]
    return bool(found) and all(
        each is not None and each.path == field and not each.changes and each.site == made.site for each in found
    )


def asked(tracer: Tracer, made: Derived) -> Content:
    """What the document was read by."""
    spot = inserts.given(tracer, made.operation, made.read.frame, made.operation.method.filter)
    if spot is None:
        return stored.EMPTY
    content = stored.read(tracer, spot)
    if content.fields or not content.sources:
        return content
    return Content({"_id": Stored(tracer.term(spot))})


def _changed_fields(tracer: Tracer, operation: Operation, frame: Frame | None) -> Iterator[str]:
    for spot in _set(tracer, operation, frame):
        yield from stored.read(tracer, spot).fields


def _overlaps(field: str, changed: set[str]) -> bool:
    return field != "_id" and any(
        f"{field}.".startswith(f"{each}.") or f"{each}.".startswith(f"{field}.") for each in changed
    )
