"""Keys that the code makes or counts on: values made to be unique, and errors for those that are not."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from mongolint.facts.shapes import Handler
from mongolint.fastclasses import NamedTuple
from mongolint.link.atoms import Collection, External
from mongolint.link.states.memory import held_by
from mongolint.project.operations import Operation
from mongolint.project.tracing import terms
from mongolint.project.tracing.stored import Content
from mongolint.project.tracing.tracer import Spot
from mongolint.project.writes.inserts import Way, content_of

if TYPE_CHECKING:
    from mongolint.project.tracing.tracer import Tracer

_MAKERS = (
    *("uuid.uuid1", "uuid.uuid4", "uuid.uuid7", "uuid_utils.uuid", "uuid6.uuid"),
    *("secrets.token_", "shortuuid.uuid", "nanoid.generate", "ulid."),
)
# Attributes, methods and functions that keep what they are given apart
_KEEPING = frozenset(["hex", "bytes", "int", "urn", "lower", "upper", "encode", "decode", "hexdigest", "digest"])
# Before the name of what makes a value of which only a part is kept
_PART = "a part of "
_SINGLE = (
    *("find_one", "find_one_and_update", "find_one_and_replace", "find_one_and_delete"),
    *("update_one", "replace_one", "delete_one"),
)


class MadeKey(NamedTuple):
    """A field that gets a value made to be unique, and by which single documents are looked up.

    ``maker``: what makes it; ``reader``: an operation that looks one up. ``cut``: only a part of what is made is kept,
    so that two meet by chance.
    """

    operation: Operation
    collection: Collection
    field: str
    maker: str
    reader: Operation
    cut: bool


class HandledDuplicate(NamedTuple):
    """An insert whose DuplicateKeyError is caught, of documents that nothing keeps apart; ``fields`` may be the key."""

    operation: Operation
    collection: Collection
    module: int
    handler: Handler
    fields: tuple[str, ...]


def made(
    tracer: Tracer, operations: Sequence[Operation], written: Sequence[tuple[Way, Collection, Content]]
) -> Iterator[MadeKey]:
    """The keys that are made where documents are inserted."""
    single = _single(operations)
    for operation, name in _in_branches(tracer, operations):
        for each in operation.collection_names:
            single.setdefault((each, name), []).append(operation)
    for way, collection, _ in written:
        for name, made_by in _made_on(tracer, way):
            readers = single.get((collection.name, name))
            if readers:
                reader = min(readers, key=lambda operation: _SINGLE.index(operation.name))
                is_cut = made_by.startswith(_PART)
                yield MadeKey(way.operation, collection, name, made_by.removeprefix(_PART), reader, is_cut)


@held_by
def _made_on(tracer: Tracer, way: Way) -> list[tuple[str, str]]:
    """The fields that are made to be unique on a way to an insert, and what makes them."""
    content, every = content_of(tracer, way), []
    identity = content.fields["_id"].term if "_id" in content.fields else None
    for name, value in content.fields.items():
        if name == "_id" or not value.sure or len(value.spots) != 1 or value.term == identity:
            continue
        found = maker(tracer, value.spots[0])
        if found is not None and not _is_shared(tracer, way, found[1]):
            every.append((name, found[0]))
    return every


def maker(tracer: Tracer, spot: Spot) -> tuple[str, Spot] | None:
    """What makes a value that no other has, and the call that does; None of other values."""
    return tracer.once(("maker", spot), lambda: _maker(tracer, spot), None)


def _maker(tracer: Tracer, spot: Spot) -> tuple[str, Spot] | None:
    node = tracer.node(spot)
    match node[0]:
        case "await" | "item":
            found = maker(tracer, spot.at(node[1]))
            is_cut = found and node[0] == "item" and tracer.node(spot.at(node[2]))[0] == "slice"
            return (_PART + found[0].removeprefix(_PART), found[1]) if found and is_cut else found
        case "typed" if node[2] is not None:
            return maker(tracer, spot.at(node[2]))
        case "attr" if node[2] in _KEEPING:
            return maker(tracer, spot.at(node[1]))
        case "fstr":
            return next((found for row in node[1] if (found := maker(tracer, spot.at(row)))), None)
        case "binop" if node[1] in ("+", "%"):
            return next((found for row in node[2:4] if (found := maker(tracer, spot.at(row)))), None)
        case "param":
            passed = tracer.parameter(spot)
            return maker(tracer, passed) if passed else None
        case "call":
            return _maker_of_call(tracer, spot)
    return None


def _maker_of_call(tracer: Tracer, spot: Spot) -> tuple[str, Spot] | None:
    node = tracer.node(spot)
    called = tracer.value(spot.at(node[1]))
    name = called[0].name if len(called) == 1 and type(called[0]) is External else ""
    if name.startswith(_MAKERS):
        return name, spot
    if node[2] and name.startswith(("builtins.str", "hashlib.", "bson.Binary", "bson.binary.Binary")):
        return maker(tracer, spot.at(node[2][0][1]))
    function = tracer.node(spot.at(node[1]))
    if function[0] == "attr" and function[2] in _KEEPING:
        return maker(tracer, spot.at(function[1]))
    frame = tracer.enter(spot)
    found = [maker(tracer, each) for each in terms.returns(tracer, frame)] if frame else []
    return found[0] if len(found) == 1 else None


def _is_shared(tracer: Tracer, way: Way, made_at: Spot) -> bool:
    """Whether a loop inserts several documents with the value that was made before it."""
    frame = made_at.frame
    outermost = (made_at.module, made_at.row)
    while frame is not None:
        outermost = frame.site_module, frame.site
        frame = frame.outer
    making = tracer.call(*outermost)
    facts = tracer.facts(way.point.module)
    loops = {id(entry) for entry in facts.chain(way.point.context) if entry.kind in ("loop", "comp")}
    around = facts.chain(making.context) if making and outermost[0] == way.point.module else []
    return not loops <= {id(entry) for entry in around}


def _single(operations: Sequence[Operation]) -> dict[tuple[str | None, str], list[Operation]]:
    """The operations that find one document by the value of a field, by collection and field."""
    found: dict[tuple[str | None, str], list[Operation]] = {}
    for operation in operations:
        required = operation.filter.required
        if operation.name in _SINGLE and "_id" not in required:
            for collection in operation.collection_names:
                for name, kind in required.items():
                    if kind == "equality":
                        found.setdefault((collection, name), []).append(operation)
    return found


def _in_branches(tracer: Tracer, operations: Sequence[Operation]) -> Iterator[tuple[Operation, str]]:
    """The fields each of which finds one document by itself: ``find_one({"$or": [{"id": key}, {"number": key}]})``."""
    for operation in operations:
        asked = operation.filter
        if operation.name not in _SINGLE or asked.required or asked.open or len(asked.clauses) != 1:
            continue
        operator, place = asked.clauses[0]
        if operator != "$or" or place is None:
            continue
        facts = tracer.facts(place.module)
        node = facts.nodes[place.row]
        for row in node[2] if node[0] == "seq" else ():
            branch = facts.nodes[row]
            name = facts.constant(branch[1][0][0]) if branch[0] == "dict" and len(branch[1]) == 1 else None
            if isinstance(name, str) and asked.optional.get(name) == "equality" and name != "_id":
                yield operation, name


def handled(
    tracer: Tracer, operations: Sequence[Operation], written: Sequence[tuple[Way, Collection, Content]]
) -> Iterator[HandledDuplicate]:
    """The clauses that catch DuplicateKeyError around an insert of documents with an ``_id`` of the driver's."""
    single = _single(operations)
    for way, collection, content in written:
        if way.frame is not None or content.open or content.sources or "_id" in content.fields:
            continue
        module = way.point.module
        for handler in handlers_around(tracer, module, way.point.context):
            if "pymongo.errors.DuplicateKeyError" in caught(tracer, module, handler):
                fields = [
                    name
                    for name in content.fields
                    if any(len(o.filter.required) == 1 for o in single.get((collection.name, name), ()))
                ]
                yield HandledDuplicate(way.operation, collection, module, handler, tuple(fields))
                break


def handlers_around(tracer: Tracer, module: int, context: int) -> Iterator[Handler]:
    """The ``except`` clauses of the function around a place, the nearest first."""
    facts = tracer.facts(module)
    for entry in facts.chain(context):
        if entry.kind == "try":
            yield from facts.tries[entry.ref].handlers


def handlers_on(tracer: Tracer, way: Way) -> Iterator[tuple[int, Handler]]:
    """The ``except`` clauses around the calls of a way, of its beginning and of what it leads through; by module."""
    places = [(way.point.module, way.point.context)]
    module, row, frame = way.operation.module, way.operation.row, way.frame
    while frame is not None:
        call = tracer.call(module, row)
        places += [(module, call.context)] if call else []
        module, row, frame = frame.site_module, frame.site, frame.outer
    for module, context in places:
        yield from ((module, handler) for handler in handlers_around(tracer, module, context))


def caught(tracer: Tracer, module: int, handler: Handler) -> set[str]:
    """The qualified names of the classes that a clause catches."""
    if handler.types is None:
        return {"builtins.BaseException"}
    node = tracer.link.node(module, handler.types)
    rows = node[2] if node[0] == "seq" else (handler.types,)
    return {atom.name for row in rows for atom in tracer.link.value(module, row) if type(atom) is External}
