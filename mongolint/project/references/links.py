"""Fields that hold the key of a document of another collection.

A name alone says nothing. What does: in one function, the same value is the key of a document here, and in a field of
another collection there, compared or stored, through helpers too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from mongolint.fastclasses import NamedTuple
from mongolint.link.atoms import Cursor
from mongolint.link.states.memory import held_by
from mongolint.project.operations import Operation
from mongolint.project.tracing import stored
from mongolint.project.tracing.stored import Stored
from mongolint.project.tracing.tracer import Term
from mongolint.project.writes import inserts, lookups
from mongolint.project.writes.inserts import Way

if TYPE_CHECKING:
    from mongolint.project.model import Project

# A way to convert an id, which is the same id
_CONVERSIONS = re.compile(r"(bson\.(objectid\.)?ObjectId|builtins\.str|uuid\.UUID)$")
_OBJECT_IDS = re.compile(r"bson\.(objectid\.)?ObjectId$")
_VERSION = re.compile(r"[_-]?v\d+$", re.IGNORECASE)
_SUFFIX = re.compile(r"[_-]?(id|uuid|oid|key|ref)$", re.IGNORECASE)
# What a user is called by those who refer to one
_USERS = frozenset(["user", "account", "member"])
_USER_WORDS = frozenset(["owner", "user", "author", "creator", "account", "member", "createdby", "customer", "sender"])


class Reference(NamedTuple):
    """``child.field`` holds ``parent.key``; ``operation`` is one that shows it."""

    parent: str
    key: str
    child: str
    field: str
    operation: Operation


class _Named(NamedTuple):
    """A value in a field of a collection, as a function knows it. ``is_own``: made by this collection itself."""

    collection: str
    field: str
    is_own: bool
    operation: Operation


def references(project: Project, operations: Sequence[Operation]) -> list[Reference]:
    """The references between collections, each once."""
    finder = _Finder(project)
    found: dict[tuple[str, str, str, str], Reference] = {}
    functions: dict[tuple[int, int], dict[Term, list[_Named]]] = {}
    for operation in operations:
        for place, term, named in _named_by(project, operation):
            functions.setdefault(place, {}).setdefault(term, []).append(named)
    for function in functions.values():
        for every in function.values():
            for each in finder.pairs(every):
                found.setdefault((each.parent, each.key, each.child, each.field), each)
    return list(found.values())


@held_by
def _named_by(project: Project, operation: Operation) -> list[tuple[tuple[int, int], Term, _Named]]:
    """The values of an operation, by the function that begins each way to it."""
    finder = _Finder(project)
    ways = inserts.ways(finder.tracer, operation, project.tests)
    return [((way.point.module, way.scope), *each) for way in ways for each in finder.named(operation, way)]


class _Finder:
    def __init__(self, project: Project) -> None:
        self.project = project
        self.tracer = project.writes.tracer
        self._keys: dict[str, set[str]] = {}

    def named(self, operation: Operation, way: Way) -> Iterator[tuple[Term, _Named]]:
        """The values that an operation compares with or stores, as the function that begins the way knows them."""
        collection = inserts.collection_of(self.tracer, operation, way.frame)
        if collection is None or collection.name is None:
            return
        values = [
            {name: value for name, value in fields.items() if "." not in name}
            for fields in lookups.equalities(self.tracer, operation, way.frame)
        ]
        if operation.method.document is not None and operation.name != "insert_many":
            values.append(dict(self._with_inner(inserts.content_of(self.tracer, way).fields)))
        for fields in values:
            for name, value in fields.items():
                if name.startswith("$"):
                    continue
                term, is_own = _plain(value.term)
                source = self._source(term)
                if source is not None:
                    yield term, _Named(*source, source[1] == "_id", operation)
                if term[0] not in ("const", "either"):
                    yield term, _Named(collection.name, name, is_own and name == "_id", operation)

    def _with_inner(self, fields: Mapping[str, Stored]) -> Iterator[tuple[str, Stored]]:
        """The fields of a document that is stored, and those of documents in it: ``meta.url_id`` of a time series."""
        for name, value in fields.items():
            if "." in name:
                continue
            yield name, value
            if len(value.spots) == 1 and self.tracer.node(value.spots[0])[0] == "dict":
                inner = stored.read(self.tracer, value.spots[0]).fields
                yield from ((f"{name}.{each}", held) for each, held in inner.items() if "." not in each)

    def _source(self, term: Term) -> tuple[str, str] | None:
        """The collection of whose document a value is a field, and which: ``_id``, or another (see ``pairs``)."""
        if term[0] != "member" or term[1][0] != "row":
            return None
        _, module, row, _ = term[1]
        link = self.project.link
        node = link.node(module, row)
        operation = self.tracer.operation(module, row)
        if operation is None and node[0] == "iter":
            cursors = [atom for atom in link.value(module, node[1]) if type(atom) is Cursor and atom.kind == "cursor"]
            operation = self.tracer.operation(cursors[0].module, cursors[0].row) if len(cursors) == 1 else None
        if operation is None or operation.collection is None or operation.collection.name is None:
            return None
        return operation.collection.name, "_id" if term[2] == "inserted_id" else str(term[2])

    def pairs(self, every: Sequence[_Named]) -> Iterator[Reference]:
        """What the places of one value say of one another."""
        parents = {each.collection for each in every if each.field == "_id"}
        for one in every:
            if one.field == "_id" and len(parents) > 1:
                continue  # an id that comes from elsewhere
            if one.field != "_id" and one.field not in self._unique(one.collection):
                continue
            for other in every:
                if other.collection == one.collection or other.field == "_id":
                    continue
                if one.is_own or _is_called_so(other.field, one.collection):
                    yield Reference(one.collection, one.field, other.collection, other.field, other.operation)

    def _unique(self, collection: str) -> set[str]:
        """The fields other than ``_id`` that name one document of a collection."""
        if collection not in self._keys:
            declared = [
                index.keys[0][0]
                for index in self.project.indexes
                if index.collection_name == collection
                and index.options.get("unique") is True
                and len(index.keys or ()) == 1
                and index.keys
            ]
            needed = [
                need.keys[0][0]
                for need in self.project.writes.constraints
                if need.collection.name == collection and need.options.get("unique") and len(need.keys) == 1
            ]
            self._keys[collection] = {*declared, *needed}
        return self._keys[collection]


def _plain(term: Term) -> tuple[Term, bool]:
    """An id without what converts it, and whether it is made one of the server's own."""
    is_own = False
    while term[0] == "pure" and len(term) == 3 and _CONVERSIONS.match(term[1]):
        is_own = is_own or _OBJECT_IDS.match(term[1]) is not None
        term = term[2]
    return term, is_own


def same_id(term: Term) -> Term:
    """An id without what converts it, ``str(…)`` or ``ObjectId(…)``, so that equal ids are equal terms."""
    return _plain(term)[0]


def _is_called_so(field: str, collection: str) -> bool:
    """Whether a field is called like a document: ``book_id`` of ``books``, ``owner_id`` of ``users``."""
    word = re.sub(r"[^a-z]", "", _SUFFIX.sub("", field.rpartition(".")[2]).lower())
    own = re.sub(r"[^a-z]", "", _VERSION.sub("", collection).lower())
    singular = own[:-3] + "y" if own.endswith("ies") else own.removesuffix("s")
    return bool(word) and (word in (own, singular) or (singular in _USERS and word in _USER_WORDS))
