"""The fields that inserts, replacements and updates write, through helpers, models and requests of bulk writes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from mongolint.fastclasses import NamedTuple
from mongolint.finding import Span
from mongolint.link.atoms import ClassRef, External, const
from mongolint.mongo import drivers
from mongolint.project.documents import Place
from mongolint.project.fields import inside, types
from mongolint.project.fields.shapes import UPSERT, Use, plain_path
from mongolint.project.operations import Operation
from mongolint.project.tracing import stored
from mongolint.project.tracing.stored import Content, Stored, alias
from mongolint.project.tracing.tracer import Spot
from mongolint.project.updates.derived import IDS, Derived, derived
from mongolint.project.writes import inserts, lookups
from mongolint.project.writes.inserts import Way

if TYPE_CHECKING:
    from mongolint.project.model import Project
    from mongolint.project.tracing.tracer import Tracer

_MAX_DEPTH = 4
_REPLACING = ("replace_one", "find_one_and_replace", "save", "ReplaceOne")
_SETTING = ("$set", "$setOnInsert", "$min", "$max")
# The types that an operator gives its field whatever its value is
_GIVEN = {
    "$inc": ("number",),
    "$mul": ("number",),
    "$bit": ("number",),
    "$currentDate": ("date",),
    "$push": ("array",),
    "$addToSet": ("array",),
    "$pop": ("array",),
    "$pull": ("array",),
    "$pullAll": ("array",),
}
# Those that take nothing but numbers
_ADDED = ("$inc", "$mul")
_ADDING = ("$push", "$addToSet")
# What an upsert that makes a document does as well
_MAKING = ("$set", "$setOnInsert", "$inc", "$mul", "$min", "$max", "$currentDate", "$push", "$addToSet")
_STAGES = ("$set", "$addFields")


class Named(NamedTuple):
    """A field as an operation on ``collection`` names it; without a name, one that the code does not show."""

    collection: str
    name: str
    use: Use


def writes(operation: Operation) -> bool:
    """Whether an operation writes fields."""
    method = operation.method
    return bool(method.document or method.update or operation.name == "bulk_write")


def writings(project: Project, operation: Operation) -> Iterator[Writing]:
    """How an operation writes, on each way to it."""
    tracer = project.writes.tracer
    span = project.operation_span(operation)
    found = inserts.ways(tracer, operation, project.tests)
    for way in found:
        if not _is_called(project, way, found):
            collection = inserts.collection_of(tracer, operation, way.frame)
            names = [str(collection.name)] if collection is not None else operation.collection_names
            yield Writing(tracer, way, span, names)


def _is_called(project: Project, way: Way, ways: Sequence[Way]) -> bool:
    """Whether all that runs the function in which a way begins is calls that are ways of their own."""
    if not way.scope or project.link.scope(way.point.module, way.scope).decorators:
        return False
    uses = project.reachability.uses.of(way.point.module, way.scope)
    begun = {(each.point.module, each.row) for each in ways}
    return bool(uses) and all(use.called and use.certain and (use.module, use.row) in begun for use in uses)


class Writing:
    """Reads what one operation writes on one way to it, and to which collections."""

    def __init__(self, tracer: Tracer, way: Way, span: Span, collections: Sequence[str]) -> None:
        self.tracer = tracer
        self.way = way
        self.span = span
        self.collections = collections

    def written(self) -> Iterator[Named]:
        """The fields that it writes."""
        astray, frame = len(self.collections) > 1, self.way.frame
        for name, given in self._all():
            use = replace(given, astray=astray, frame=frame) if astray or frame else given
            yield from (Named(each, name, use) for each in self.collections)

    def documents(self) -> Iterator[tuple[str, Content]]:
        """The whole documents that it makes, those of upserts too, each with its collection."""
        for content in self._made():
            yield from ((each, content) for each in self.collections)

    def _all(self) -> Iterator[tuple[str, Use]]:
        method = self.way.operation.method
        if self.way.operation.name == "bulk_write":
            yield from self._requests()
            return
        document = inserts.given(self.tracer, self.way.operation, self.way.frame, method.document)
        if document is not None:
            many = self.way.operation.name == "insert_many"
            yield from self._documents(document) if many else self._document(document, method.name)
        update = inserts.given(self.tracer, self.way.operation, self.way.frame, method.update)
        if update is not None:
            yield from self._update(update)
            yield from self._upserted()

    # Whole documents

    def _made(self) -> Iterator[Content]:
        """The documents that the operation makes; an open one where it may make others."""
        operation, frame = self.way.operation, self.way.frame
        if operation.name == "bulk_write":
            yield stored.OPEN
            return
        document = inserts.given(self.tracer, operation, frame, operation.method.document)
        if document is not None and operation.name == "insert_many":
            spots, is_open = self._items(document)
            yield from (stored.read(self.tracer, spot) for spot in spots)
            if is_open:
                yield stored.OPEN
        elif document is not None:
            yield stored.read(self.tracer, document)
        yield from self._made_by_upsert()

    def _made_by_upsert(self) -> Iterator[Content]:
        operation, frame = self.way.operation, self.way.frame
        update = inserts.given(self.tracer, operation, frame, operation.method.update)
        if update is None or not self._is_upsert():
            return
        content = stored.read(self.tracer, update)
        whole = _whole(content)
        made = whole if whole.fields else self._compared()
        for operator in _MAKING:
            for spot in content.fields[operator].spots if operator in content.fields else ():
                made = made.merged(stored.read(self.tracer, spot))
        yield replace(made, open=made.open or content.open)

    def _compared(self) -> Content:
        """What the filter of an upsert compares for equality, and so gives the document that it makes."""
        spot = inserts.given(self.tracer, self.way.operation, self.way.frame, self.way.operation.method.filter)
        found = stored.read(self.tracer, spot) if spot is not None else stored.EMPTY
        fields: dict[str, Stored] = {}
        is_open = found.open or bool(found.sources)
        for name, value in found.fields.items():
            if name.startswith("$"):
                is_open = True  # of its branches, too, the server takes what is equal
            elif lookups.is_equality(self.tracer, value):
                fields[name] = value
        return Content(fields, (), is_open)

    def _is_upsert(self) -> bool:
        given = inserts.given(self.tracer, self.way.operation, self.way.frame, "upsert")
        return given is not None and self.tracer.value(given) == (const(True),)

    def _upserted(self) -> Iterator[tuple[str, Use]]:
        """What an upsert makes a document of, besides its update: what its filter compares."""
        if not self._is_upsert():
            return
        compared = self._compared()
        if compared.open:
            yield "", self._plain("update", UPSERT)
        for name, value in compared.fields.items():
            yield from self._field(name, value, "update", UPSERT)

    def _documents(self, documents: Spot) -> Iterator[tuple[str, Use]]:
        spots, is_open = self._items(documents)
        for spot in spots:
            yield from self._document(spot, "insert_many")
        if is_open:
            yield "", self._plain("insert")

    def _items(self, several: Spot) -> tuple[list[Spot], bool]:
        """The items of a list, and whether there may be others."""
        env = several.frame.env if several.frame else None
        items, is_open = self.tracer.reader.items(several.module, several.row, env)
        spots = [Spot(item.place.module, item.place.row, several.frame) for item in items]
        return spots, not spots or (is_open and not inside.is_listed(self.tracer, several))

    def _document(self, spot: Spot, method: str) -> Iterator[tuple[str, Use]]:
        how = "replace" if method in _REPLACING else "insert"
        yield from self._content(stored.read(self.tracer, spot), how, "", "")

    def _content(
        self, content: Content, how: str, operator: str, prefix: str, depth: int = _MAX_DEPTH
    ) -> Iterator[tuple[str, Use]]:
        if content.open or content.sources:
            yield "", self._plain(how, operator)
        for name, value in content.fields.items():
            if name.startswith("$"):
                continue
            yield from self._field(f"{prefix}{name}", value, how, operator, depth)

    def _field(
        self, name: str, value: Stored, how: str, operator: str, depth: int = _MAX_DEPTH
    ) -> Iterator[tuple[str, Use]]:
        kinds = () if operator == "$unset" else self._kinds(value)
        found = self._inside(value, kinds, operator)
        path = plain_path(name)
        if path:
            is_element = plain_path(name.rpartition(".")[2]) == ""
            yield (
                path,
                self._use(value, _stored(operator, kinds), how, operator, found.closed and depth > 0, is_element),
            )
        for content in found.contents if depth else ():
            held = {key: each for key, each in content.fields.items() if not key.startswith("$")}
            yield from self._content(Content(held), how, operator and "$set", f"{name}.", depth - 1)

    def _kinds(self, value: Stored) -> types.Types:
        """The types of a value; the key of a document that was read is not null, though its model may begin so."""
        kinds = types.of(self.tracer, value)
        made = [derived(self.tracer, spot) for spot in value.spots] if "null" in kinds else []
        if made and all(each and self._is_key(each) for each in made):
            return tuple(kind for kind in kinds if kind != "null")
        return kinds

    def _is_key(self, made: Derived) -> bool:
        if made.changes or made.path not in IDS or made.model is None:
            return made.path == "_id" and not made.changes
        called = self.tracer.called(made.model)
        return len(called) == 1 and type(called[0]) is ClassRef and alias(self.tracer, called[0], made.path) == "_id"

    def _inside(self, value: Stored, kinds: types.Types, operator: str) -> inside.Inside:
        if operator not in ("", UPSERT, *_SETTING, *_ADDING):
            return inside.NOTHING
        found = inside.of(self.tracer, value, kinds)
        several = [content.fields["$each"] for content in found.contents if "$each" in content.fields]
        if operator not in _ADDING or len(several) != 1:
            return found
        return inside.of(self.tracer, several[0], types.of(self.tracer, several[0]))

    def _use(
        self, value: Stored, kinds: types.Types, how: str, operator: str, is_closed: bool, is_element: bool
    ) -> Use:
        if is_element:
            kinds = (types.ANY,)  # of an array, or of a document with numbers for names
        return Use(
            how,
            self.span,
            operator,
            tuple(kind for kind in kinds if kind != types.ANY),
            value.sure or how == "update",
            self._model(value),
            types.ANY not in kinds,
            is_closed,
            value.spots,
            value.declared,
            self.way.operation,
        )

    def _plain(self, how: str, operator: str = "") -> Use:
        return Use(how, self.span, operator, operation=self.way.operation)

    def _model(self, value: Stored) -> str:
        if value.declared is None:
            return ""
        cls, name = value.declared
        return f"{self.tracer.link.scope(*cls).name}.{name}"

    # Updates

    def _update(self, update: Spot) -> Iterator[tuple[str, Use]]:
        if self.tracer.node(update)[0] == "seq":
            for row in self.tracer.node(update)[2]:
                yield from self._stage(stored.read(self.tracer, update.at(row)))
            return
        content = stored.read(self.tracer, update)
        if content.open or content.sources:
            yield "", self._plain("update")
        yield from self._content(_whole(content), "replace", "", "")
        for operator, value in content.fields.items():
            for spot in value.spots if operator.startswith("$") else ():
                part = stored.read(self.tracer, spot)
                # A field that gets another name is gone: the new name that stands there is no value of it
                yield from self._content(part, "update", "$unset" if operator == "$rename" else operator, "")
                if operator == "$rename":
                    yield from self._renamed(part)

    def _renamed(self, part: Content) -> Iterator[tuple[str, Use]]:
        for value in part.fields.values():
            if value.term[:2] == ("const", "str"):
                yield plain_path(value.term[2]), self._plain("update", "$rename")

    def _stage(self, stage: Content) -> Iterator[tuple[str, Use]]:
        """What a stage of an update with a pipeline sets; its values are expressions."""
        if stage.open or any(name not in (*_STAGES, "$unset") for name in stage.fields):
            yield "", self._plain("update", "$set")
        for operator in _STAGES:
            for spot in stage.fields[operator].spots if operator in stage.fields else ():
                for name in stored.read(self.tracer, spot).fields:
                    yield plain_path(name), self._plain("update", "$set")

    # Requests of bulk_write

    def _requests(self) -> Iterator[tuple[str, Use]]:
        place = inserts.given(self.tracer, self.way.operation, self.way.frame, "requests")
        spots, is_open = self._items(place) if place is not None else ([], True)
        for spot in spots:
            yield from self._request(spot)
        if is_open:
            yield "", self._plain("update")

    def _request(self, spot: Spot) -> Iterator[tuple[str, Use]]:
        node = self.tracer.node(spot)
        for atom in self.tracer.value(spot.at(node[1])) if node[0] == "call" else ():
            request = drivers.REQUESTS.get(atom.name) if type(atom) is External else None
            if request is None:
                continue
            given = request.arguments([(keyword, Place(spot.module, row, None)) for keyword, row in node[2]])
            if request.document in given and request.document is not None:
                yield from self._document(spot.at(given[request.document].row), atom.name.rpartition(".")[2])
            if request.update in given and request.update is not None:
                yield from self._update(spot.at(given[request.update].row))


def _stored(operator: str, kinds: types.Types) -> types.Types:
    """The types that a field gets from a value; none by a sum that the server refuses: ``$inc`` by a date."""
    is_refused = operator in _ADDED and kinds and not {"number", types.ANY} & set(kinds)
    return (types.ANY,) if is_refused else _GIVEN.get(operator, kinds)


def _whole(update: Content) -> Content:
    """What an update without operators stores: the whole document, by the ``update`` of PyMongo 3."""
    return Content({name: value for name, value in update.fields.items() if not name.startswith("$")})
