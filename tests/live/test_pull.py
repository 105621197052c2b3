"""What a real server answers: each kind of collection and index, each kind of user, and servers that do not answer."""

from __future__ import annotations

import json
import re
import socket
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, timezone
from functools import partial
from threading import Thread
from typing import Any

import pymongo
import pytest
from pymongo import monitoring
from pymongo.database import Database

from mongolint.live.connect import ask
from mongolint.live.pull import Pulled, pull
from mongolint.live.snapshot import Snapshot, StoredCollection, StoredIndex, parse_snapshot, render
from mongolint.live.uri import LiveError, Uri

Db = Database[dict[str, Any]]
# Nothing listens on it: it is reserved
NOBODY = "127.0.0.1:1"


def pulled(uri: str, *databases: str, timeout: float = 10) -> Pulled:
    found = pull(Uri(uri), databases, timeout)
    assert parse_snapshot(render(found.snapshot), "x") == found.snapshot
    return found


def collections(snapshot: Snapshot) -> dict[str, StoredCollection]:
    return {held.name: held for _, held in snapshot.collections()}


def indexes(held: StoredCollection) -> dict[str, StoredIndex]:
    return {index.name: index for index in held.indexes or ()}


@pytest.fixture
def only(mongod_uri: str, server_db: Db) -> Callable[[], dict[str, StoredCollection]]:
    """Pulls the test's own database, about which there is nothing to note."""

    def pull_it() -> dict[str, StoredCollection]:
        found = pulled(mongod_uri, server_db.name)
        assert found.notes == []
        assert [database.name for database in found.snapshot.databases] == [server_db.name]
        return collections(found.snapshot)

    return pull_it


def test_kinds_of_indexes(server_db: Db, only: Callable[[], dict[str, StoredCollection]]) -> None:
    held = server_db.held
    held.create_index([("n", 1), ("title", "text"), ("body", "text")], name="t", weights={"title": 4})
    held.create_index([("$**", 1)], wildcardProjection={"a.b": 1})
    held.create_index([("h", "hashed")])
    held.create_index([("place", "2dsphere"), ("d", -1)])
    held.create_index("s", sparse=True, unique=True)
    held.create_index("seen", hidden=True, expireAfterSeconds=3600)
    recent = {"at": {"$gt": datetime(2020, 1, 1, tzinfo=timezone.utc)}}
    held.create_index("p", partialFilterExpression=recent)
    held.create_index("c", collation={"locale": "en", "strength": 2})
    held.insert_many([{"s": 1}, {"s": 2}])
    found = only()["held"]
    assert (found.type, found.documents, found.collation) == ("collection", 2, None)
    told = {name: (index.keys, index.options) for name, index in indexes(found).items()}
    text, filled = told.pop("t"), told.pop("c_1")
    assert text[0] == (("n", 1), ("_fts", "text"), ("_ftsx", 1))
    assert text[1]["weights"] == {"body": 1, "title": 4}
    assert filled[1]["collation"].items() > {"locale": "en", "strength": 2, "caseLevel": False}.items()
    assert told == {
        "_id_": ((("_id", 1),), {}),
        "$**_1": ((("$**", 1),), {"wildcardProjection": {"a.b": 1}}),
        "h_hashed": ((("h", "hashed"),), {}),
        "place_2dsphere_d_-1": ((("place", "2dsphere"), ("d", -1)), {"2dsphereIndexVersion": 3}),
        "s_1": ((("s", 1),), {"sparse": True, "unique": True}),
        "seen_1": ((("seen", 1),), {"expireAfterSeconds": 3600, "hidden": True}),
        "p_1": (
            (("p", 1),),
            {"partialFilterExpression": {"at": {"$gt": {"$date": "2020-01-01T00:00:00Z"}}}},
        ),
    }
    assert [index.name for index in found.indexes or ()] == sorted(indexes(found))


def test_kinds_of_collections(server_db: Db, only: Callable[[], dict[str, StoredCollection]]) -> None:
    server_db.held.create_index("a")
    server_db.create_collection("seen", viewOn="held", pipeline=[])
    server_db.create_collection("ticks", timeseries={"timeField": "at", "metaField": "who"})
    server_db.ticks.create_index([("who", 1), ("at", -1)])
    server_db.ticks.insert_one({"at": datetime.now(timezone.utc), "who": 1})
    server_db.create_collection("ordered", clusteredIndex={"key": {"_id": 1}, "unique": True})
    server_db.create_collection("german", collation={"locale": "de"})
    server_db.german.create_index("name")
    found = only()
    # Neither system.views nor system.buckets.ticks
    assert sorted(found) == ["german", "held", "ordered", "seen", "ticks"]
    assert found["seen"] == StoredCollection("seen", "view", on="held")
    ticks = found["ticks"]
    assert (ticks.type, ticks.documents) == ("timeseries", None)
    assert [index.keys for index in ticks.indexes or ()] == [(("who", 1), ("at", -1))]
    [own] = found["ordered"].indexes or ()
    assert (own.name, own.options, own.usage) == ("_id_", {"clustered": True, "unique": True}, None)
    german = found["german"]
    assert german.collation is not None
    assert german.collation["locale"] == indexes(german)["name_1"].options["collation"]["locale"] == "de"


def test_usage_is_joined_by_name(server_db: Db, only: Callable[[], dict[str, StoredCollection]]) -> None:
    held = server_db.held
    for name in "edcba":
        held.create_index(name)
    held.insert_one({"a": 1})
    for _ in range(3):
        held.find_one({"d": 1})
    held.count_documents({"b": 1})
    held.update_one({"b": 2}, {"$set": {"x": 1}})
    found = indexes(only()["held"])
    uses = {name: index.usage and index.usage.ops for name, index in found.items()}
    assert uses == {"_id_": 0, "a_1": 0, "b_1": 2, "c_1": 0, "d_1": 3, "e_1": 0}
    usage = found["a_1"].usage
    assert usage is not None
    assert abs(datetime.now(timezone.utc) - usage.since) < timedelta(hours=1)


def test_pulling_twice_gives_the_same_file(mongod_uri: str, server_db: Db) -> None:
    for name in ("b", "a"):
        server_db[name].create_index(name)
    texts = {render(pulled(mongod_uri, server_db.name).snapshot) for _ in range(2)}
    if len(texts) == 2:  # the day has changed in between
        texts = {render(pulled(mongod_uri, server_db.name).snapshot) for _ in range(2)}
    [text] = texts
    lines = [line.rstrip(",") for line in text.split("\n")]
    assert [json.loads(line)["name"] for line in lines if '"keys"' in line] == ["_id_", "a_1", "_id_", "b_1"]


def test_which_databases(mongod_uri: str, server_db: Db) -> None:
    server_db.held.create_index("a")
    base = mongod_uri.partition("?")[0]
    for uri in (mongod_uri, f"{base}admin?replicaSet=rs0"):
        names = [database.name for database in pulled(uri).snapshot.databases]
        assert server_db.name in names
        assert names == sorted(names)
        assert not {"admin", "local", "config"} & set(names)
    found = pulled(f"{base}{server_db.name}?replicaSet=rs0")
    assert [database.name for database in found.snapshot.databases] == [server_db.name]
    found = pulled(mongod_uri, "nowhere", server_db.name, "nowhere")
    assert [database.name for database in found.snapshot.databases] == sorted(["nowhere", server_db.name])
    assert found.notes == ["the database nowhere has no collections"]
    with pytest.raises(LiveError, match=r"^'a b' is no name of a database$"):
        pulled(mongod_uri, "a b")


def test_a_collection_that_is_gone(mongod_uri: str, server_db: Db) -> None:
    """Between the list of collections and the list of its indexes."""
    from mongolint.live.pull import _Pull

    def question(client: Any) -> StoredCollection:
        return _Pull(client, Uri(mongod_uri))._collection(server_db.name, {"name": "gone", "type": "collection"})

    assert ask(Uri(mongod_uri), 10, question) == StoredCollection("gone", documents=0)


class Commands(monitoring.CommandListener):
    """The names of the commands that a client sends, in lower case."""

    def __init__(self) -> None:
        self.sent: set[str] = set()

    def started(self, event: monitoring.CommandStartedEvent) -> None:
        self.sent.add(event.command_name.lower())

    def succeeded(self, event: monitoring.CommandSucceededEvent) -> None:
        pass

    def failed(self, event: monitoring.CommandFailedEvent) -> None:
        pass


def test_nothing_is_written(mongod_uri: str, server_db: Db, monkeypatch: pytest.MonkeyPatch) -> None:
    server_db.held.create_index("a")
    commands = Commands()
    monkeypatch.setattr("pymongo.MongoClient", partial(pymongo.MongoClient, event_listeners=[commands]))
    pulled(mongod_uri)
    assert commands.sent == {
        *("listdatabases", "listcollections", "listindexes", "aggregate", "count"),
        *("buildinfo", "hello", "endsessions"),
    }


# Rights


def test_who_may_see_all(guarded: Any) -> None:
    for user in ("adalovelace", "monitoruser"):
        found = pulled(guarded.uri(user))
        assert found.notes == []
        usage = indexes(collections(found.snapshot)["users"])["email_1"].usage
        assert usage is not None
        assert usage.ops == 1


def test_without_index_stats_usage_is_unknown(guarded: Any) -> None:
    found = pulled(guarded.uri("readeruser"))
    assert found.notes == [
        "how often the indexes of shop.orders, shop.users are used cannot be told: "
        "the login may not run $indexStats (the role clusterMonitor would do)"
    ]
    held = [index for each in collections(found.snapshot).values() for index in each.indexes or ()]
    assert [(index.name, index.usage) for index in held] == [
        *(("_id_", None), ("user_1", None)),
        *(("_id_", None), ("email_1", None)),
    ]


def test_a_collection_that_may_not_be_read_is_left_out(guarded: Any) -> None:
    found = pulled(guarded.uri("narrowuser"))
    assert found.notes == ["the indexes of shop.orders cannot be listed: the login may not (the role read would do)"]
    held = collections(found.snapshot)
    assert (held["orders"].indexes, held["orders"].documents) == (None, None)
    assert list(indexes(held["users"])) == ["_id_", "email_1"]


def test_who_may_not_list_all_collections_sees_their_own(guarded: Any) -> None:
    found = pulled(guarded.uri("userslistuser"))
    assert list(collections(found.snapshot)) == ["users"]
    assert [note.partition(":")[0] for note in found.notes] == [
        "how often the indexes of shop.users are used cannot be told"
    ]


def test_a_database_that_may_not_be_read_is_left_out_among_others(guarded: Any) -> None:
    found = pulled(guarded.uri("readeruser"), "other", "shop")
    assert [database.name for database in found.snapshot.databases] == ["shop"]
    assert found.notes[0] == "the login may not list the collections of other (the role read on it would do)"


def refusals(guarded: Any) -> dict[str, tuple[str, str]]:
    """Connection strings that lead to nothing, and what is said."""
    here = f"127.0.0.1:{guarded.port}"
    wrong = f"{here} refuses the login: user name, password or authSource is wrong"
    listing = "the login may not list the collections of {} (the role read on it would do)"
    return {
        "no login": (guarded.open_uri, f"{here} wants a login, and the URI has none"),
        "no login, no database": (f"mongodb://{here}", f"{here} wants a login, and the URI has none"),
        "wrong password": (guarded.uri("readeruser", password="s3cr:t"), wrong),
        "wrong user": (guarded.uri("nobodyuser"), wrong),
        "wrong authSource": (guarded.uri("readeruser", "shop"), wrong),
        "no rights": (guarded.uri("strangeruser"), listing.format("shop")),
        "other rights": (guarded.uri("readeruser", "other?authSource=admin"), listing.format("other")),
        "sees nothing": (
            guarded.uri("strangeruser", "?authSource=admin"),
            "no database can be read: the login sees none",
        ),
        "mechanism": (
            guarded.uri("readeruser", "shop?authMechanism=PLAIN"),
            f"{here} refuses: Received authentication for mechanism PLAIN which is not enabled (code 334)",
        ),
    }


@pytest.mark.parametrize(
    "name",
    [
        *("no login", "no login, no database", "wrong password", "wrong user", "wrong authSource"),
        *("no rights", "other rights", "sees nothing", "mechanism"),
    ],
)
def test_refused(guarded: Any, name: str) -> None:
    uri, message = refusals(guarded)[name]
    with pytest.raises(LiveError) as caught:
        pulled(uri)
    assert str(caught.value) == message
    assert caught.value.__cause__ is None


def test_no_index_may_be_listed(guarded: Any) -> None:
    with pytest.raises(LiveError) as caught:
        pulled(guarded.uri("monitoruser", "other?authSource=admin"))
    assert str(caught.value) == (
        "no index can be listed: "
        "the indexes of other.things cannot be listed: the login may not (the role read would do)"
    )


# Servers that are not there, or say nothing


@pytest.fixture
def silent() -> Iterator[int]:
    """A port that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        taken = []

        def take() -> None:
            while True:
                try:
                    taken.append(server.accept()[0])
                except OSError:
                    return

        Thread(target=take, daemon=True).start()
        yield server.getsockname()[1]
        server.shutdown(socket.SHUT_RDWR)
        for connection in taken:
            connection.close()


def failure(uri: str, timeout: float) -> str:
    start = time.monotonic()
    with pytest.raises(LiveError) as caught:
        pulled(uri, timeout=timeout)
    assert time.monotonic() - start < timeout + 1
    message = str(caught.value)
    assert "\n" not in message
    assert "gr4ce" not in message
    assert "p4ssword" not in message
    return message


def test_unreachable(silent: int) -> None:
    said = "no server can be reached at {} within 3 s (--timeout): {}"
    assert failure(f"mongodb://gr4ce:p4ssword@{NOBODY}/", 3) == said.format(NOBODY, "Connection refused")
    place = f"127.0.0.1:{silent}"
    assert failure(f"mongodb://gr4ce:p4ssword@{place}/", 3).startswith(said.format(place, "")[:-2])
    # How long it takes to look a name up in vain is not in our hands
    assert "host.invalid" in failure("mongodb://gr4ce:p4ssword@host.invalid/", 2)
    assert failure("mongodb+srv://gr4ce:p4ssword@host.invalid/", 2)


def test_a_replica_set_of_another_name(mongod_uri: str) -> None:
    said = failure(mongod_uri.replace("rs0", "rs1"), 2)
    assert said.startswith("no server can be reached at ")


def test_the_time_limit_of_the_uri_does_not_count() -> None:
    options = "serverSelectionTimeoutMS=60000&connectTimeoutMS=60000&timeoutMS=60000"
    assert failure(f"mongodb://{NOBODY}/?{options}", 1)


@pytest.mark.parametrize("command", ["listDatabases", "listCollections", "listIndexes", "aggregate", "count"])
def test_time_is_up_in_the_middle(mongod_uri: str, server_db: Db, command: str) -> None:
    server_db.held.create_index("a")
    data = {"failCommands": [command], "appName": "mongolint", "blockConnection": True, "blockTimeMS": 1500}
    admin = server_db.client.admin
    admin.command("configureFailPoint", "failCommand", mode="alwaysOn", data=data)
    try:
        said = failure(mongod_uri, 1)
    finally:
        admin.command("configureFailPoint", "failCommand", mode="off")
    assert re.match(r"127\.0\.0\.1:\d+ answers, but the work was not done within 1 s \(--timeout\)$", said)


def test_a_connection_that_breaks(mongod_uri: str, server_db: Db) -> None:
    server_db.held.create_index("a")
    data = {"failCommands": ["listIndexes"], "appName": "mongolint", "closeConnection": True}
    admin = server_db.client.admin
    admin.command("configureFailPoint", "failCommand", mode="alwaysOn", data=data)
    try:
        said = failure(mongod_uri, 3)
    finally:
        admin.command("configureFailPoint", "failCommand", mode="off")
    assert re.search(r"127\.0\.0\.1:\d+ ", said)


def test_what_cannot_be_interrupted_is_left_behind(mongod_uri: str) -> None:
    with pytest.raises(LiveError, match=r"^127\.0\.0\.1:\d+ gave no answer within 1 s \(--timeout\)$"):
        ask(Uri(mongod_uri), 1, lambda client: time.sleep(2))


def test_words_of_others_never_show_the_credentials() -> None:
    def question(client: Any) -> None:
        raise ValueError("cannot use mongodb://gr4ce:p4ssword@host/")

    with pytest.raises(LiveError) as caught:
        ask(Uri(f"mongodb://gr4ce:p4ssword@{NOBODY}"), 5, question)
    assert str(caught.value).startswith("ValueError: (the words of the driver are withheld")
    assert caught.value.__cause__ is None


@pytest.mark.parametrize(
    ("uri", "message"),
    [
        ("mongodb://gr4ce:p4@ss@host/", "its user name and password have to be percent-encoded"),
        ("mongodb://gr4ce:p%4ss@host/", "its user name and password have to be percent-encoded"),
        ("mongodb://:p4ss@host/", "its user name is empty"),
        ("mongodb://gr4ce:p4ss", "a port in it is not a number from 1 to 65535 (a / : ? # [ ] @ in a password has"),
        ("mongodb://host:99999/", "a port in it is not a number from 1 to 65535"),
        ("mongodb://host/a b", "its database name is not valid"),
        ("mongodb://host/?w", "MongoDB URI options are key=value pairs"),
        ("mongodb://one,two/?directConnection=true", "Cannot specify multiple hosts with directConnection=true"),
        ("mongodb+srv://host.example.com:27017/", "mongodb+srv:// URIs must not include a port number"),
        ("mongodb://host/?tls=true&tlsCAFile=/no/such/file", ""),
    ],
)
def test_a_uri_that_is_not_valid(uri: str, message: str) -> None:
    assert failure(uri, 2).startswith(f"the URI is not valid: {message}")
    assert "p4" not in failure(uri, 2)
