"""Indexes of Beanie's documents: ``Settings.indexes`` and fields that are ``Indexed``.

As ``init_beanie`` makes them: fields first, then the settings, which win where both name the same fields.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from mongolint.link.atoms import ClassRef, Collection, Database
from mongolint.mongo import mappers
from mongolint.project.declared.classes import Call, Classes, declaration
from mongolint.project.documents import Place, Reader
from mongolint.project.indexes import IndexDeclaration, IndexFinder

if TYPE_CHECKING:
    from mongolint.link.linker import Linker

# The inner class was called Collection before Beanie 1.8
_SETTINGS = ("Settings", "Collection")
_THROUGH = frozenset(("Annotated", "ClassVar", "Optional", "Union"))


class BeanieFinder:
    """Reads the documents of a project."""

    def __init__(self, link: Linker, reader: Reader, finder: IndexFinder, classes: Classes) -> None:
        self.link = link
        self.reader = reader
        self.finder = finder
        self.classes = classes

    def find(self) -> Iterator[IndexDeclaration]:
        for cls in self.classes.documents(mappers.BEANIE_DOCUMENTS):
            if len(self._parents(cls)) > 1:
                continue  # Beanie does not set one up
            name = self._collection(cls)
            collection = None if name is None else Collection(Database(None, None, "unknown"), name)
            for index in self._indexes(cls):
                yield replace(index, collection=collection, source="beanie")

    def _parents(self, cls: ClassRef) -> list[ClassRef]:
        """The documents of the project that a class directly inherits from."""
        bases = [base for base in self.link.hierarchy.bases(cls) if type(base) is ClassRef]
        return [base for base in bases if not mappers.BEANIE_DOCUMENTS.isdisjoint(self.classes.external_bases(base))]

    # Settings

    def _settings(self, cls: ClassRef) -> ClassRef | None:
        for name in _SETTINGS:
            found = self.classes.class_at(self.classes.attribute(cls, name))
            if found is not None:
                return found
        return None

    def _setting(self, cls: ClassRef, name: str) -> Place | None:
        settings = self._settings(cls)
        return None if settings is None else self.classes.attribute(settings, name)

    def _is_set(self, cls: ClassRef, name: str) -> bool:
        place = self._setting(cls, name)
        return place is not None and self.finder.plain(place) is True

    def _collection(self, cls: ClassRef) -> str | None:
        """The name of the collection; None where only the running program knows it."""
        root = self._root(cls)
        if root is not None:
            return self._own_collection(root)
        return self._own_collection(cls)

    def _own_collection(self, cls: ClassRef) -> str | None:
        union = self._setting(cls, "union_doc")
        if union is not None:
            shared = self.classes.class_at(union)
            return None if shared is None or shared == cls else self._own_collection(shared)
        place = self._setting(cls, "name")
        if place is None or self.link.value(*place) == ():
            return self.link.scope(*cls).name
        return self.classes.text(place)

    def _root(self, cls: ClassRef) -> ClassRef | None:
        """The document in whose collection a class is kept because that is the root of an inheritance tree."""
        parents = self._parents(cls)
        parent = parents[0] if parents else None
        if self._is_set(cls, "is_root") and (parent is None or not self._is_set(parent, "is_root")):
            return cls
        return None if parent is None else self._root(parent)

    # Indexes

    def _indexes(self, cls: ClassRef) -> list[IndexDeclaration]:
        """Those of the fields, replaced by those of the settings that are on the same fields."""
        found: dict[Any, IndexDeclaration] = {}
        listed = list(self._listed(cls))
        for index in [*self._fields(cls), *listed]:
            key = index.place if index.keys is None else tuple(sorted(name for name, _ in index.keys))
            found[key] = index
        settings = self._settings(cls)
        hidden = self.classes.is_opaque(cls) if settings is None else not listed and self.classes.is_opaque(settings)
        if hidden:
            found["hidden"] = declaration(self.classes.row(cls), None)
        return list(found.values())

    def _listed(self, cls: ClassRef) -> Iterator[IndexDeclaration]:
        """``Settings.indexes``; those of all bases too if they are to be merged."""
        order = [cls]
        if self._is_set(cls, "merge_indexes"):
            order = list(reversed(self.link.hierarchy.order(cls)))
        for member in order:
            place = self._setting(member, "indexes")
            if place is not None:
                yield from self._items(place, cls)

    def _items(self, listing: Place, cls: ClassRef) -> Iterator[IndexDeclaration]:
        items, is_open = self.reader.items(*listing)
        for item in items:
            for place in self.finder.contexts(item.place):
                made = self.finder.model(place)
                pattern = self.reader.key_pattern(place) if made is None else None
                yield made or declaration(self.classes.spelled(place, listing, cls), pattern)
        if is_open:
            yield declaration(self.classes.spelled(listing, listing, cls), None)

    def _fields(self, cls: ClassRef) -> Iterator[IndexDeclaration]:
        fields: dict[str, tuple[Call | None, str]] = {}
        for member in reversed(self.link.hierarchy.order(cls)):
            for name, row in self.link.scope(*member).annotations.items():
                fields[name] = (self._indexed(member.module, row), self._alias(member, name))
        for call, name in fields.values():
            if call is not None:
                place = call.given("index_type", 1)
                kind = self.reader.directions(place) if place is not None else [1]
                keys = [(name, kind[0])] if len(kind) == 1 else None
                yield declaration(self._annotated(cls, call), keys, self._options(call))

    def _options(self, call: Call) -> dict[str, Any]:
        args = [(name, call.place._replace(row=row)) for name, row in call.args if name not in (None, "*", "**")]
        return {str(name): self.finder.plain(at) for name, at in args if name not in ("typ", "index_type")}

    def _annotated(self, cls: ClassRef, call: Call) -> Place:
        """Where a field is indexed; its class if that is written in a string, which has no places."""
        if self.link.modules[call.place.module].spans.get(call.place.row) is None:
            return self.classes.row(cls)
        return call.place

    def _indexed(self, module: int, row: int) -> Call | None:
        """The call of ``Indexed`` in an annotation; within ``Optional`` it only counts with Pydantic 1."""
        call = self.classes.call(module, row)
        if call is not None:
            return call if call.name in mappers.BEANIE_INDEXED else None
        module, row = self.classes.definition(module, row)
        node = self.link.node(module, row)
        if node[0] == "binop" and node[1] == "|":
            return self._indexed(module, node[2]) or self._indexed(module, node[3])
        if node[0] != "item":
            return None
        named = self.classes.origin(module, node[1])
        if named is None or named[1] not in _THROUGH:
            return None
        inner = self.link.node(module, node[2])
        parts = inner[2] if inner[0] == "seq" else (node[2],)
        return next((found for part in parts if (found := self._indexed(module, part))), None)

    def _alias(self, cls: ClassRef, name: str) -> str:
        """The name under which a field is stored: ``Field(alias="…")``."""
        place = self.classes.own(cls, name)
        call = self.classes.call(place.module, place.row) if place is not None else None
        given = call.given("alias") if call is not None and call.name == mappers.PYDANTIC_FIELD else None
        return (self.classes.text(given) if given is not None else None) or name
