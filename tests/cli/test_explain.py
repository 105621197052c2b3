"""``explain``: a place in the code, the query there, and a server's plan beside it, end to end."""

from __future__ import annotations

from typing import Any

import pytest
from pymongo.database import Database

Db = Database[dict[str, Any]]

CODE = """\
import os

from pymongo import MongoClient

db = MongoClient(timeoutMS=5000)[os.environ["DB"]]


def ensure_indexes():
    db.users.create_index("email", unique=True)
    db.users.create_index([("city", 1), ("born", -1)])
    db.orders.create_index("user")


def by_email(email):
    return db.users.find_one({"email": email})


def in_city(city, born=None):
    query = {"city": city}
    if born:
        query["born"] = {"$gte": born}
    cursor = db.users.find(
        query,
        {"name": 1},
    )
    return cursor.sort("name").limit(20)


def both(a, b):
    return db.users.find_one({"email": a}), db.orders.find_one({"state": b})


def close(user):
    return db.orders.update_many({"user": user, "state": "open"}, {"$set": {"state": "closed"}})


def report(user, size):
    return db.orders.aggregate([
        {"$match": {"user": user}},
        {"$lookup": {"from": "users", "localField": "user", "foreignField": "email", "as": "users"}},
        {"$facet": {"page": [{"$sort": {"at": {"$meta": size}}}]}},
        {"$out": "report"},
    ])


def hinted(user):
    return db.orders.find({"user": user}).hint("user_1")


def lost(collection):
    return collection.aggregate([])


def anything(query):
    return db.users.find_one(query)
"""


@pytest.fixture
def shop(place: Any) -> Any:
    return place.write({"app/db.py": CODE, "app/other.py": "x = 1\n", "mongolint.toml": ""})


@pytest.fixture
def served(server_db: Db, mongod_uri: str) -> str:
    """The URI of a database with the declared indexes."""
    server_db.users.create_index("email", unique=True)
    server_db.users.create_index([("city", 1), ("born", -1)])
    server_db.orders.create_index("user")
    return mongod_uri.replace("/?", f"/{server_db.name}?")


def line(text: str) -> int:
    """The line of the code that holds a text."""
    return next(number for number, each in enumerate(CODE.splitlines(), 1) if text in each)


def at(text: str) -> str:
    return f"app/db.py:{line(text)}"


SORTED = """\
app/db.py:22:23: find on users

    db.users.find({city: <city>, /* optional */ born: {$gte: <born>}}, {name: 1})
      .sort({name: 1})
      .limit(20)

  city  equality         bounds the index
  born  range >=         on some paths only
  name  sort, ascending  sorted in memory

  partial by city_1_born_-1: the sort is done in memory
    city_1_born_-1 {city: 1, born: -1} is declared at app/db.py:10
    better: create_index([("city", 1), ("name", 1)])
            then served: bounds city
"""
SERVED = """\
app/db.py:15:21: find_one on users

    db.users.findOne({email: <email>})

  email  equality  bounds the index

  served by email_1: bounds email
    email_1 {email: 1} (unique) is declared at app/db.py:9
"""
OPEN = """\
app/db.py:55:21: find_one on users

    db.users.findOne(<query>)

  The filter may hold other fields, which the code does not show.

  unknown: the filter may hold fields that the code does not show
"""


@pytest.mark.parametrize(
    ("text", "expected"),
    [("cursor = db.users.find(", SORTED), ('find_one({"email": email})', SERVED), ("find_one(query)", OPEN)],
)
def test_text(shop: Any, text: str, expected: str) -> None:
    run = shop.run("explain", at(text))
    assert (run.code, run.err, run.out) == (0, "", expected)


@pytest.mark.parametrize(
    ("where", "methods"),
    [
        (at("cursor = db.users.find("), ["find"]),
        # Any line of the call, and of what is called on its cursor
        (at('{"name": 1},'), ["find"]),
        (at("return cursor.sort"), ["find"]),
        # All on the line, or the one at a column
        (at("db.orders.find_one"), ["find_one", "find_one"]),
        (f"{at('db.orders.find_one')}:22", ["find_one"]),
        (f"{at('db.orders.find_one')}:70", ["find_one"]),
        (f"{at('db.orders.find_one')}:1", ["find_one"]),
        (at('{"$match": {"user": user}}'), ["aggregate"]),
    ],
)
def test_places(shop: Any, where: str, methods: list[str]) -> None:
    found = shop.run("explain", where, "--format", "json").json
    assert [each["method"] for each in found] == methods


def test_columns_choose(shop: Any) -> None:
    number = line("db.orders.find_one")
    for column, collection in ((22, "users"), (62, "orders"), (200, "orders")):
        [found] = shop.run("explain", f"app/db.py:{number}:{column}", "--format", "json").json
        assert found["collection"] == collection, column


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["app/db.py:2"],
            "mongolint: app/db.py:2: no operation on this line; the nearest are on 9 (create_index on users)",
        ),
        (["app/other.py:1"], "mongolint: app/other.py:1: there is no operation on a collection in this file"),
        (
            [at("collection.aggregate")],
            f"mongolint: {at('collection.aggregate')}: what aggregate is called on could not",
        ),
        (["gone.py:1"], "mongolint: gone.py: no such file"),
        (["app:1"], "mongolint: app: is a directory"),
        (["app/broken.py:1"], "mongolint: app/broken.py:1:5: "),
        (["app/db.py:1", "--indexes", "none.json"], "mongolint: none.json: cannot read: no such file"),
        ([at("email})"), "--uri", "localhost"], "mongolint: the URI has to begin with mongodb://"),
        (
            [at("email})"), "--uri", "mongodb://localhost:1/x", "--timeout", "2"],
            "mongolint: no server can be reached at localhost:1 within 2 s",
        ),
    ],
)
def test_mistakes(shop: Any, arguments: list[str], message: str) -> None:
    """One line, exit code 2, nothing on standard output."""
    shop.write({"app/broken.py": "def (:\n"})
    run = shop.run("explain", *arguments)
    assert (run.code, run.out, run.err.count("\n")) == (2, "", 1)
    assert run.err.startswith(message)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "explain what? Give FILE:LINE"),
        (["app/db.py"], "'app/db.py' is no place: it has to be FILE:LINE or FILE:LINE:COLUMN"),
        (["app/db.py:0"], "'app/db.py:0' is no place"),
        (["app/db.py:15", "--uri"], "which server? Give --uri URI, or set MONGODB_URI"),
        (["app/db.py:15", "--database", "x"], "--database chooses what to ask a server for; give --uri too"),
    ],
)
def test_usage(shop: Any, arguments: list[str], message: str) -> None:
    run = shop.run("explain", *arguments)
    assert (run.code, run.out) == (2, "")
    assert message in run.err


def test_json(shop: Any) -> None:
    run = shop.run("explain", at("cursor = db.users.find("), "--format", "json")
    [item] = run.json
    assert {name: item[name] for name in ("file", "line", "column", "method", "database", "collection", "open")} == {
        "file": "app/db.py",
        "line": 22,
        "column": 23,
        "method": "find",
        "database": None,
        "collection": "users",
        "open": False,
    }
    assert item["fields"][1] == {"field": "born", "role": "range >=", "place": None, "within": None, "optional": True}
    assert item["verdict"] == {"verdict": "partial", "index": "city_1_born_-1", "reason": "the sort is done in memory"}
    assert [(index["name"], index["file"], index["line"]) for index in item["indexes"]] == [
        ("city_1_born_-1", "app/db.py", 10)
    ]
    assert item["better"]["keys"] == [[["city", 1], ["name", 1]]]
    assert (item["server"], item["inner"], item["nearest"]) == (None, [], None)


def test_a_snapshot(shop: Any, served: str, server_db: Db) -> None:
    server_db.orders.create_index("state")
    assert shop.run("indexes", "pull", "--uri", served, "-o", "indexes.json").code == 0
    place = f"{at('db.orders.find_one')}:60"
    before = shop.run("explain", place).out
    assert "unserved: no index is declared on state" in before
    after = shop.run("explain", place, "--indexes", "indexes.json").out
    assert "served by state_1: bounds state\n    state_1 {state: 1} is declared at indexes.json:" in after


# Beside a server


def server(run: Any) -> dict[str, Any]:
    assert (run.code, run.err) == (0, "")
    found: dict[str, Any] = run.json[0]["server"]
    return found


def test_same_on_the_server(shop: Any, served: str, server_db: Db) -> None:
    run = shop.run("explain", at('"state": "open"'), "--uri", served)
    assert (run.code, run.err) == (0, "")
    assert run.out.endswith(
        f"""\
  server 6.0.5, {server_db.name}.orders: IXSCAN user_1 (user: ["sample a", "sample a"]) > FETCH
    asked as the find of its filter, with samples for user
    same as the verdict says
"""
    )
    told = server(shop.run("explain", at("cursor = db.users.find("), "--uri", served, "--format", "json"))
    assert (told["same"], told["differences"], told["indexes"]) == (True, [], ["city_1_born_-1"])
    assert (told["collection_scan"], told["sort_in_memory"], told["refused"]) == (False, True, None)
    assert (told["samples"], told["notes"]) == (["city"], ["with samples for city", "without born"])


def test_the_uri_of_the_environment_is_asked_for(shop: Any, served: str) -> None:
    """A variable that is set for other commands does not send a query anywhere."""
    place = at("email})")
    environment = {"MONGODB_URI": served}
    assert shop.run("explain", place, "--format", "json", env=environment).json[0]["server"] is None
    for arguments in ([place, "--uri"], ["--uri", place], [place, f"--uri={served}"]):
        told = server(shop.run("explain", *arguments, "--format", "json", env=environment)) if arguments else {}
        assert told["same"] is True


def test_database(shop: Any, served: str, mongod_uri: str, server_db: Db) -> None:
    place = at("email})")
    run = shop.run("explain", place, "--uri", mongod_uri)
    assert (run.code, run.out) == (2, "")
    assert run.err == "mongolint: which database? Neither the URI nor the code names one; give --database NAME\n"
    told = server(shop.run("explain", place, "--uri", mongod_uri, "--database", server_db.name, "--format", "json"))
    assert (told["database"], told["same"]) == (server_db.name, True)
    run = shop.run("explain", place, "--uri", mongod_uri, "--database", "a.b")
    assert (run.code, run.out, run.err) == (2, "", "mongolint: 'a.b' is no name of a database\n")
    shop.write({"app/db.py": CODE.replace('os.environ["DB"]', f'"{server_db.name}"')})
    assert server(shop.run("explain", place, "--uri", mongod_uri, "--format", "json"))["database"] == server_db.name


def differences(run: Any) -> list[tuple[str, str | None]]:
    told = server(run)
    assert told["same"] is (not told["differences"])
    return [(each["kind"], each["index"]) for each in told["differences"]]


def test_differences(shop: Any, served: str, server_db: Db) -> None:
    def of(text: str) -> list[tuple[str, str | None]]:
        return differences(shop.run("explain", at(text), "--uri", served, "--format", "json"))

    assert of("email})") == []
    server_db.users.drop_index("email_1")
    assert of("email})") == [("missing", "email_1")]
    server_db.users.create_index([("email", 1), ("name", 1)])
    assert of("email})") == [("missing", "email_1"), ("only-there", "email_1_name_1")]
    server_db.users.drop_indexes()
    server_db.users.create_index("email", partialFilterExpression={"live": True})
    assert of("email})") == [("options", "email_1")]
    server_db.users.drop()
    assert of("email})") == [("no-collection", None)]
    # The sort: what the verdict does not know, the server does
    server_db.users.create_index([("city", 1), ("born", -1)])
    server_db.users.create_index([("city", 1), ("name", 1)])
    assert of("cursor = db.users.find(") == [("only-there", "city_1_name_1")]
    server_db.orders.drop_index("user_1")
    assert of('hint("user_1")') == [("refused", None)]
    text = shop.run("explain", at('hint("user_1")'), "--uri", served).out
    assert (
        f"server, {server_db.name}.orders: refuses it: hint provided does not correspond to an existing index" in text
    )
    assert "\n    differs: the server refuses it: hint provided" in text


def test_pipelines(shop: Any, served: str, server_db: Db) -> None:
    """What writes is not sent. Where the samples do not fit a stage, the filter and the sort are asked about."""
    run = shop.run("explain", at("db.orders.aggregate"), "--uri", served, "--format", "json")
    [item] = run.json
    told = server(run)
    assert told["plan"].startswith('IXSCAN user_1 (user: ["sample a", "sample a"])')
    assert (told["same"], told["indexes"]) == (True, ["user_1"])
    assert told["notes"][-1].startswith("without all stages but the filter and the sort")
    [lookup] = item["inner"]
    assert (lookup["stage"], lookup["verdict"]["index"], lookup["server"]["indexes"]) == (
        "$lookup",
        "email_1",
        ["email_1"],
    )
    assert lookup["server"]["same"] is True
    shop.write({"app/db.py": CODE.replace('{"$meta": size}', "1")})
    told = server(shop.run("explain", at("db.orders.aggregate"), "--uri", served, "--format", "json"))
    assert "EQ_LOOKUP users (IndexedLoopJoin, email_1)" in told["plan"]
    assert told["notes"] == ["with samples for user", "without $out"]
    assert "report" not in server_db.list_collection_names()


def test_nothing_is_run(shop: Any, served: str, server_db: Db) -> None:
    """The server is sent explain and listIndexes, whatever the code does."""
    server_db.orders.insert_one({"user": "sample a", "state": "open"})
    server_db.command("profile", 2)
    for text in ("email})", "cursor = db.users.find(", '"state": "open"', "db.orders.aggregate", "db.orders.find_one"):
        assert shop.run("explain", at(text), "--uri", served).code == 0
    server_db.command("profile", 0)
    seen = list(server_db.system.profile.find({"appName": "mongolint"}))
    assert seen
    assert {next(iter(each["command"])) for each in seen} <= {"explain", "listIndexes"}
    assert all(each["command"].get("verbosity", "queryPlanner") == "queryPlanner" for each in seen)
    assert [each["state"] for each in server_db.orders.find()] == ["open"]


def test_what_cannot_be_asked(shop: Any, served: str) -> None:
    shop.write({"app/more.py": "from app.db import db\n\n\ndef add(name):\n    db[name].find_one({'a': 1})\n"})
    run = shop.run("explain", "app/more.py:5", "--uri", served)
    assert run.code == 0
    assert (
        run.err == "mongolint: the server was not asked: there is no filter, or a collection known only at run time\n"
    )
