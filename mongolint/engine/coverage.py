"""The map of collections, query shapes and indexes as plain data: what ``indexes coverage`` shows.

Its keys are described in ``docs/coverage.md``. Everything is in a stable order.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from mongolint.engine.load import Loaded
from mongolint.finding import Span
from mongolint.project.coveragemap.asked import Site
from mongolint.project.coveragemap.build import ORIGINS, VERDICTS, CollectionMap, Shape, coverage_map
from mongolint.project.coveragemap.known import KnownIndex
from mongolint.project.coveragemap.shapes import Field, Item, sort_text
from mongolint.project.coveragemap.standing import USES, standing

Record = dict[str, Any]


def coverage(loaded: Loaded, *, tests: bool = True) -> Record:
    """The map, of the collections that the files asked for touch; with or without what only ``tests`` ask of them."""
    return _View(loaded, tests).record()


class _View:
    """The part of the map that the files asked for show."""

    def __init__(self, loaded: Loaded, tests: bool) -> None:
        self.project = loaded.project
        self.left_out = () if tests else ("test",)
        self.shown = {loaded.display[path] for path in loaded.targets}
        self.declaring = self.shown | loaded.shown_scripts
        self.maps = coverage_map(loaded.project)
        self.shapes = [shape for found in self.maps for shape in found.shapes]
        self.ids: dict[Shape, str] = {}
        self.visible = [found for found in self.maps if self._is_visible(found)]
        for found in self.visible:
            label = "|".join(found.names)
            for number, shape in enumerate(filter(self._sites, found.shapes), start=1):
                self.ids[shape] = f"{label}/{number}"

    def _is_visible(self, found: CollectionMap) -> bool:
        sites = [site for shape in found.shapes for site in shape.sites]
        sites += [site for held in found.unfiltered.values() for site in held]
        if self._here(sites):
            return True
        return any(place["file"] in self.declaring for index in found.indexes for place in self._declared(index))

    def _sites(self, shape: Shape) -> list[Site]:
        return self._here(shape.sites)

    def _here(self, sites: Iterable[Site]) -> list[Site]:
        """Those in the files asked for, the application's first."""
        found = (site for site in sites if site.span.file in self.shown and site.origin not in self.left_out)
        return sorted(found, key=lambda s: (ORIGINS.index(s.origin), s.span.file, s.span.line, s.span.column))

    def record(self) -> Record:
        collections = [self._collection(found) for found in self.visible]
        untraced = sum(module not in self.project.tests for module, _, _ in self.project.unresolved)
        return {"summary": {**_summary(collections), "untraced": untraced}, "collections": collections}

    def _collection(self, found: CollectionMap) -> Record:
        shapes = [shape for shape in found.shapes if shape in self.ids]
        used = {index for shape in shapes for index in shape.uses}
        indexes = [index for index in found.indexes if index in used or not index.is_own or index.declarations]
        numbers = {index: number for number, index in enumerate(indexes)}
        unfiltered = {what: len(self._here(sites)) for what, sites in sorted(found.unfiltered.items())}
        own = sum(not site.via for shape in shapes for site in self._sites(shape))
        return {
            "name": found.names[0] if len(found.names) == 1 else None,
            "candidates": list(found.names) if len(found.names) > 1 else [],
            "operations": own + sum(unfiltered.values()),
            "unfiltered": {what: count for what, count in unfiltered.items() if count},
            "shapes": [self._shape(shape, numbers) for shape in shapes],
            "indexes": [self._index(index) for index in indexes],
        }

    def _shape(self, shape: Shape, numbers: dict[KnownIndex, int]) -> Record:
        sites = self._sites(shape)
        return {
            "id": self.ids[shape],
            "kind": shape.kind,
            "filter": [_item(item) for item in shape.items],
            "open": shape.is_open,
            "sort": [list(pair) for pair in shape.sort],
            "options": list(shape.options),
            "text": shape.text,
            "sort_text": sort_text(shape.sort),
            "verdict": shape.verdict,
            "index": shape.index,
            "reason": shape.reason,
            "origin": shape.origin,
            "uses": {str(numbers[index]): use for index, use in shape.uses.items() if index in numbers},
            "calls": len(sites),
            "methods": dict(sorted(Counter(site.method for site in sites).items())),
            "places": [
                {**_place(site.span), "method": site.method, "via": site.via or None, "origin": site.origin}
                for site in sites
            ],
        }

    def _index(self, index: KnownIndex) -> Record:
        found = standing(index, self.shapes)
        return {
            "name": index.name,
            "keys": [list(pair) for pair in index.keys] if index.keys else None,
            "options": dict(index.options),
            "server": index.is_own,
            "origin": index.origin,
            "places": self._declared(index),
            "purposes": index.purposes,
            "status": found.status,
            **{use: [self.ids[shape] for shape in found.uses[use] if shape in self.ids] for use in USES},
            "elsewhere": {use: sum(map(self._is_elsewhere, found.uses[use])) for use in USES},
            "distincts": len(index.distincts),
            "unread": len(index.unread),
        }

    def _is_elsewhere(self, shape: Shape) -> bool:
        return shape not in self.ids and shape.origin not in self.left_out

    def _declared(self, index: KnownIndex) -> list[Record]:
        spans = [(self.project.index_span(each), each.source) for each in index.declarations]
        return [{**_place(span), "source": source} for span, source in spans]


def _place(span: Span) -> Record:
    return {"file": span.file, "line": span.line, "column": span.column}


def _item(item: Item) -> Record:
    if isinstance(item, Field):
        return {"field": item.name, "operator": item.operator, "optional": item.optional}
    return {
        "field": item.name or None,
        "operator": item.operator,
        "members": [[_item(each) for each in member] for member in item.members],
    }


def _summary(collections: Sequence[Record]) -> Record:
    shapes = [shape for found in collections for shape in found["shapes"]]
    verdicts = dict.fromkeys(VERDICTS, 0)
    inner = 0
    for shape in shapes:
        via = sum(place["via"] is not None for place in shape["places"])
        verdicts[shape["verdict"]] += shape["calls"] - via
        inner += via
    indexes = [index for found in collections for index in found["indexes"] if not index["server"]]
    return {
        "operations": sum(found["operations"] for found in collections),
        "verdicts": verdicts,
        "unfiltered": sum(sum(found["unfiltered"].values()) for found in collections),
        "inner": inner,
        "shapes": {verdict: sum(shape["verdict"] == verdict for shape in shapes) for verdict in VERDICTS},
        "indexes": dict(sorted(Counter(index["status"] for index in indexes).items())),
        "kept": sum(index["status"] == "nothing" and bool(index["purposes"]) for index in indexes),
    }
