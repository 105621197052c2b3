"""Asks a running server how it would answer queries: with ``explain`` and the verbosity that runs nothing.

What is sent is an ``explain`` of reads (a write is asked as the find of its filter) and a ``listIndexes``, so that the
role read is enough. Sources: MongoDB manual, "explain" (queryPlanner), "listIndexes".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mongolint.coverage import ANY
from mongolint.fastclasses import dataclass
from mongolint.live.connect import UNAUTHORIZED, ask, message
from mongolint.live.plans import Planned, planned
from mongolint.live.samples import Sampler
from mongolint.live.snapshot import StoredIndex
from mongolint.live.uri import SERVER_DATABASES, LiveError, Uri
from mongolint.project.explained.sent import Sent
from mongolint.project.verdicts import Query

_VIEW = 166
# The login is refused, or may not do that: this says nothing of the query
_RIGHTS = (UNAUTHORIZED, 18, 8000)
# What the server puts before the reason is the query
_CAUSE = " :: caused by :: "
_COUNT = {"$group": {"_id": 1, "n": {"$sum": 1}}}
_SCORE = {"$meta": "textScore"}
_NOT_OPTIONS = frozenset(("v", "key", "name", "ns"))


@dataclass(frozen=True, slots=True)
class Served:
    """What a server says of one query.

    ``plan`` is None where it refuses the query: ``refused`` says why. ``indexes``: those of the collection; empty
    where it does not exist, None where they cannot be listed (``unlisted`` says why). ``samples``: the fields whose
    values were made up. ``reduced``: of a pipeline only the filter and the sort at its head were asked about.
    """

    database: str
    plan: Planned | None
    refused: str
    indexes: tuple[StoredIndex, ...] | None
    unlisted: str = ""
    samples: tuple[str, ...] = ()
    reduced: bool = False


def database_of(uri: Uri, given: str | None, named: str | None) -> str:
    """The database to ask: the one given, else that of the URI, else the one that the code names.

    Raises:
        LiveError: none of them is known.
    """
    own = uri.database if uri.database not in SERVER_DATABASES else None
    found = given or own or named
    if not found:
        raise LiveError("which database? Neither the URI nor the code names one; give --database NAME")
    return found


def explain(uri: Uri, asked: Sequence[tuple[str, Query, Sent]], timeout: float) -> list[Served]:
    """What the server says of each (database, query, command); every query has a collection.

    Raises:
        LiveError: see `mongolint.live.connect.ask`.
    """
    return ask(uri, timeout, lambda client: _Asking(client, uri).all(asked))


class _Asking:
    """One connection."""

    def __init__(self, client: Any, uri: Uri) -> None:
        self.client = client
        self.uri = uri
        self._listed: dict[tuple[str, str], tuple[tuple[StoredIndex, ...] | None, str]] = {}

    def all(self, asked: Sequence[tuple[str, Query, Sent]]) -> list[Served]:
        return [self._one(*each) for each in asked]

    def _one(self, database: str, query: Query, sent: Sent) -> Served:
        from pymongo.errors import InvalidName

        sampler = Sampler()
        command = command_of(query, sent, sampler)
        try:
            plan, refused = self._plan(database, command)
            reduced = bool(refused) and sent.command == "aggregate" and bool(sampler.fields)
            if reduced:
                sampler = Sampler()
                plan, refused = self._plan(database, command_of(query, Sent(), sampler))
            indexes, unlisted = self._indexes(database, str(query.collection))
        except InvalidName:
            raise LiveError(f"{database!r} is no name of a database") from None
        return Served(database, plan, refused, indexes, unlisted, tuple(sampler.fields), reduced)

    def _plan(self, database: str, command: Mapping[str, Any]) -> tuple[Planned | None, str]:
        from bson.errors import BSONError
        from pymongo.errors import OperationFailure

        try:
            answer = self.client[database].command({"explain": command, "verbosity": "queryPlanner"})
        except OperationFailure as error:
            if error.code == UNAUTHORIZED and self.uri.has_login:
                # The server quotes the whole command
                reason = f"the login may not read {database} (the role read on it would do)"
                raise LiveError(reason) from None
            if error.code in _RIGHTS or error.timeout:
                raise
            return None, self.uri.clean(message(error).rpartition(_CAUSE)[2])
        except BSONError as error:
            return None, self.uri.clean(error)
        return planned(answer), ""

    def _indexes(self, database: str, collection: str) -> tuple[tuple[StoredIndex, ...] | None, str]:
        key = (database, collection)
        if key not in self._listed:
            self._listed[key] = self._list(database, collection)
        return self._listed[key]

    def _list(self, database: str, collection: str) -> tuple[tuple[StoredIndex, ...] | None, str]:
        from pymongo.errors import OperationFailure

        try:
            listed = list(self.client[database][collection].list_indexes())
        except OperationFailure as error:
            if error.timeout or error.code in _RIGHTS[1:]:
                raise
            if error.code == _VIEW:
                return None, "it is a view, and its indexes are those of the collection that it reads"
            why = "the login may not list its indexes" if error.code == UNAUTHORIZED else message(error)
            return None, self.uri.clean(why)
        return tuple(_stored(each) for each in listed), ""


def _stored(listed: Mapping[str, Any]) -> StoredIndex:
    options = {name: value for name, value in listed.items() if name not in _NOT_OPTIONS}
    return StoredIndex(str(listed["name"]), tuple(listed["key"].items()), options)


def command_of(query: Query, sent: Sent, sampler: Sampler) -> dict[str, Any]:
    """The command to explain, with samples for what is not known."""
    hint = dict(query.hint) if isinstance(query.hint, tuple) else query.hint
    beside = {"hint": hint, "collation": query.collation and dict(query.collation)}
    options = {name: value for name, value in beside.items() if value is not None}
    if sent.command == "aggregate":
        pipeline = [sampler.value(stage) for stage in sent.pipeline]
        return {"aggregate": query.collection, "pipeline": pipeline, "cursor": {}, **options}
    filter = sampler.filter(query.filter)
    if sent.command == "count-documents":
        return {"aggregate": query.collection, "pipeline": [{"$match": filter}, _COUNT], "cursor": {}, **options}
    if sent.command == "distinct":
        options.pop("hint", None)
        return {"distinct": query.collection, "key": sent.key, "query": filter, **options}
    if sent.command == "count":
        return {"count": query.collection, "query": filter, **options}
    if query.sort:
        options["sort"] = {name: _SCORE if isinstance(kind, dict) else kind for name, kind in query.sort}
    if query.projection and not _is_open(query.projection):
        options["projection"] = dict(query.projection)
    return {"find": query.collection, "filter": filter, **options}


def _is_open(value: Any) -> bool:
    if isinstance(value, Mapping):
        return any(_is_open(each) for each in value.values())
    return value is ANY or (isinstance(value, list | tuple) and any(_is_open(each) for each in value))
