"""The snapshot of a server's indexes: its shape, and the JSON file that keeps it.

The file is made to be committed: sorted, one index a line, nothing in it that a second pull of the same day and the
same server would give differently.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import field
from datetime import date, datetime, timezone
from pathlib import Path
from typing import Any, NoReturn

from mongolint.fastclasses import dataclass
from mongolint.live.jsonplaces import JsonError, Node, parse

VERSION = 1
TYPES = ("collection", "timeseries", "view")
_SINCE = "%Y-%m-%dT%H:%M:%SZ"


@dataclass(frozen=True, slots=True)
class Usage:
    """How often queries read an index since a point of time (UTC, whole seconds), as one member counts."""

    ops: int
    since: datetime


@dataclass(frozen=True, slots=True)
class StoredIndex:
    """An index as the server lists it: keys in order, ``_fts`` for text; options without ``v``, ``key``, ``name``.

    ``usage`` is None where it was not told. ``line`` is that of the file read, else 0.
    """

    name: str
    keys: tuple[tuple[str, Any], ...]
    options: Mapping[str, Any] = field(default_factory=dict)
    usage: Usage | None = None
    line: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class StoredCollection:
    """A collection, time series or view, and its indexes by name; None where they could not be listed.

    ``documents``: about how many; None for what cannot be told cheaply. ``on``: what a view reads. ``collation``:
    the default that its indexes have.
    """

    name: str
    type: str = "collection"
    documents: int | None = None
    indexes: tuple[StoredIndex, ...] | None = ()
    on: str | None = None
    collation: Mapping[str, Any] | None = None
    line: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class StoredDatabase:
    """A database and its collections by name."""

    name: str
    collections: tuple[StoredCollection, ...] = ()


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Databases by name, as they were on a day (UTC) on a server of a version."""

    server: str
    taken: date
    databases: tuple[StoredDatabase, ...] = ()

    def collections(self) -> Iterator[tuple[str, StoredCollection]]:
        """Each collection with the name of its database."""
        for database in self.databases:
            for collection in database.collections:
                yield database.name, collection


class SnapshotError(Exception):
    """A file that is no snapshot. `str` is one line: file, line and column, mistake."""

    def __init__(self, message: str, file: str, line: int | None = None, column: int | None = None) -> None:
        place = ":".join([file, *(str(number) for number in (line, column) if number is not None)])
        super().__init__(f"{place}: {message}")


# Writing


def render(snapshot: Snapshot) -> str:
    """The text of the file. ASCII only, so that no terminal, pipe or encoding can spoil it."""
    databases = _block(_database(each) for each in snapshot.databases)
    head = f'"version": {VERSION},\n"server": {json.dumps(snapshot.server)},\n"taken": "{snapshot.taken.isoformat()}"'
    return f'{{\n{head},\n"databases": [{databases}]\n}}\n'


def _block(items: Iterator[str]) -> str:
    held = ",\n".join(items)
    return f"\n{held}\n" if held else ""


def _database(database: StoredDatabase) -> str:
    collections = _block(_collection(each) for each in database.collections)
    return f'{{"name": {json.dumps(database.name)}, "collections": [{collections}]}}'


def _collection(collection: StoredCollection) -> str:
    head: dict[str, Any] = {"name": collection.name, "type": collection.type}
    if collection.on is not None:
        head["on"] = collection.on
    if collection.collation is not None:
        head["collation"] = collection.collation
    head["documents"] = collection.documents
    fields = ", ".join(f"{json.dumps(name)}: {json.dumps(value)}" for name, value in head.items())
    if collection.indexes is None:
        return f'{{{fields}, "indexes": null}}'
    return f'{{{fields}, "indexes": [{_block(_index(each) for each in collection.indexes)}]}}'


def _index(index: StoredIndex) -> str:
    usage = index.usage and {"ops": index.usage.ops, "since": index.usage.since.strftime(_SINCE)}
    keys = [list(pair) for pair in index.keys]
    return json.dumps({"name": index.name, "keys": keys, "options": index.options, "usage": usage})


# Reading: the file may be anybody's


def read(path: Path, shown: str) -> Snapshot:
    """The snapshot in a file; ``shown`` is how messages call it.

    Raises:
        SnapshotError: it cannot be read, or is not such a file.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise SnapshotError(f"cannot read: {(error.strerror or str(error)).lower()}", shown) from None
    try:
        return parse_snapshot(data.decode("utf-8-sig"), shown)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise SnapshotError(f"not UTF-8 text: byte 0x{data[error.start]:02x}", shown, line) from None


def parse_snapshot(text: str, shown: str) -> Snapshot:
    """The snapshot that a text is; errors as `read`."""
    reader = _Reader(text, shown)
    try:
        root = parse(text)
    except JsonError as error:
        reader.fail(error.message, error.offset)
    return reader.snapshot(root)


class _Reader:
    """Checks each value's kind; a mistake is told at its line and column. Fields it does not know are left alone."""

    def __init__(self, text: str, shown: str) -> None:
        self.starts = [0, *(found.end() for found in re.finditer("\n", text))]
        self.shown = shown

    def fail(self, message: str, offset: int) -> NoReturn:
        line = self.line(offset)
        raise SnapshotError(message, self.shown, line, offset - self.starts[line - 1] + 1)

    def line(self, offset: int) -> int:
        return bisect_right(self.starts, offset)

    def snapshot(self, root: Node) -> Snapshot:
        if not isinstance(root.value, dict) or "version" not in root.value:
            self.fail("this is no snapshot that 'mongolint indexes pull' wrote: it has no \"version\"", root.offset)
        version = root.value["version"]
        if version.value != VERSION or isinstance(version.value, bool):
            self.fail(f"version {json.dumps(version.plain())} is unknown; known is {VERSION}", version.offset)
        databases = tuple(self.database(each) for each in self.list(root, "databases"))
        return Snapshot(self.string(root, "server"), self.taken(root), databases)

    def taken(self, root: Node) -> date:
        node = self.member(root, "taken")
        try:
            return date.fromisoformat(node.value)
        except (TypeError, ValueError):
            self.wrong(node, "taken", "a day such as 2026-01-31")

    def database(self, node: Node) -> StoredDatabase:
        collections = tuple(self.collection(each) for each in self.list(node, "collections"))
        return StoredDatabase(self.string(node, "name"), collections)

    def collection(self, node: Node) -> StoredCollection:
        kind = self.string(node, "type")
        if kind not in TYPES:
            self.fail(f'"type" has to be one of {", ".join(TYPES)}, not {kind!r}', self.member(node, "type").offset)
        indexes = None
        if self.member(node, "indexes").value is not None:
            indexes = tuple(self.index(each) for each in self.list(node, "indexes"))
        return StoredCollection(
            self.string(node, "name"),
            kind,
            self.count(node, "documents") if self.member(node, "documents").value is not None else None,
            indexes,
            self.string(node, "on") if "on" in node.value else None,
            self.mapping(node, "collation") if "collation" in node.value else None,
            self.line(node.offset),
        )

    def index(self, node: Node) -> StoredIndex:
        usage = self.member(node, "usage")
        return StoredIndex(
            self.string(node, "name"),
            self.keys(node),
            self.mapping(node, "options"),
            self.usage(usage) if usage.value is not None else None,
            self.line(node.offset),
        )

    def keys(self, node: Node) -> tuple[tuple[str, Any], ...]:
        pairs = []
        for pair in self.list(node, "keys"):
            plain = pair.plain()
            right = isinstance(plain, list) and len(plain) == 2 and isinstance(plain[0], str)
            if not right or isinstance(plain[1], bool) or not isinstance(plain[1], int | float | str):
                self.fail('"keys" has to hold pairs of a field and a direction or kind: ["a", 1]', pair.offset)
            pairs.append((plain[0], plain[1]))
        if not pairs:
            self.fail('"keys" is empty', self.member(node, "keys").offset)
        return tuple(pairs)

    def usage(self, node: Node) -> Usage:
        since = self.member(node, "since")
        try:
            moment = datetime.strptime(since.value, _SINCE).replace(tzinfo=timezone.utc)
        except (TypeError, ValueError):
            self.wrong(since, "since", "a time such as 2026-01-31T12:00:00Z")
        return Usage(self.count(node, "ops"), moment)

    # Members of an object

    def member(self, node: Node, name: str) -> Node:
        if not isinstance(node.value, dict):
            self.fail(f"here an object has to stand, not {_kind(node.value)}", node.offset)
        if name not in node.value:
            self.fail(f'"{name}" is missing here', node.offset)
        found: Node = node.value[name]
        return found

    def string(self, node: Node, name: str) -> str:
        found = self.member(node, name)
        return found.value if isinstance(found.value, str) else self.wrong(found, name, "a string")

    def list(self, node: Node, name: str) -> list[Node]:
        found = self.member(node, name)
        return found.value if isinstance(found.value, list) else self.wrong(found, name, "an array")

    def count(self, node: Node, name: str) -> int:
        found = self.member(node, name)
        if isinstance(found.value, bool) or not isinstance(found.value, int) or found.value < 0:
            self.wrong(found, name, "a number of times or documents")
        return found.value

    def mapping(self, node: Node, name: str) -> dict[str, Any]:
        found = self.member(node, name)
        if not isinstance(found.value, dict):
            self.wrong(found, name, "an object")
        plain: dict[str, Any] = found.plain()
        return plain

    def wrong(self, node: Node, name: str, expected: str) -> NoReturn:
        self.fail(f'"{name}" has to be {expected}, not {_kind(node.value)}', node.offset)


def _kind(value: Any) -> str:
    if value is None:
        return "null"
    kinds = {bool: "true or false", int: "this number", float: "this number", str: "this string"}
    return {**kinds, list: "an array", dict: "an object"}[type(value)]
