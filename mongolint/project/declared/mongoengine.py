"""Indexes of MongoEngine's documents: ``meta["indexes"]``, unique and geo fields, ``_cls``.

As ``ensure_indexes`` makes them, which runs when a document's collection is first used.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from mongolint.fastclasses import NamedTuple
from mongolint.link.atoms import ClassRef, Collection, Const, Database, FunctionRef, Literal
from mongolint.mongo import mappers
from mongolint.project.declared.classes import Call, Classes, declaration
from mongolint.project.documents import Place, Reader
from mongolint.project.indexes import IndexDeclaration, IndexFinder

if TYPE_CHECKING:
    from mongolint.link.linker import Linker

_CAPITAL = re.compile(r"([A-Z])")
_IDS = ("pk", "id", "_id")
_LISTS = ("EmbeddedDocumentListField", "ListField", "SortedListField")
_EMBEDDED = ("EmbeddedDocumentField", "EmbeddedDocumentListField")
_MAX_DEPTH = 5


class _Field(NamedTuple):
    """A field of a document: its name in the class and in the database, and what made it."""

    name: str
    stored: str
    call: Call
    owner: ClassRef


class _Meta:
    """The ``meta`` of a class, merged with those of its bases as MongoEngine merges them."""

    def __init__(self, link: Linker, reader: Reader, finder: IndexFinder, classes: Classes, cls: ClassRef) -> None:
        self.finder = finder
        self.classes = classes
        self.own: dict[str, Place] = {}
        self.merged: dict[str, Place] = {}
        self.indexes: list[Place] = []
        self.is_known = True
        for member in reversed(link.hierarchy.order(cls)):
            place = classes.own(member, "meta")
            if place is None:
                continue
            entries = dict(reader.entries(*place))
            self.is_known &= bool(entries) or reader.document(*place).open is False
            self.merged.update(entries)
            if "indexes" in entries:
                self.indexes.append(entries["indexes"])
            if member == cls:
                self.own = entries

    def value(self, name: str) -> Any:
        """What the meta says, as plain data; None where it does not."""
        place = self.merged.get(name)
        return None if place is None else self.finder.plain(place)

    @property
    def is_abstract(self) -> bool:
        place = self.own.get("abstract")
        return place is not None and self.finder.plain(place) is True


class MongoEngineFinder:
    """Reads the documents of a project."""

    def __init__(self, link: Linker, reader: Reader, finder: IndexFinder, classes: Classes) -> None:
        self.link = link
        self.reader = reader
        self.finder = finder
        self.classes = classes
        self._metas: dict[ClassRef, _Meta] = {}
        self._known_fields: dict[ClassRef, dict[str, _Field]] = {}

    def find(self) -> Iterator[IndexDeclaration]:
        for cls in self.classes.documents(mappers.MONGOENGINE_DOCUMENTS):
            meta = self._meta(cls)
            if meta.is_abstract or (meta.value("auto_create_index") is False and not self._is_ensured):
                continue
            name = self._collection(cls)
            collection = None if name is None else Collection(Database(None, None, "unknown"), name)
            for index in self._indexes(cls, meta):
                yield replace(index, collection=collection, source="mongoengine")

    @property
    def _is_ensured(self) -> bool:
        """Whether something calls ``ensure_indexes`` for those that are not made by themselves."""
        return any(
            facts.nodes[node[1]][-1] == "ensure_indexes"
            for facts in self.link.modules
            for node in (facts.nodes[call.row] for call in facts.calls)
        )

    def _meta(self, cls: ClassRef) -> _Meta:
        if cls not in self._metas:
            self._metas[cls] = _Meta(self.link, self.reader, self.finder, self.classes, cls)
        return self._metas[cls]

    def _collection(self, cls: ClassRef) -> str | None:
        """The name of the collection: that of the nearest base that is stored, else the given or the default one."""
        for base in self.link.hierarchy.order(cls)[1:]:
            is_document = not mappers.MONGOENGINE_DOCUMENTS.isdisjoint(self.classes.external_bases(base))
            if is_document and not self._meta(base).is_abstract:
                return self._collection(base)
        place = self._meta(cls).merged.get("collection")
        if place is None:
            return _CAPITAL.sub(r"_\1", self.link.scope(*cls).name).strip("_").lower()
        return self.classes.text(place)

    # Indexes

    def _indexes(self, cls: ClassRef, meta: _Meta) -> Iterator[IndexDeclaration]:
        found: dict[Any, IndexDeclaration] = {}
        listed = [index for place in meta.indexes for index in self._listed(cls, meta, place)]
        given = meta.merged.get("index_opts")
        common = {name: self.finder.plain(at) for name, at in self.reader.entries(*given)} if given else {}
        for index in [*listed, *self._geo(cls, "", ()), *self._unique(cls, "", 0)]:
            key = index.keys or index.spelled
            before = found.get(key)
            options = {**(before.options if before else common), **index.options}
            found[key] = replace(before or index, options=options)
        # The gaps of a class that is there to be copied and filled in are no fields
        yield from (index for index in found.values() if not any(name == "" for name, _ in index.keys or ()))
        if not meta.is_known or self.classes.is_opaque(cls):
            yield declaration(self.classes.row(cls), None)
        is_first = any(index.keys and index.keys[0][0] == "_cls" for index in found.values())
        if meta.value("allow_inheritance") is True and meta.value("index_cls") is not False and not is_first:
            yield declaration(self.classes.row(cls), [("_cls", 1)], common)

    def _listed(self, cls: ClassRef, meta: _Meta, listing: Place) -> Iterator[IndexDeclaration]:
        """``meta["indexes"]``."""
        items, is_open = self.reader.items(*listing)
        for item in items:
            for place in self.finder.contexts(item.place):
                yield self._spec(cls, meta, place, listing)
        if is_open:
            yield declaration(self.classes.spelled(listing, listing, cls), None)

    def _spec(self, cls: ClassRef, meta: _Meta, place: Place, listing: Place) -> IndexDeclaration:
        """One specification: a field, several, or a dict with ``fields``."""
        value = self.link.value(*place)
        atom = value[0] if len(value) == 1 else None
        where = self.classes.spelled(place, listing, cls)
        if type(atom) is Const and isinstance(atom.value, str):
            return declaration(where, self._keys(cls, meta, [atom.value], {}))
        if type(atom) is not Literal:
            return declaration(where, None)
        if self.link.node(atom.module, atom.row)[0] == "seq":
            return declaration(where, self._read(cls, meta, place, {}))
        entries = dict(self.reader.entries(*atom))
        options = {name: self.finder.plain(at) for name, at in entries.items() if name != "fields"}
        keys = self._read(cls, meta, entries["fields"], options) if "fields" in entries else None
        return declaration(where, keys, {name: said for name, said in options.items() if name != "cls"})

    def _read(self, cls: ClassRef, meta: _Meta, place: Place, options: dict[str, Any]) -> list[tuple[str, Any]] | None:
        names = [self.classes.text(item.place) for item in self.reader.items(*place)[0]]
        if not any(names):
            # MongoEngine hands pairs on as they are
            return self.reader.key_pattern(place)
        known = [name for name in names if name is not None]
        is_whole = len(known) == len(names) and not self.reader.items(*place)[1]
        return self._keys(cls, meta, known, options) if is_whole else None

    def _keys(self, cls: ClassRef, meta: _Meta, names: list[str], options: dict[str, Any]) -> list[tuple[str, Any]]:
        """The key pattern of some fields; ``_cls`` comes first where classes share the collection."""
        keys = []
        for name in names:
            direction = mappers.MONGOENGINE_PREFIXES.get(name[:1])
            plain = name if direction is None else name[1:]
            keys.append((self._stored(cls, plain), 1 if direction is None else direction))
        wanted = options.get("cls", True) is not False and options.get("sparse") is not True
        wanted = wanted and (options.get("cls") is True or meta.value("index_cls") is not False)
        is_geo = keys[-1][1] in ("2d", "2dsphere", "geoHaystack")
        if meta.value("allow_inheritance") is True and wanted and "_cls" not in names and not is_geo:
            keys.insert(0, ("_cls", 1))
        return keys

    # Fields

    def _fields(self, cls: ClassRef) -> dict[str, _Field]:
        if cls not in self._known_fields:
            self._known_fields[cls] = {}  # what a field of the class asks of it meanwhile
            self._known_fields[cls] = dict(self._find_fields(cls))
        return self._known_fields[cls]

    def _find_fields(self, cls: ClassRef) -> Iterator[tuple[str, _Field]]:
        for member in reversed(self.link.hierarchy.order(cls)):
            for name, row in self.link.scope(*member).final.items():
                call = self._field_call(member.module, row)
                if call is not None:
                    given = call.given("db_field")
                    stored = self.classes.text(given) if given is not None else None
                    if self._says(call, "primary_key"):
                        stored = "_id"
                    yield name, _Field(name, stored or name, call, member)

    def _field_call(self, module: int, row: int) -> Call | None:
        """The call that makes a field, of MongoEngine's own kinds or of one of the project."""
        node = self.link.node(module, row)
        if node[0] == "typed" and node[2] is not None:
            row, node = node[2], self.link.node(module, node[2])
        if node[0] != "call":
            return None
        name = self.classes.origin(module, node[1])
        made = self.classes.class_at(Place(module, node[1], None)) if name is None else None
        if made is not None:
            name = next((base for base in self.classes.external_bases(made) if _is_field(base)), None)
        if name is not None:
            return Call(Place(module, row, None), name, node[2]) if _is_field(name) else None
        if any(type(atom) is FunctionRef for atom in self.link.value(module, node[1])):
            # A function of the project that is given a field and hands it on
            return next((found for _, arg in node[2] if (found := self._field_call(module, arg))), None)
        return None

    def _is_unique(self, call: Call) -> bool:
        """Whether a field says so, or its class, one of the project, does for it."""
        if call.given("unique") is not None:
            return self._says(call, "unique")
        made = self.classes.class_at(call.place._replace(row=self.link.node(*call.place[:2])[1]))
        init = self.link.hierarchy.find(made, "__init__") if made is not None else None
        if init is None:
            return False
        facts = self.link.modules[init.module]
        calls = [node[2] for node in facts.body(facts.scopes[init.scope]) if node[0] == "call"]
        said = [
            [name or facts.constant(row) for name, row in args] + [facts.constant(args[-1][1])]
            for args in calls
            if args
        ]
        return any("unique" in words and True in words for words in said)

    def _says(self, call: Call, option: str) -> bool:
        place = call.given(option)
        return place is not None and self.finder.plain(place) is True

    def _stored(self, cls: ClassRef, path: str) -> str:
        """A field's path in the database."""
        if path in _IDS:
            return "_id"
        found = []
        owner: ClassRef | None = cls
        for part in path.split("."):
            field = self._fields(owner).get(part) if owner is not None else None
            found.append(field.stored if field is not None else part)
            if field is not None or not part.isdigit():
                owner = self._embedded(field.call) if field is not None else None
        return ".".join(found)

    def _embedded(self, call: Call) -> ClassRef | None:
        """The document that a field embeds, or that the elements of a list are."""
        inner = call.given("document_type", 0) if call.name[1] in _EMBEDDED else call.given("field", 0)
        if inner is None:
            return None
        if call.name[1] in _EMBEDDED:
            name = self.classes.text(inner)
            bound = self.link.global_name(inner.module, name) if name else ()
            return self.classes.class_at(inner) or next((atom for atom in bound if type(atom) is ClassRef), None)
        nested = self._field_call(inner.module, inner.row) if call.name[1] in _LISTS else None
        return self._embedded(nested) if nested is not None else None

    def _unique(self, cls: ClassRef, prefix: str, depth: int) -> Iterator[IndexDeclaration]:
        """What ``unique`` and ``unique_with`` make, also in embedded documents."""
        for field in self._fields(cls).values():
            beside = field.call.given("unique_with")
            if beside is not None or self._is_unique(field.call):
                yield self._unique_index(cls, prefix, field, beside)
            embedded = self._embedded(field.call)
            if embedded is not None and embedded != cls and depth < _MAX_DEPTH:
                yield from self._unique(embedded, f"{field.name}.", depth + 1)

    def _unique_index(self, cls: ClassRef, prefix: str, field: _Field, beside: Place | None) -> IndexDeclaration:
        sparse = self._says(field.call, "sparse")
        names = [field.stored]
        if beside is not None:
            text = self.classes.text(beside)
            listed = [text] if text is not None else [self.classes.text(i.place) for i in self.reader.items(*beside)[0]]
            for name in listed:
                if name is None:
                    return declaration(field.call.place, None)
                names.append(self._stored(cls, name))
                sparse = not sparse and self.classes.own(cls, name.rpartition(".")[2]) is None
        options = {"unique": True, **({"sparse": True} if sparse else {})}
        return declaration(field.call.place, [(prefix + name, 1) for name in names], options)

    def _geo(self, cls: ClassRef, prefix: str, seen: tuple[ClassRef, ...]) -> Iterator[IndexDeclaration]:
        """Fields that hold places are indexed by themselves."""
        for field in self._fields(cls).values():
            kind = mappers.MONGOENGINE_GEO.get(field.call.name[1])
            place = field.call.given("auto_index", 0)
            if kind is not None and (kind == "2d" or place is None or self.finder.plain(place) is not False):
                yield declaration(field.call.place, [(prefix + field.stored, kind)])
            elif field.call.name[1] == "EmbeddedDocumentField":
                embedded = self._embedded(field.call)
                if embedded is not None and embedded not in (cls, *seen):
                    yield from self._geo(embedded, f"{field.stored}.", (*seen, cls))


def _is_field(name: tuple[str, str]) -> bool:
    return name[0] in ("mongoengine", "flask_mongoengine") and name[1].endswith("Field")
