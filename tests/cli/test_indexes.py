"""``indexes pull``, ``indexes diff`` and ``check --indexes``: a server and the code that talks to it, end to end."""

from __future__ import annotations

import json
import re
import time
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
    db.users.create_index([("name", 1), ("born", -1)])
    db.orders.create_index("user", name="by_user")


def by_email(email):
    return db.users.find_one({"email": email})


def by_city(city):
    return db.users.find_one({"city": city})


def orders(state):
    return db.orders.find_one({"state": state})
"""
EXTERNAL = "index-source = 'external'\n"


@pytest.fixture
def shop(place: Any) -> Any:
    return place.write({"app/db.py": CODE, "mongolint.toml": "select = ['MDB104']\n"})


@pytest.fixture
def served(server_db: Db, mongod_uri: str) -> str:
    """The URI of a database that has something of everything."""
    server_db.users.create_index("email")
    server_db.users.create_index("city")
    server_db.orders.create_index("user", name="by_user")
    server_db.orders.create_index([("at", 1), ("state", 1)])
    server_db.orders.insert_one({"user": 1})
    server_db.orders.find_one({"user": 1})
    server_db.create_collection("adults", viewOn="users", pipeline=[])
    return mongod_uri.replace("/?", f"/{server_db.name}?")


def found(run: Any) -> list[tuple[int, str]]:
    return [(finding["line"], finding["message"].partition(":")[0]) for finding in run.json]


def test_check_against_a_snapshot(shop: Any, served: str) -> None:
    before = shop.check("--format", "json")
    city = (19, "find_one on users filters by city")
    state = (23, "find_one on orders filters by state")
    assert found(before) == [city, state]
    run = shop.run("indexes", "pull", "--uri", served, "-o", "indexes.json")
    assert (run.code, run.out, run.err) == (0, "", "6 indexes of 3 collections written to indexes.json\n")
    after = shop.check("--format", "json", "--indexes", "indexes.json")
    # An index of the server serves as well as a declared one
    assert (after.code, found(after)) == (1, [state])
    # What comes nearest stands in the snapshot
    [place] = after.json[0]["related"]
    assert place["file"] == "indexes.json"
    assert '"name": "at_1_state_1"' in (shop.root / "indexes.json").read_text().split("\n")[place["line"] - 1]
    assert f"\n  --> indexes.json:{place['line']}:1 " in shop.check("--indexes", "indexes.json").out


def test_a_snapshot_in_the_configuration(shop: Any, served: str) -> None:
    """It is relative to the file that names it, for every command, from wherever it is run."""
    shop.write({"db/.keep": "", "mongolint.toml": "select = ['MDB104']\nindexes = 'db/indexes.json'\n"})
    run = shop.run("indexes", "pull", "-o", "../db/indexes.json", env={"MONGODB_URI": served}, cwd="app")
    assert (run.code, run.err) == (0, "6 indexes of 3 collections written to ../db/indexes.json\n")
    run = shop.check("--format", "json", cwd="app")
    assert found(run) == [(23, "find_one on orders filters by state")]
    queries = shop.run("queries", "--format", "json", cwd="app").json
    assert [item["index"]["name"] for item in queries if item["method"] == "find_one"] == ["email_1", "city_1", None]
    # The command line wins
    shop.write({"none.json": '{"version": 1, "server": "6.0.5", "taken": "2026-01-01", "databases": []}'})
    assert len(shop.check("--format", "json", "--indexes", "none.json").json) == 2


def test_indexes_that_are_declared_elsewhere(shop: Any, served: str) -> None:
    """Without a snapshot nobody can say that one is missing."""
    shop.write({"mongolint.toml": "select = ['MDB104']\n" + EXTERNAL})
    run = shop.check()
    assert (run.code, run.out) == (0, "All checks passed.\n")
    verdicts = [item["index"] for item in shop.run("queries", "--format", "json").json if item["method"] == "find_one"]
    assert [verdict["verdict"] for verdict in verdicts] == ["served", "unknown", "unknown"]
    assert verdicts[1]["reason"].startswith('indexes are declared elsewhere (index-source = "external")')
    assert shop.run("indexes", "pull", "--uri", served, "-o", "indexes.json").code == 0
    assert found(shop.check("--format", "json", "--indexes", "indexes.json")) == [
        (23, "find_one on orders filters by state")
    ]


def test_fixes_go_beside_declarations_in_the_code(shop: Any, served: str) -> None:
    assert shop.run("indexes", "pull", "--uri", served, "-o", "indexes.json").code == 0
    run = shop.check("--indexes", "indexes.json", "--fix", "--unsafe-fixes")
    assert (run.code, run.err) == (0, "")
    assert '    db.orders.create_index("state")\n' in (shop.root / "app/db.py").read_text()


def test_diff(shop: Any, served: str, server_db: Db) -> None:
    expected = [
        ("missing", "users", "name_1_born_-1", "app/db.py"),
        ("different", "users", "email_1", "app/db.py"),
        ("undeclared", "orders", "at_1_state_1", None),
        ("undeclared", "users", "city_1", None),
        ("unused", "orders", "at_1_state_1", None),
        ("unused", "users", "city_1", None),
        ("unused", "users", "email_1", None),
    ]
    run = shop.run("indexes", "diff", "--uri", served, "--format", "json")
    assert (run.code, run.err) == (1, "")
    assert [(each["kind"], each["collection"], each["name"], each["file"]) for each in run.json] == expected
    assert {each["database"] for each in run.json} == {server_db.name}
    assert run.json[1]["options"] == [{"option": "unique", "declared": True, "server": None}]
    assert shop.run("indexes", "pull", "--uri", served, "-o", "indexes.json").code == 0
    again = shop.run("indexes", "diff", "app", "--indexes", "indexes.json", "--format", "json")
    lines = (shop.root / "indexes.json").read_text().split("\n")
    assert [each["name"] for each in again.json] == [name for _, _, name, _ in expected]
    for each in again.json[2:]:
        assert each["file"] == "indexes.json"
        assert f'"name": "{each["name"]}"' in lines[each["line"] - 1]
    text = shop.run("indexes", "diff", "--indexes", "indexes.json")
    assert text.code == 1
    assert text.err == "1 missing, 1 different, 2 undeclared, 3 unused\n"
    assert [line.split()[0] for line in text.lines] == [kind for kind, *_ in expected]
    assert text.lines[1].startswith("different   app/db.py:9")
    assert text.lines[1].endswith("{email: 1}           unique: true in the code, not set on the server")
    # Of other files only what no code declares is told
    shop.write({"other.py": "x = 1\n"})
    other = shop.run("indexes", "diff", "other.py", "--indexes", "indexes.json", "--format", "json")
    assert [each["kind"] for each in other.json] == ["undeclared", "undeclared", "unused", "unused", "unused"]


def test_no_difference(place: Any, served: str, server_db: Db) -> None:
    """Code that has run has the indexes that it declares, whatever the server makes of them."""
    server_db.client.drop_database(server_db.name)
    code = """\
    from pymongo import ASCENDING, DESCENDING, GEOSPHERE, HASHED, TEXT, IndexModel, MongoClient
    from pymongo.collation import Collation

    db = MongoClient(timeoutMS=5000).shop
    db.users.create_index("email", unique=True, background=True)
    db.users.create_index([("last", ASCENDING), ("first", DESCENDING)], name="names", sparse=False)
    db.users.create_index("nick", collation={"locale": "fr_CA", "strength": 2})
    db.users.create_index("town", collation=Collation("de"))
    db.users.create_index([("bio", TEXT), ("about", TEXT)], weights={"bio": 3})
    db.users.create_index([("home", GEOSPHERE)])
    db.users.create_index([("tag", HASHED)])
    db.users.create_index([("$**", 1)], wildcardProjection={"extra": 1})
    db.users.create_index("seen", expireAfterSeconds=3600, hidden=True)
    db.users.create_index("old", partialFilterExpression={"age": {"$gt": 99}, "on": True})
    db.places.create_indexes([IndexModel([("p", "2d")], bits=26), IndexModel("n", sparse=True)])
    """
    place.write({"db.py": code})
    program = (place.root / "db.py").read_text().replace("MongoClient(timeoutMS=5000).shop", "started")
    exec(program, {"started": server_db})
    run = place.run("indexes", "diff", "--uri", served, "--format", "json")
    assert [each for each in run.json if each["kind"] != "unused"] == []
    assert run.code == 0
    assert len([each for each in run.json if each["kind"] == "unused"]) == 12
    # Renamed in the code, the same start-up call would be refused
    place.write({"db.py": code.replace('name="names"', 'name="full_name"')})
    run = place.run("indexes", "diff", "--uri", served)
    assert run.code == 1
    assert 'name: "full_name" in the code, "names" on the server' in run.out


def test_pull_to_standard_output(shop: Any, served: str, server_db: Db) -> None:
    run = shop.run("indexes", "pull", "--uri", served)
    assert (run.code, run.err) == (0, "")
    [database] = run.json["databases"]
    assert database["name"] == server_db.name
    assert [held["name"] for held in database["collections"]] == ["adults", "orders", "users"]
    base = served.partition(server_db.name)[0]
    both = shop.run("indexes", "pull", "--uri", base, "--database", server_db.name, "--database", "gone")
    assert (both.code, both.err) == (0, "mongolint: the database gone has no collections\n")
    assert both.out.count('"collections"') == 2


@pytest.mark.parametrize("arguments", [["pull", "-o", "out.json"], ["diff"]])
def test_unreachable(shop: Any, arguments: list[str]) -> None:
    uri = "mongodb://gr4ce:p4ssword@127.0.0.1:1/shop?authSource=admin"
    for given, env in ((["--uri", uri], {}), ([], {"MONGODB_URI": uri})):
        start = time.monotonic()
        run = shop.run("indexes", *arguments, *given, "--timeout", "2", env=env)
        assert time.monotonic() - start < 10  # the driver's own limit is 30
        assert (run.code, run.out) == (2, "")
        assert re.fullmatch(r"mongolint: .*127\.0\.0\.1:1 .*within 2 s \(--timeout\).*\n", run.err)
        assert "gr4ce" not in run.err
        assert "p4ss" not in run.err
    assert not (shop.root / "out.json").exists()


@pytest.mark.parametrize(
    ("uri", "message"),
    [
        ("mongodb://gr4ce:p4ss/word@127.0.0.1:1", "the URI has an @ after its hosts"),
        ("mongodb://gr4ce:p4ss:word@127.0.0.1:1", "the URI is not valid: "),
        ("gr4ce:p4ssword@127.0.0.1:1", "the URI has to begin with mongodb:// or mongodb+srv://"),
        ("mongodb://gr4ce:p4ssword@", "the URI names no host"),
        ("mongodb://127.0.0.1:1/?nosuch=p4ss", "no server can be reached at 127.0.0.1:1"),
    ],
)
def test_invalid_uri(shop: Any, uri: str, message: str) -> None:
    run = shop.run("indexes", "pull", "--uri", uri, "--timeout", "1")
    assert (run.code, run.out) == (2, "")
    assert run.err.startswith(f"mongolint: {message}")
    assert run.err.count("\n") == 1
    assert "gr4ce" not in run.err
    assert "p4ss" not in run.err


def test_usage(shop: Any, served: str) -> None:
    for arguments, message in {
        ("pull",): "which server? Give --uri URI, or set MONGODB_URI",
        ("pull", "--uri", ""): "which server? Give --uri URI, or set MONGODB_URI",
        ("pull", "--uri", served, "--timeout", "0"): "Invalid value for '--timeout'",
        ("diff",): "compare with what? Give --indexes FILE or --uri URI, or set MONGODB_URI",
        ("diff", "--uri", served, "--indexes", "x.json"): "--indexes and --uri: which of the two?",
        ("diff", "--indexes", "x.json", "--database", "y"): "--database chooses what to read from a server",
    }.items():
        run = shop.run("indexes", *arguments)
        assert (run.code, run.out) == (2, "")
        assert f"Error: {message}" in run.err
        assert served not in run.err
    run = shop.run("indexes", "pull", "--uri", served, "-o", "gone/x.json")
    assert (run.code, run.err) == (2, "mongolint: gone/x.json: cannot write: there is no such directory\n")
    # The file wins over the environment, which may be set for good
    shop.write({"x.json": '{"version": 1, "server": "6.0.5", "taken": "2026-01-01", "databases": []}'})
    run = shop.run("indexes", "diff", "--indexes", "x.json", env={"MONGODB_URI": "mongodb://127.0.0.1:1"})
    assert (run.code, run.err) == (1, "3 missing\n")


def test_a_snapshot_that_is_none(shop: Any) -> None:
    shop.write({"x.json": '{"version": 1,\n "databases": {}}'})
    expected = 'mongolint: x.json:2:15: "databases" has to be an array, not an object\n'
    gone = "mongolint: gone.json: cannot read: no such file or directory\n"
    for command in (["check"], ["indexes", "diff"]):
        run = shop.run(*command, "--indexes", "x.json")
        assert (run.code, run.out, run.err) == (2, "", expected)
        run = shop.run(*command, "--indexes", "gone.json")
        assert (run.code, run.out, run.err) == (2, "", gone)
    shop.write({"mongolint.toml": "indexes = 'gone.json'\n"})
    for command in (["check"], ["queries"], ["indexes", "list"], ["indexes", "diff"]):
        run = shop.run(*command)
        assert (run.code, run.out, run.err) == (2, "", gone)


def test_names_from_the_file_are_harmless_on_a_terminal(shop: Any) -> None:
    index = {"name": "a\x1b[31m_1", "keys": [["a\n", 1]], "options": {}, "usage": None}
    held = {"name": "us\x1bers", "type": "collection", "documents": 1, "indexes": [index]}
    snapshot = {
        "version": 1,
        "server": "",
        "taken": "2026-01-01",
        "databases": [{"name": "s\r", "collections": [held]}],
    }
    shop.write({"x.json": json.dumps(snapshot)})
    run = shop.run("indexes", "diff", "--indexes", "x.json")
    assert run.code == 1
    assert len(run.lines) == 4
    assert "\x1b" not in run.out


def test_completion(place: Any) -> None:
    """The subcommands, and files for the one that may be left out."""
    for words, expected in {
        "mongolint indexes ": {"list", "pull", "diff", ""},
        "mongolint indexes pu": {"pull"},
    }.items():
        env = {"_MONGOLINT_COMPLETE": "bash_complete", "COMP_WORDS": words, "COMP_CWORD": "2"}
        told = [line.split(",") for line in place.run(env=env).lines]
        assert expected <= {word for _, word in told}
        assert told[-1][0] == "file"


def test_help(place: Any) -> None:
    run = place.run("indexes", "--help")
    assert run.code == 0
    for name in ("list", "pull", "diff"):
        page = place.run("indexes", name, "--help")
        assert page.code == 0
        assert f"  {name}  " in run.out
        assert max(map(len, page.lines)) <= 80
    assert "MONGODB_URI" in place.run("indexes", "pull", "-h").out
