"""What the readers of mappers' classes ask: where a name comes from, what a class inherits, what its body binds."""

from __future__ import annotations

import builtins
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from mongolint.facts.shapes import Row
from mongolint.fastclasses import NamedTuple
from mongolint.link.atoms import ClassRef, External, ModuleRef, Value, strings
from mongolint.link.rowtools import reached_rows
from mongolint.mongo import mappers
from mongolint.mongo.mappers import Name
from mongolint.project.documents import Place
from mongolint.project.indexes import IndexDeclaration

if TYPE_CHECKING:
    from mongolint.link.linker import Linker

_MAX_STEPS = 8


def declaration(
    place: Place, keys: Sequence[tuple[str, Any]] | None, options: dict[str, Any] | None = None
) -> IndexDeclaration:
    """An index as a class declares it, of no collection yet."""
    return IndexDeclaration(place.module, place.row, place, None, tuple(keys) if keys else None, options or {})


class Call(NamedTuple):
    """A call: where it is, what it calls, and its arguments by keyword (None for those by position)."""

    place: Place
    name: Name
    args: tuple[tuple[str | None, int], ...]

    def given(self, keyword: str, position: int | None = None) -> Place | None:
        """The argument with a name or, if it is not named, at a position."""
        for name, row in self.args:
            if name == keyword:
                return self.place._replace(row=row)
        ordered = [row for name, row in self.args if name is None]
        if position is not None and position < len(ordered):
            return self.place._replace(row=ordered[position])
        return None


class Classes:
    """Questions about the classes of a project and the names that they are made of."""

    def __init__(self, link: Linker) -> None:
        self.link = link
        self._lists: dict[int, dict[int, list[int]]] = {}
        self._bases: dict[ClassRef, set[Name]] = {}

    def documents(self, bases: Iterable[Name]) -> Iterator[ClassRef]:
        """The classes that inherit from one of these external classes, in the order of files and lines."""
        wanted = frozenset(bases)
        for module, facts in enumerate(self.link.modules):
            for scope in facts.scopes:
                if scope.kind == "class" and scope.bases:
                    cls = ClassRef(module, scope.index)
                    if not wanted.isdisjoint(self.external_bases(cls)):
                        yield cls

    def external_bases(self, cls: ClassRef) -> set[Name]:
        """The bases outside the project, of a class and all it inherits from; ("", "") for one that is not known."""
        if cls not in self._bases:
            self._bases[cls] = set(self._external_bases(cls))
        return self._bases[cls]

    def _external_bases(self, cls: ClassRef) -> Iterator[Name]:
        for member in self.link.hierarchy.order(cls):
            for row in self.link.scope(*member).bases:
                if self.link.node(member.module, row)[0] == "item":
                    row = self.link.node(member.module, row)[1]
                if not any(type(atom) is ClassRef for atom in self.link.value(member.module, row)):
                    yield self.origin(member.module, row) or ("", "")

    def is_opaque(self, cls: ClassRef) -> bool:
        """Whether a class inherits from one that may declare indexes and cannot be seen."""
        return any(
            name == ("", "") or any(word in part.lower() for part in name for word in ("beanie", "bunnet", "mongo"))
            for name in self.external_bases(cls) - mappers.NEUTRAL
        )

    def origin(self, module: int, row: int) -> Name | None:
        """The package and the last name of what an expression names outside the project."""
        node = self.link.node(module, row)
        if node[0] == "attr" and self._is_extension(module, node[1]):
            return "mongoengine", str(node[2])
        for atom in self.link.value(module, row):
            if type(atom) is External:
                package, _, rest = atom.name.partition(".")
                if package == "builtins" and not hasattr(builtins, rest):
                    return self._star_imported(module, rest)
                return package, rest.rpartition(".")[2]
        return None

    def _star_imported(self, module: int, name: str) -> Name | None:
        """A name that only ``from mongoengine import *`` can have brought."""
        for dotted, level in self.link.modules[module].star_imports:
            package = dotted.partition(".")[0]
            if not level and package in mappers.PACKAGES:
                return package, name
        return None

    def _is_extension(self, module: int, row: int) -> bool:
        """Whether an expression is what ``MongoEngine(app)`` of Flask-MongoEngine gives."""
        at = self.definition(module, row)
        node = self.link.node(*at)
        return node[0] == "call" and self.origin(at[0], node[1]) == mappers.MONGOENGINE_EXTENSION

    def definition(self, module: int, row: int) -> tuple[int, int]:
        """Where the value of a global name is written: the row that it is bound to, in whichever module."""
        for _ in range(_MAX_STEPS):
            node = self.link.node(module, row)
            following = self._followed(module, node)
            if following is None:
                break
            module, row = following
        return module, row

    def _followed(self, module: int, node: Row) -> tuple[int, int] | None:
        if node[0] == "typed" and node[2] is not None:
            return module, node[2]
        if node[0] == "free":
            return self._bound(module, node[2])
        if node[0] == "from":
            path = self.link.imports.resolve(self.link.modules[module].path, node[1], node[3])
            return self._bound(self.link.number.get(path or "", -1), node[2])
        if node[0] == "attr":
            for atom in self.link.value(module, node[1]):
                if type(atom) is ModuleRef:
                    return self._bound(-1 if atom.module is None else atom.module, node[2])
        return None

    def _bound(self, module: int, name: str) -> tuple[int, int] | None:
        row = self.link.modules[module].scopes[0].final.get(name) if module >= 0 else None
        return None if row is None else (module, row)

    def call(self, module: int, row: int) -> Call | None:
        """The call of an external name that an expression is, also by way of a global name."""
        module, row = self.definition(module, row)
        node = self.link.node(module, row)
        name = self.origin(module, node[1]) if node[0] == "call" else None
        return None if name is None else Call(Place(module, row, None), name, node[2])

    # Places

    def row(self, cls: ClassRef) -> Place:
        """A class as a row."""
        wanted = ("class", cls.scope)
        rows = self.link.modules[cls.module].of_kind("class")
        return Place(cls.module, next(row for row, node in rows if node == wanted), None)

    def spelled(self, place: Place, listing: Place, cls: ClassRef) -> Place:
        """Where an item of a list stands: a string has no place of its own, so then the list, at worst the class."""
        facts = self.link.modules[place.module]
        if facts.spans.get(place.row) is not None:
            return place
        if place.module not in self._lists:
            held = self._lists[place.module] = {}
            for row, node in facts.of_kind("seq"):
                for part in node[2] if row in facts.spans else ():
                    held.setdefault(part, []).append(row)
        found = self._lists[place.module].get(place.row, [])
        near = reached_rows(facts, listing.row) if listing.module == place.module else {}
        # The outermost comes last
        best = max((row for row in found if row in near), default=max(found, default=None))
        return self.row(cls) if best is None else place._replace(row=best)

    # Bodies of classes

    def attribute(self, cls: ClassRef, name: str) -> Place | None:
        """What a class itself or the nearest of its bases binds a name to."""
        for member in self.link.hierarchy.order(cls):
            found = self.own(member, name)
            if found is not None:
                return found
        return None

    def own(self, cls: ClassRef, name: str) -> Place | None:
        """What the body of a class binds a name to."""
        row = self.link.scope(*cls).final.get(name)
        return None if row is None else Place(cls.module, row, None)

    def class_at(self, place: Place | None) -> ClassRef | None:
        """The class of the project that an expression is."""
        value: Value = () if place is None else self.link.value(*place)
        return next((atom for atom in value if type(atom) is ClassRef), None)

    def text(self, place: Place) -> str | None:
        """The one string that an expression can be."""
        value = self.link.value(*place)
        found = strings(value)
        return found[0] if len(found) == len(value) == 1 else None
