"""The map: collection by query shape by index."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import field
from typing import TYPE_CHECKING, Any

from mongolint.coverage import ANY, Index, Plan, QueryError
from mongolint.fastclasses import dataclass
from mongolint.project.coveragemap.asked import (
    Asked,
    Site,
    asked_by,
    calls_asked,
    lookups_asked,
    origin_of,
    requests_asked,
    told_by_calls,
)
from mongolint.project.coveragemap.known import KnownIndex, KnownIndexes
from mongolint.project.coveragemap.shapes import Field, Item, canonical, sort_text, text_of
from mongolint.project.coveragemap.unseen import SORT, STAGES, unseen_in
from mongolint.project.operations import Operation, argument
from mongolint.project.plain import value_of
from mongolint.project.verdicts import Query, ask

if TYPE_CHECKING:
    from mongolint.project.model import Project

ORIGINS = ("application", "script", "test")
VERDICTS = ("unserved", "partial", "unknown", "served")


@dataclass(eq=False, slots=True)
class Shape:
    """Queries that ask the same of a collection, and the verdict on all of them.

    ``options``: what else decides which index can serve them: "collation", "hint email_1", and of `unseen_in`.
    ``uses``: the indexes that serve them: "best" (read by the best plan), "also" (another plan reads it), "possible"
    (only the running program knows: a field that is there on some paths, a filter or a collection not shown).
    """

    kind: str
    items: tuple[Item, ...]
    sort: tuple[tuple[str, Any], ...]
    is_open: bool
    options: tuple[str, ...]
    verdict: str
    index: str | None
    reason: str
    uses: dict[KnownIndex, str]
    sites: list[Site] = field(default_factory=list)

    @property
    def origin(self) -> str:
        """Who sends it: the application, if any of its code does; else scripts; else only tests."""
        return min((site.origin for site in self.sites), key=ORIGINS.index)

    @property
    def varies(self) -> bool:
        """Whether only the running program knows all of it."""
        optional = any(isinstance(item, Field) and item.optional for item in self.items)
        return self.is_open or optional or SORT in self.options or STAGES in self.options

    @property
    def text(self) -> str:
        return text_of(self.items, self.is_open)


@dataclass(eq=False, slots=True)
class CollectionMap:
    """A collection with its shapes and indexes.

    ``names``: the collection; several where it is one of them, none where only the running program knows.
    ``unfiltered``: the operations without a filter or a sort, by what they are: "insert", "bulk_write" (its requests
    have shapes, if the code shows them), "whole" (all documents), "command" (indexes, the collection itself).
    """

    names: tuple[str, ...]
    shapes: list[Shape] = field(default_factory=list)
    indexes: list[KnownIndex] = field(default_factory=list)
    unfiltered: dict[str, list[Site]] = field(default_factory=dict)


def coverage_map(project: Project) -> list[CollectionMap]:
    """The map of a project: collections by name, then what may be on several, then what may be on any."""
    return _Builder(project).build()


class _Builder:
    def __init__(self, project: Project) -> None:
        self.project = project
        self.indexes = KnownIndexes(project.indexes, project.test_indexes)
        self.maps: dict[tuple[str, ...], CollectionMap] = {}
        self.shapes: dict[tuple[Any, ...], Shape] = {}

    def build(self) -> list[CollectionMap]:
        told = told_by_calls(self.project)
        for call in calls_asked(self.project, told):
            self._add(call)
        for operation in self.project.operations:
            if (operation.module, operation.row) in told:
                continue
            one = asked_by(self.project, operation)
            if one is not None:
                self._add(one)
            else:
                self._add_unfiltered(operation)
        for one in lookups_asked(self.project):
            self._add(one)
        for name, held in self.indexes.of.items():
            self._map(() if name is None else (name,)).indexes = held
        for found in self.maps.values():
            found.shapes.sort(key=_order)
        return [self.maps[names] for names in sorted(self.maps, key=_place)]

    def _map(self, names: tuple[str, ...]) -> CollectionMap:
        return self.maps.setdefault(names, CollectionMap(names))

    def _add(self, one: Asked) -> None:
        uses = _Uses(self.indexes, one).all()
        verdict = one.verdict
        asks = (one.query.sort, one.query.open, (*_options(one.query), *one.unseen))
        marks = frozenset((id(index), use) for index, use in uses.items())
        # Values can part queries that look alike; a sort by a score is a document, which cannot be a key
        key = (one.collections, one.kind, canonical(one.items), repr(asks), verdict.verdict, verdict.name, marks)
        shape = self.shapes.get(key)
        if shape is None:
            shape = Shape(one.kind, one.items, *asks, verdict.verdict, verdict.name or None, verdict.reason, uses)
            self.shapes[key] = shape
            self._map(one.collections).shapes.append(shape)
        # Several calls of bulk_write may send one request
        if not one.site.via or one.site not in shape.sites:
            shape.sites.append(one.site)

    def _add_unfiltered(self, operation: Operation) -> None:
        project = self.project
        names = tuple(sorted(operation.collection_names))
        site = Site(project.operation_span(operation), operation.name, origin_of(project, operation.module))
        self._map(names).unfiltered.setdefault(_what(operation), []).append(site)
        if operation.name == "bulk_write":
            requests = requests_asked(project, operation)
            for one in requests or ():
                self._add(one)
            is_unread = requests is None
        else:
            is_unread = operation.method.kind in ("read", "write", "queued") and bool(unseen_in(project, operation))
        for index in self.indexes.on(names) if is_unread else ():
            index.unread.append(site)
        if operation.name == "distinct" and names:
            place = argument(project.link, operation.module, operation.row, operation.method, "key")
            name = value_of(project.reader, place) if place is not None else ANY
            for index in self.indexes.on(names):
                if index.keys and index.keys[0][0] == name and (index.is_own or name != "_id"):
                    index.distincts.append(site)


def _options(query: Query) -> tuple[str, ...]:
    found = ["collation"] if query.collation else []
    if query.hint is not None:
        given = query.hint if isinstance(query.hint, str) else sort_text(query.hint)
        found.append(f"hint {given}")
    return tuple(found)


def _what(operation: Operation) -> str:
    if operation.method.kind not in ("read", "write", "queued") or operation.name == "execute":
        return "command"
    if operation.name == "bulk_write":
        return "bulk_write"
    return (
        "insert"
        if operation.method.kind != "read" and not (operation.method.filter or operation.selectors)
        else "whole"
    )


def _place(names: tuple[str, ...]) -> tuple[int, tuple[str, ...]]:
    return ({1: 0, 0: 2}.get(len(names), 1), names)


def _order(shape: Shape) -> tuple[Any, ...]:
    """What the application sends first; of that what is badly served; of that what stands in most places."""
    sites = shape.sites
    return (
        ORIGINS.index(shape.origin),
        VERDICTS.index(shape.verdict),
        -len(sites),
        shape.text,
        repr(shape.sort),
        shape.kind,
        shape.index or "",
        min((site.span.file, site.span.line, site.span.column) for site in sites),
    )


class _Uses:
    """Which indexes serve a query, and how."""

    def __init__(self, indexes: KnownIndexes, one: Asked) -> None:
        self.indexes = indexes
        self.one = one
        self.found: dict[KnownIndex, str] = {}
        there = indexes.on(one.collections)
        # What only tests declare serves only tests
        self.there = [index for index in there if index.origin != "test" or one.site.origin == "test"]

    def all(self) -> dict[KnownIndex, str]:
        one = self.one
        is_by_id = one.verdict.name == "_id_" and one.verdict.plan is None
        if is_by_id and len(one.collections) == 1:
            self.found[self.indexes.own(one.collections[0])] = "best"
        elif not is_by_id and len(one.collections) == 1 and not one.query.unclear:
            self._on(one.collections[0])
        elif not is_by_id:
            self._possible(self.there)
        return self.found

    def _on(self, name: str) -> None:
        one = self.one
        clear = [index.likely for index in self.there if index.is_clear and not index.is_own]
        judged = [index for index in clear if index is not None]
        plan = one.verdict.plan or _plan(one.query, judged)
        if plan is not None:
            self._note(name, plan.best, "best")
            self._note(name, plan.indexes, "also")
        if one.full is not one.query:
            full = _plan(one.full, judged)
            self._note(name, full.indexes if full is not None else (), "possible")
        if one.query.open or one.unseen:
            self._possible(self.there)
        self._possible(index for index in self.there if not index.is_clear)

    def _note(self, name: str, read: Iterable[Index], use: str) -> None:
        for index in read:
            self.found.setdefault(self.indexes.find(name, index), use)

    def _possible(self, indexes: Iterable[KnownIndex]) -> None:
        for index in indexes:
            if index.is_own:
                continue
            is_open = self.one.query.open or self.one.unseen
            if is_open or index.likely is None or _reads(self.one.full, index.likely):
                self.found.setdefault(index, "possible")


def _plan(query: Query, indexes: Sequence[Index]) -> Plan | None:
    """What the planner would do; None for what the server refuses."""
    try:
        return ask(query, indexes)
    except QueryError:
        return None


def _reads(query: Query, index: Index) -> bool:
    plan = _plan(query, [index])
    return plan is not None and index in plan.indexes
