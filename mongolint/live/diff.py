"""The indexes that code declares against those that a server has."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import field
from datetime import date
from typing import Any, Literal

from mongolint.fastclasses import dataclass
from mongolint.live.declarations import declared_keys
from mongolint.live.options import Keys, OptionDifference, differences, key_shape
from mongolint.live.snapshot import Snapshot, StoredCollection, StoredIndex
from mongolint.project.indexes import IndexDeclaration

Kind = Literal["missing", "different", "undeclared", "unused", "unknown"]
KINDS: tuple[Kind, ...] = ("missing", "different", "undeclared", "unused", "unknown")
# What makes code and server differ; the others are worth knowing
DRIFT: tuple[Kind, ...] = ("missing", "different", "undeclared")


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing to know about one index.

    ``missing``: declared, not on the server. ``different``: on both, not alike. ``undeclared``: only on the server.
    ``unused``: on the server, and no query reads it. ``unknown``: declared so that only the running program knows
    which index it is. ``reason`` is one line, ``options`` what differs, ``days`` how long uses have been counted.
    """

    kind: Kind
    database: str | None
    collection: str | None
    name: str
    keys: Keys | None
    reason: str
    declared: IndexDeclaration | None = None
    stored: StoredIndex | None = None
    options: tuple[OptionDifference, ...] = ()
    days: int | None = None


def compare(declared: Sequence[IndexDeclaration], snapshot: Snapshot) -> list[Difference]:
    """All differences, by kind and collection."""
    found = list(_compare(declared, snapshot))
    return sorted(found, key=lambda d: (KINDS.index(d.kind), d.database or "", d.collection or "", d.name))


@dataclass(slots=True)
class _Meeting:
    """A collection of the server, and what the code declares on it."""

    database: str
    stored: StoredCollection
    declared: list[IndexDeclaration] = field(default_factory=list)


def _compare(declared: Sequence[IndexDeclaration], snapshot: Snapshot) -> Iterator[Difference]:
    meetings = {(database, held.name): _Meeting(database, held) for database, held in snapshot.collections()}
    ours = [index for index in declared if index.keys != (("_id", 1),)]
    databases = _Databases(snapshot, ours)
    absent: dict[int, list[Difference]] = {}
    places: dict[int, int] = {}
    for index in ours:
        if index.collection_name is None:
            yield _unknown(index, "its collection is known only at run time")
            continue
        if databases.leave_out(index):
            yield _unknown(index, f"the snapshot has no database {databases.named(index)}")
            continue
        names = databases.of(index)
        met = [meetings[name, index.collection_name] for name in names if (name, index.collection_name) in meetings]
        places[id(index)] = len(met)
        for meeting in met:
            meeting.declared.append(index)
        if not met:
            yield _missing(index, names[0] if len(names) == 1 else None, "the server does not have the collection")
    homeless = [index for index in ours if index.collection_name is None]
    for meeting in meetings.values():
        for found in _meet(meeting, homeless, snapshot.taken):
            if found.kind == "missing":
                absent.setdefault(id(found.declared), []).append(found)
            else:
                yield found
    for lacking in absent.values():
        # Where the code names no database, one that has the index is enough
        if len(lacking) == places[id(lacking[0].declared)]:
            yield from lacking


class _Databases:
    """In which databases of a snapshot a declared index may be.

    Where code and server share no name of a database (its name is a setting, and the server is a copy for tests), or
    the code does not name one, the name of the collection decides.
    """

    def __init__(self, snapshot: Snapshot, declared: Sequence[IndexDeclaration]) -> None:
        self.names = [database.name for database in snapshot.databases]
        self.holding: dict[str, list[str]] = {}
        for database, held in snapshot.collections():
            self.holding.setdefault(held.name, []).append(database)
        self.shares = any(self.named(index) in self.names for index in declared)

    def named(self, index: IndexDeclaration) -> str | None:
        return index.collection.database.name if index.collection else None

    def leave_out(self, index: IndexDeclaration) -> bool:
        """Whether the index is in a database of which the snapshot tells nothing."""
        name = self.named(index)
        return name is not None and self.shares and name not in self.names

    def of(self, index: IndexDeclaration) -> list[str]:
        """That of the index, else those in which there is a collection of the name, else all."""
        name = self.named(index)
        if name is not None and self.shares:
            return [name]
        return self.holding.get(index.collection_name or "", self.names)


# One collection


def _meet(meeting: _Meeting, homeless: Sequence[IndexDeclaration], taken: date) -> Iterator[Difference]:
    if meeting.stored.indexes is None:
        for index in meeting.declared:
            yield _unknown(index, "the indexes on the server could not be listed", meeting.database)
        return
    yield from _pair(meeting, homeless)
    yield from _unused(meeting, taken)


def _pair(meeting: _Meeting, homeless: Sequence[IndexDeclaration]) -> Iterator[Difference]:
    """Equal ones first, then those with the same keys, then those with the same name."""
    stored = [index for index in meeting.stored.indexes or () if index.name != "_id_"]
    open_ones = [index for index in meeting.declared if not index.keys]
    for index in open_ones:
        yield _unknown(index, "its keys are known only at run time", meeting.database)
    known = [index for index in meeting.declared if index.keys]
    equal = [(index, other) for index in known for other in stored if _equal(index, other, meeting)]
    paired = {id(index) for index, _ in equal}
    left = [index for index in stored if all(index is not other for _, other in equal)]
    for test in (_same_keys, _same_name):
        for index in known:
            match = None if id(index) in paired else _closest(index, [other for other in left if test(index, other)])
            if match is not None:
                paired.add(id(index))
                left.remove(match)
                yield _different(index, match, meeting)
    for index in known:
        if id(index) not in paired:
            yield _missing(index, meeting.database, "the server does not have it")
    for other in left:
        if not open_ones and not any(not index.keys or _same_keys(index, other) for index in homeless):
            yield _undeclared(other, meeting)


def _closest(index: IndexDeclaration, others: Sequence[StoredIndex]) -> StoredIndex | None:
    """The one that differs least; another name counts most."""

    def distance(other: StoredIndex) -> tuple[bool, int]:
        return _name(index) != other.name, sum(1 for _ in differences(index.options, other.options))

    return min(others, key=distance, default=None)


def _equal(index: IndexDeclaration, other: StoredIndex, meeting: _Meeting) -> bool:
    return _same_keys(index, other) and not _option_differences(index, other, meeting)


def _same_keys(index: IndexDeclaration, other: StoredIndex) -> bool:
    return key_shape(index.keys or (), index.options.get("weights")) == key_shape(declared_keys(other))


def _same_name(index: IndexDeclaration, other: StoredIndex) -> bool:
    return _name(index) == other.name


def _name(index: IndexDeclaration) -> str | None:
    """The name that the server is asked for; None where only the running program knows it."""
    hidden = index.options["name"] is None if "name" in index.options else index.open
    return None if hidden else index.name


def _option_differences(index: IndexDeclaration, other: StoredIndex, meeting: _Meeting) -> tuple[OptionDifference, ...]:
    text = key_shape(index.keys or (), index.options.get("weights"))[1]
    found = [
        each
        for each in differences(index.options, other.options, text, meeting.stored.collation)
        if each.option in index.options or not index.open
    ]
    if (name := _name(index)) is not None and name != other.name:
        found.insert(0, OptionDifference("name", name, other.name))
    return tuple(found)


# What is said


def _missing(index: IndexDeclaration, database: str | None, reason: str) -> Difference:
    return Difference("missing", database, index.collection_name, index.name, index.keys, reason, index)


def _unknown(index: IndexDeclaration, reason: str, database: str | None = None) -> Difference:
    return Difference(
        "unknown", database, index.collection_name, index.name, index.keys, f"not compared: {reason}", index
    )


def _different(index: IndexDeclaration, other: StoredIndex, meeting: _Meeting) -> Difference:
    options = _option_differences(index, other, meeting)
    if not _same_keys(index, other):
        reason = f"same name, other keys: {show_keys(declared_keys(other))} on the server"
    else:
        reason = "; ".join(
            f"{o.option}: {_show(o.declared)} in the code, {_show(o.stored)} on the server" for o in options
        )
    where = meeting.database, index.collection_name
    return Difference("different", *where, index.name, index.keys, reason, index, other, options)


def _undeclared(index: StoredIndex, meeting: _Meeting) -> Difference:
    keys = declared_keys(index)
    return Difference(
        "undeclared", meeting.database, meeting.stored.name, index.name, keys, "no code declares it", stored=index
    )


def _unused(meeting: _Meeting, taken: date) -> Iterator[Difference]:
    for index in meeting.stored.indexes or ():
        if index.usage is not None and not index.usage.ops and index.name != "_id_":
            days = max(0, (taken - index.usage.since.date()).days)
            span = f"{days} day{'' if days == 1 else 's'}" if days else "less than a day"
            reason = f"never used since {index.usage.since.date()}, when its member began to count ({span})"
            if index.options.get("unique"):
                reason += "; but it keeps values unique"
            if "expireAfterSeconds" in index.options:
                reason += "; but it makes documents expire"
            keys = declared_keys(index)
            yield Difference(
                "unused", meeting.database, meeting.stored.name, index.name, keys, reason, stored=index, days=days
            )


def _show(value: Any) -> str:
    return "not set" if value is None else json.dumps(value, ensure_ascii=False, default=str)


def show_keys(keys: Keys | None) -> str:
    """Keys as MongoDB's shell shows them."""
    return "{" + ", ".join(f"{name}: {kind}" for name, kind in keys) + "}" if keys else "?"
