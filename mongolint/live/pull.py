"""What indexes a server has: read from it, never written to it.

Sources: MongoDB manual, "listCollections", "listIndexes", "$indexStats", "count". What each kind of collection answers
was measured on a server.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import field
from datetime import date, datetime, timezone
from typing import Any

from mongolint.fastclasses import dataclass
from mongolint.live.connect import UNAUTHORIZED, ask, message
from mongolint.live.snapshot import TYPES, Snapshot, StoredCollection, StoredDatabase, StoredIndex, Usage
from mongolint.live.uri import SERVER_DATABASES, LiveError, Uri

# How many collections a line names
_NAMED = 3
# What the list of indexes says of each besides its options
_NOT_OPTIONS = frozenset(["v", "key", "name", "ns"])


@dataclass(slots=True)
class Pulled:
    """A snapshot, and a line for each thing that could not be read for it."""

    snapshot: Snapshot
    notes: list[str] = field(default_factory=list)


def pull(uri: Uri, databases: Sequence[str], timeout: float) -> Pulled:
    """The snapshot of some databases; without names, of that of the URI, else of all but the server's own.

    Raises:
        LiveError: see `mongolint.live.connect.ask`; or no database can be read.
    """
    return ask(uri, timeout, lambda client: _Pull(client, uri).run(databases))


class _Pull:
    """One pull. Everything goes by names and kinds that the server tells, nothing by what documents hold."""

    def __init__(self, client: Any, uri: Uri) -> None:
        self.client = client
        self.uri = uri
        self.notes: list[str] = []
        # What could not be read of which collections, by what it is and why
        self.unread: dict[tuple[str, str], list[str]] = {}

    def run(self, databases: Sequence[str]) -> Pulled:
        names = sorted(set(databases)) or self._all()
        sole = len(names) == 1
        # mongolint: ignore[n-plus-one-query] a command tells of one collection
        found = [each for name in names if (each := self._database(name, sole=sole))]
        if not found:
            raise LiveError(f"no database can be read: {'; '.join(self.notes) or 'the login sees none'}")
        collections = [each for database in found for each in database.collections]
        self.notes += [f"{what.format(_several(names))}: {why}" for (what, why), names in self.unread.items()]
        if collections and all(each.indexes is None for each in collections):
            raise LiveError(f"no index can be listed: {'; '.join(self.notes)}")
        version = str(self.client.server_info()["version"])
        return Pulled(Snapshot(version, self._today(), tuple(found)), self.notes)

    def _today(self) -> date:
        told = self.client.admin.command("hello").get("localTime")
        return told.date() if isinstance(told, datetime) else datetime.now(timezone.utc).date()

    def _all(self) -> list[str]:
        own = self.uri.database
        if own and own not in SERVER_DATABASES:
            return [own]
        return sorted(set(self.client.list_database_names()) - SERVER_DATABASES)

    def _database(self, name: str, *, sole: bool) -> StoredDatabase | None:
        from pymongo.errors import InvalidName, OperationFailure

        try:
            infos = self._collections(name)
        except InvalidName:
            raise LiveError(f"{name!r} is no name of a database") from None
        except OperationFailure as error:
            # Without a login every answer is this one, and it says what to do
            if error.code != UNAUTHORIZED or (sole and not self.uri.has_login):
                raise
            note = f"the login may not list the collections of {name} (the role read on it would do)"
            if sole:
                raise LiveError(note) from None
            self.notes.append(note)
            return None
        if not infos:
            self.notes.append(f"the database {name} has no collections")
        wanted = sorted((info for info in infos if not info["name"].startswith("system.")), key=lambda i: i["name"])
        # mongolint: ignore[n-plus-one-query] a command tells of one collection
        return StoredDatabase(name, tuple(self._collection(name, info) for info in wanted))

    def _collections(self, database: str) -> list[dict[str, Any]]:
        from pymongo.errors import OperationFailure

        db = self.client[database]
        try:
            return list(db.list_collections())
        except OperationFailure as error:
            if error.code != UNAUTHORIZED or not self.uri.has_login:
                raise
            # Whoever may not list all may list those on which something is allowed, without their options
            found = list(db.list_collections(nameOnly=True, authorizedCollections=True))
            if not found:
                raise
            return found

    def _collection(self, database: str, info: dict[str, Any]) -> StoredCollection:
        name, options = info["name"], info.get("options", {})
        kind = info.get("type", "collection")
        if kind == "view":
            # Its index statistics would be those of the collection below
            return StoredCollection(name, kind, on=options.get("viewOn"))
        held = self.client[database][name]
        indexes = self._indexes(held)
        return StoredCollection(
            name,
            kind if kind in TYPES else "collection",
            self._documents(held) if indexes is not None and kind != "timeseries" else None,
            indexes,
            collation=_plain(options["collation"]) if "collation" in options else None,
        )

    def _documents(self, held: Any) -> int | None:
        """About how many there are. Not for a time series: counting would read it all."""
        from pymongo.errors import OperationFailure

        try:
            return int(held.estimated_document_count())
        except OperationFailure as error:
            self._skip(error, "the documents of {} cannot be counted", held, "the login may not")
            return None

    def _indexes(self, held: Any) -> tuple[StoredIndex, ...] | None:
        from pymongo.errors import OperationFailure

        try:
            listed = list(held.list_indexes())
        except OperationFailure as error:
            self._skip(error, "the indexes of {} cannot be listed", held, "the login may not (the role read would do)")
            return None
        usage = self._usage(held) if listed else {}
        found = [_index(each, usage.get(each["name"])) for each in listed]
        return tuple(sorted(found, key=lambda index: index.name))

    def _usage(self, held: Any) -> dict[str, Usage]:
        from pymongo.errors import OperationFailure

        try:
            return _usages(held.aggregate([{"$indexStats": {}}]))
        except OperationFailure as error:
            why = "the login may not run $indexStats (the role clusterMonitor would do)"
            self._skip(error, "how often the indexes of {} are used cannot be told", held, why)
            return {}

    def _skip(self, error: Any, what: str, held: Any, refused: str) -> None:
        """Note what of a collection cannot be read, unless time is up."""
        if error.timeout:
            raise error
        why = refused if error.code == UNAUTHORIZED else self.uri.clean(message(error))
        self.unread.setdefault((what, why), []).append(held.full_name)


def _several(names: Sequence[str]) -> str:
    """A list of names that fits on a line."""
    rest = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + rest


def _usages(answers: Iterable[dict[str, Any]]) -> dict[str, Usage]:
    """Usage by index; of shards, all uses, since the last of them began to count."""
    found: dict[str, Usage] = {}
    for answer in answers:
        told, name = answer["accesses"], answer["name"]
        since = told["since"].astimezone(timezone.utc).replace(microsecond=0)
        if name in found:
            since = max(since, found[name].since)
        found[name] = Usage(int(told["ops"]) + (found[name].ops if name in found else 0), since)
    return found


def _index(listed: dict[str, Any], usage: Usage | None) -> StoredIndex:
    options = {name: value for name, value in sorted(listed.items()) if name not in _NOT_OPTIONS}
    keys = tuple((name, _direction(kind)) for name, kind in listed["key"].items())
    return StoredIndex(listed["name"], keys, _plain(options), usage)


def _direction(kind: Any) -> int | float | str:
    """A direction or kind of index. Old servers took anything, and what is no number counts as ascending."""
    if isinstance(kind, str) and kind:
        return kind
    if isinstance(kind, bool) or not isinstance(kind, int | float):
        return 1
    return int(kind) if kind == int(kind) else kind


def _plain(options: dict[str, Any]) -> dict[str, Any]:
    """Options as JSON can hold them: dates and the like in MongoDB's extended JSON."""
    from bson import json_util

    text = json_util.dumps(options, json_options=json_util.RELAXED_JSON_OPTIONS)
    plain: dict[str, Any] = json.loads(text)
    return plain
