"""The indexes of a project, each once however often it is declared, and what they are for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import field
from typing import Any

from mongolint.coverage import Index
from mongolint.fastclasses import dataclass
from mongolint.project.coveragemap.asked import Site
from mongolint.project.indexes import IndexDeclaration
from mongolint.project.verdicts import as_index, is_clear

_ID = (("_id", 1),)
# What neither says which documents an index holds nor how it compares them, nor does anything beside serving queries
_INCIDENTAL = frozenset(
    ["background", "bucketSize", "comment", "commitQuorum", "dropDups", "multikey", "multikey_paths", "name", "v"]
)


@dataclass(eq=False, slots=True)
class KnownIndex:
    """An index and all its declarations.

    ``collection`` is None where it is known only at run time; ``keys`` is None for the same reason. ``is_own``: the
    server makes it itself, on ``_id``. ``origin``: who declares it, application or test. ``distincts``: the calls of
    ``distinct`` without a filter that read its keys; ``unread``: the calls without a filter
    whose sort, stages or requests, which the code does not show, may use it.
    """

    collection: str | None
    name: str
    keys: tuple[tuple[str, Any], ...] | None
    options: Mapping[str, Any]
    declarations: list[IndexDeclaration] = field(default_factory=list)
    origin: str = "application"
    is_own: bool = False
    distincts: list[Site] = field(default_factory=list)
    unread: list[Site] = field(default_factory=list)

    @property
    def is_clear(self) -> bool:
        """Whether all is known that decides which queries it serves."""
        return self.collection is not None and (self.is_own or all(is_clear(each) for each in self.declarations))

    @property
    def purposes(self) -> list[str]:
        """What it does beside serving queries."""
        found = []
        if self.options.get("unique", False) is not False or self.is_own:
            found.append("unique")
        if "expireAfterSeconds" in self.options:
            found.append("expires documents")
        return found

    @property
    def likely(self) -> Index | None:
        """The index as far as it is known; None without keys."""
        if self.keys is None:
            return None
        options = {name: value for name, value in self.options.items() if value is not None}
        return Index(self.keys, {**options, "name": self.name})


class KnownIndexes:
    """The indexes of a project by collection, and which of them the judge speaks of."""

    def __init__(self, declared: Iterable[IndexDeclaration], by_tests: Iterable[IndexDeclaration]) -> None:
        self.of: dict[str | None, list[KnownIndex]] = {}
        self._met: dict[tuple[Any, ...], KnownIndex] = {}
        self._judged: dict[tuple[str | None, Index], KnownIndex] = {}
        for declaration in declared:
            self._add(declaration, "application")
        for declaration in by_tests:
            self._add(declaration, "test")
        for held in self.of.values():
            held.sort(key=lambda index: (not index.is_own, index.name, repr(index.keys)))

    def _add(self, declaration: IndexDeclaration, origin: str) -> None:
        collection = declaration.collection_name
        if declaration.keys == _ID and collection is not None:
            known = self.own(collection)
        else:
            key = (collection, *_identity(declaration))
            if key not in self._met:
                known = KnownIndex(collection, declaration.name, declaration.keys, declaration.options, origin=origin)
                self._met[key] = known
                self.of.setdefault(collection, []).append(known)
            known = self._met[key]
        known.declarations.append(declaration)
        if is_clear(declaration):
            self._judged[collection, as_index(declaration)] = known

    def own(self, collection: str) -> KnownIndex:
        """The index on ``_id`` of a collection."""
        key = (collection, _ID)
        if key not in self._met:
            self._met[key] = KnownIndex(collection, "_id_", _ID, {}, is_own=True)
            self.of.setdefault(collection, []).insert(0, self._met[key])
        return self._met[key]

    def find(self, collection: str, index: Index) -> KnownIndex:
        """The index that a plan reads."""
        return self._judged.get((collection, index)) or self.own(collection)

    def on(self, collections: Iterable[str]) -> list[KnownIndex]:
        """Those of some collections; of all where none is named."""
        names = list(collections) or [name for name in self.of if name is not None]
        return [index for name in names for index in self.of.get(name, ())]


def _identity(declaration: IndexDeclaration) -> tuple[Any, ...]:
    """The same for declarations of one index; one whose keys are not known is like no other."""
    if declaration.keys is None:
        return (id(declaration),)
    options = {
        name: value for name, value in declaration.options.items() if name not in _INCIDENTAL and value is not False
    }
    return (declaration.keys, repr(sorted(options.items(), key=lambda pair: pair[0])))
