"""Aggregation pipelines: what of one the server's planner sees as filter and sort, and which collections it looks up.

Sources: MongoDB manual, "Aggregation Pipeline Optimization" (which stages a `$match` is moved before) and "$lookup",
"$graphLookup", "$unionWith"; asked of a server 6.0.5.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import field
from typing import Any

from mongolint.coverage import ANY
from mongolint.fastclasses import NamedTuple, dataclass
from mongolint.link.atoms import Literal, strings
from mongolint.project.documents import EMPTY, OPEN, Document, Place, Reader, either
from mongolint.project.plain import filter_of, value_of

_MAX_NESTED = 4
_SETTING = ("$addFields", "$set")
_JOINING = ("$lookup", "$graphLookup")
# They read nothing but the documents that come to them
_PLAIN = frozenset(
    [
        *("$match", "$project", "$unset", "$replaceRoot", "$replaceWith", "$unwind", "$group", "$sort", "$sortByCount"),
        *("$skip", "$limit", "$count", *_SETTING),
    ]
)
# They begin a pipeline, take one question each, and have an index of their own
_SEARCHING = ("$vectorSearch", "$search", "$searchMeta", "$geoNear")


class Stage(NamedTuple):
    """A stage; ``certain`` when the pipeline has it on every path. ``place``: its value; ``others``: on other paths."""

    name: str
    place: Place
    certain: bool
    others: tuple[Place, ...] = ()

    def document(self, reader: Reader) -> Document:
        """Its value read as a filter, of which some paths may put less than others."""
        return either(reader.document(*place) for place in (self.place, *self.others))


@dataclass(slots=True)
class Head:
    """What the planner makes of a pipeline: its filter and its sort, moved to the front where that is allowed.

    ``searches``: it begins with a search, which finds what comes nearest to one text, vector or point.
    ``alone``: all stages are known, and none reads more documents than the filter names.
    """

    filter: Document = EMPTY
    sort: list[tuple[str, Any]] = field(default_factory=list)
    searches: bool = False
    alone: bool = False


class Lookup(NamedTuple):
    """A query that a pipeline runs on another collection. ``place``: the value of the stage."""

    stage: str
    collection: str
    filter: Mapping[str, Any]
    place: Place


def stages_of(reader: Reader, place: Place) -> tuple[list[Stage], bool]:
    """The stages of a pipeline in order, and whether others may be in it."""
    items, is_open = reader.items(*place)
    found = []
    for item in items:
        paths = list(_paths(reader, item.place))
        for name in dict.fromkeys(name for path in paths for name in path if name.startswith("$")):
            places = dict.fromkeys(path[name] for path in paths if name in path)
            is_sure = item.certain and all(name in path for path in paths)
            found.append(Stage(name, next(iter(places)), is_sure, tuple(places)[1:]))
    return found, is_open


def _paths(reader: Reader, place: Place) -> Iterator[dict[str, Place]]:
    """What is put into a stage on each path that makes it: its one entry, as it is in the end."""
    if reader.link.node(place.module, place.row)[0] != "phi":
        yield dict(reader.entries(*place))
        return
    for atom in reader.link.value(*place):
        yield dict(reader.entries(*atom)) if type(atom) is Literal else {}


def head_of(reader: Reader, stages: Sequence[Stage], is_open: bool = False) -> Head:
    """The filter and sort of a pipeline with these stages; ``is_open``: others may be anywhere among them."""
    head, changed, in_place = Head(OPEN if is_open else EMPTY), _Changed(), True
    head.searches = bool(stages) and stages[0].name in _SEARCHING
    head.alone = not is_open and all(stage.name in _PLAIN for stage in stages)
    for stage in stages:
        if stage.name == "$match":
            found = stage.document(reader)
            if changed.touches([*found.required, *found.optional]):
                head.filter = head.filter.merged(changed.untouched(found) if stage.certain else EMPTY)
                break
            head.filter = head.filter.merged(found if stage.certain else found.maybe())
        elif stage.name == "$sort":
            pattern = reader.key_pattern(stage.place) or []
            if head.sort or not in_place or not stage.certain or changed.touches(name for name, _ in pattern):
                break
            head.sort = pattern
        elif not changed.passes(reader, stage):
            break
        in_place = in_place and stage.name in ("$match", "$sort", "$unwind", *_JOINING)
    return head


class _Changed:
    """The fields that stages changed so far."""

    def __init__(self) -> None:
        self._names: set[str] = set()
        self._kept: set[str] | None = None

    def touches(self, names: Iterable[str]) -> bool:
        return any(self._touches(name) for name in names)

    def untouched(self, found: Document) -> Document:
        """What a filter surely compares of the fields that are as they were: the server moves that part alone."""
        names = {name: kind for name, kind in found.required.items() if not self._touches(name)}
        return Document(names, places={name: found.places[name] for name in names if name in found.places})

    def _touches(self, name: str) -> bool:
        if self._kept is not None and not any(name == kept or name.startswith(kept + ".") for kept in self._kept):
            return True
        return any(name == each or name.startswith(each + ".") or each.startswith(name + ".") for each in self._names)

    def passes(self, reader: Reader, stage: Stage) -> bool:
        """Note what a stage changes; False where what stands behind it cannot be moved before it."""
        if stage.name in _SETTING:
            document = reader.document(*stage.place)
            self._names.update((*document.required, *document.optional))
            return not document.open
        if stage.name == "$project":
            return self._project(value_of(reader, stage.place))
        given = value_of(reader, stage.place)
        if stage.name == "$unset":
            names = [given] if isinstance(given, str) else given
            return isinstance(names, list) and self._add(names)
        if stage.name == "$unwind":
            path = given.get("path") if isinstance(given, dict) else given
            return isinstance(path, str) and self._add([path.lstrip("$")])
        if stage.name in _JOINING:
            return isinstance(given, dict) and self._add([given.get("as")])
        return False

    def _add(self, names: Iterable[Any]) -> bool:
        for name in names:
            if not isinstance(name, str):
                return False
            self._names.add(name)
        return True

    def _project(self, given: Any) -> bool:
        if not isinstance(given, dict):
            return False
        plain = {name: value for name, value in given.items() if isinstance(value, (bool, int))}
        kept = {name for name, value in plain.items() if value}
        self._names.update(name for name in given if name not in plain or not plain[name])
        if kept:
            self._kept = (self._kept & kept if self._kept is not None else kept) | {"_id"}
        return True


def lookups_of(reader: Reader, stages: Iterable[Stage], depth: int = _MAX_NESTED) -> Iterator[Lookup]:
    """The queries on other collections, those of inner pipelines included."""
    for stage in stages:
        entries = dict(reader.entries(*stage.place)) if stage.name in (*_JOINING, "$unionWith") else {}
        name = _name(reader, entries.get("from") or entries.get("coll"))
        inner, is_open = stages_of(reader, entries["pipeline"]) if "pipeline" in entries else ([], False)
        if name is not None:
            filter = _joined_by(reader, stage.name, entries) | _bound(filter_of(reader, head_of(reader, inner).filter))
            if filter and not is_open:
                yield Lookup(stage.name, name, filter, stage.place)
        if depth:
            yield from lookups_of(reader, inner, depth - 1)


def _name(reader: Reader, place: Place | None) -> str | None:
    value = reader.link.value(*place) if place is not None else ()
    names = strings(value)
    return names[0] if len(names) == 1 and len(value) == 1 else None


def _joined_by(reader: Reader, stage: str, entries: Mapping[str, Place]) -> dict[str, Any]:
    """The comparison that each document of the pipeline makes with the other collection."""
    name = _name(reader, entries.get("foreignField" if stage == "$lookup" else "connectToField"))
    found: dict[str, Any] = {name: ANY} if name is not None and stage in _JOINING else {}
    if stage == "$graphLookup" and "restrictSearchWithMatch" in entries:
        found.update(filter_of(reader, reader.document(*entries["restrictSearchWithMatch"])))
    return found


def _bound(value: Any) -> Any:
    """A filter with the variables of its ``let`` as values that are not known."""
    if isinstance(value, dict):
        return {name: _bound(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_bound(each) for each in value]
    return ANY if isinstance(value, str) and value.startswith("$$") and value[2:3].islower() else value


def leading(reader: Reader, stages: Iterable[Stage], is_open: bool) -> Document:
    """The filter of the ``$match`` stages at the very front; ``is_open``: others may be anywhere among them."""
    document, is_front = OPEN if is_open else EMPTY, True
    for stage in stages:
        if stage.name == "$match":
            match = stage.document(reader)
            document = document.merged(match if stage.certain and is_front else match.maybe())
        elif stage.certain:
            break
        else:
            is_front = False  # what follows is at the front only where this stage is not there
    return document
