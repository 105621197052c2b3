"""Indexes that scripts declare: the ways to write one, what cannot be read, which files count, what a server makes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from pymongo.database import Database

from mongolint.engine.listing import indexes
from mongolint.facts.mongosh import ScriptIndex, read_script
from mongolint.project.indexes import IndexDeclaration
from mongolint.source.deepstack import with_deep_stack
from mongolint.testing import project

Told = tuple[str | None, str | None, dict[str, Any] | None, dict[str, Any]]
APP = """\
from pymongo import MongoClient

db = MongoClient().shop


def by_email(email):
    return db.users.find_one({"email": email})
"""


def told(script: str) -> list[Told]:
    return [_told(index) for index in read_script(script)]


def _told(index: ScriptIndex) -> Told:
    return index.database, index.collection, None if index.keys is None else dict(index.keys), index.options


ONE: Told = (None, "users", {"a": 1, "b.c": -1}, {"unique": True})
WAYS = {
    "attribute": 'db.users.createIndex({a: 1, "b.c": -1}, {unique: true});',
    "subscription": "db['users'].createIndex({a: 1, 'b.c': -1,}, {unique: true,})",
    "getCollection": "db.getCollection(`users`).createIndex({a: 1, [`b.c`]: -1}, {unique: 1})",
    "Node": 'await (await open()).collection("users").createIndex({a: 1, "b.c": -1}, {unique: true})',
    "Node, several": 'await db.collection("users").createIndexes([{key: {a: 1, "b.c": -1}, unique: true}])',
    "Node, of the database": 'db.createIndex("users", [["a", 1], ["b.c", -1]], {unique: true})',
    "several": 'db.users.createIndexes([{a: 1, "b.c": -1}], {unique: true})',
    "the old shell": 'db.users.ensureIndex({a: 1.0, "b.c": NumberInt(-1)}, true)',
    "a command": 'db.runCommand({createIndexes: "users", indexes: [{key: {a: 1, "b.c": -1}, unique: true}]})',
    "a variable": 'const users = db.getCollection("users"); users.createIndex({a: 1, "b.c": -1}, {unique: true})',
    "parts in variables": """
        const name = "us" + "ers", KEYS = {a: 1, "b.c": -1}
        const options = {unique: true}
        db[name].createIndex(KEYS, options)
        """,
    "optional chaining": 'db?.users?.createIndex({a: 1, "b.c": -1}, {unique: true})?.then(print)',
    "a loop": """
        for (const {collection, keys, ...options} of [{collection: "users", keys: {a: 1, "b.c": -1}, unique: true}]) {
            db[collection].createIndex(keys, options)
        }
        """,
    "a counting loop": """
        var names = ["users"];
        for (var i = 0; i < names.length; i++) { db[names[i]].createIndex({a: 1, "b.c": -1}, {unique: true}); }
        """,
    "forEach": '["users"].forEach(name => db.getCollection(name).createIndex({a: 1, "b.c": -1}, {unique: true}))',
    "entries": """
        Object.entries({users: [{a: 1, "b.c": -1}]}).forEach(function ([name, all]) {
            all.forEach((keys) => { db[name].createIndex(keys, Object.assign({}, {unique: true})) })
        })
        """,
    "a function": """
        function ensure(name, keys, {unique = true} = {}) { return db[name].createIndex(keys, {unique}); }
        ensure("users", {a: 1, "b.c": -1})
        """,
    "a function of functions": """
        const one = (coll, spec) => coll.createIndex(spec.keys, spec.options || {});
        function all(spec) {
            if (spec.indexes) spec.indexes.forEach(each => one(db.getCollection(spec.name), each));
        }
        const specs = [{name: "logs"}, {name: "users", indexes: [{keys: {a: 1, "b.c": -1}, options: {unique: true}}]}]
        specs.forEach((spec) => all(spec));
        """,
    "a field": """
        class Users {
            constructor(db) { this.users = db.collection("users") }
            async open() { await this.users.createIndex({a: 1, "b.c": -1}, {unique: true}) }
        }
        """,
    "a migration": """
        module.exports = {
            async up(db) { await db.collection("users").createIndex({a: 1, "b.c": -1}, {unique: true}) },
            async down(db) { await db.collection("users").createIndex({old: 1}) },
        }
        """,
    "a choice": 'const c = db ? db.collection("users") : open(); c.createIndex({a: 1, "b.c": -1}, {unique: true})',
}


@pytest.mark.parametrize("way", WAYS)
def test_ways(way: str) -> None:
    assert told(WAYS[way]) == [ONE]


@pytest.mark.parametrize(
    ("before", "name"),
    [
        ('db = db.getSiblingDB("shop")', "shop"),
        ('db = connect("localhost:27017/shop")', "shop"),
        ('conn = new Mongo(); db = conn.getDB("shop")', "shop"),
        ('use("shop")', "shop"),
        ("use shop", "shop"),
        ('const name = process.env.NAME || "shop"; use("old"); db = db.getSiblingDB(name)', "shop"),
        ("db = db.getSiblingDB(process.env.NAME)", None),
    ],
)
def test_databases(before: str, name: str | None) -> None:
    assert told(f"{before}\ndb.users.createIndex({{a: 1}})") == [(name, "users", {"a": 1}, {})]


@pytest.mark.parametrize(
    "script",
    [
        "db.users.createIndex({[field]: 1})",
        "db.users.createIndex(keys())",
        "db.users.createIndex({a: direction})",
        "db.users.createIndex({a: 0})",
        "db.users.createIndex({a: true})",
        'db.users.createIndex({a: "up"})',
        "db.users.createIndex({...base, a: 1})",
        "const keys = {a: 1}; keys.b = 1; db.users.createIndex(keys)",
        "let keys = {a: 1}; if (big) { keys = {b: 1}; } db.users.createIndex(keys)",
        "function f(keys) { db.users.createIndex(keys) }",
        "db.users.createIndexes(specs)",
    ],
)
def test_keys_that_cannot_be_read(script: str) -> None:
    assert [(collection, keys) for _, collection, keys, _ in told(script)] == [("users", None)]


@pytest.mark.parametrize(
    "script",
    [
        "// db.users.createIndex({a: 1})",
        "/* db.users.createIndex({a: 1}) */",
        'print("db.users.createIndex({a: 1})")',
        'const store = db.createObjectStore("users"); store.createIndex("by_email", "email", {unique: true})',
        'event.target.result.createIndex("email", "email")',
        'usersDb.ensureIndex({fieldName: "email", unique: true})',
        "User.createIndexes()",
        'createIndex("users", {a: 1})',
        "db.users.dropIndex({a: 1})",
    ],
)
def test_what_is_no_declaration(script: str) -> None:
    assert told(script) == []


def test_an_unknown_collection_keeps_its_keys() -> None:
    assert told("collection.createIndex({a: 1})") == [(None, None, {"a": 1}, {})]
    assert told("db[name].createIndex({a: 1})") == [(None, None, {"a": 1}, {})]


def test_options() -> None:
    script = """
        db.users.createIndex({a: 1}, {
            name: "by_a", expireAfterSeconds: 60 * 60, sparse: 0, background: true, commitQuorum: 1,
            partialFilterExpression: {a: {$gt: since}}, collation: {locale: "en", strength: 2},
        })
        db.logs.createIndex({a: 1}, options)
    """
    first, second = read_script(script)
    assert first.options == {
        "name": "by_a",
        "expireAfterSeconds": 3600,
        "sparse": False,
        "background": True,
        "partialFilterExpression": None,
        "collation": {"locale": "en", "strength": 2},
    }
    assert (first.open, second.open) == (False, True)


def test_places() -> None:
    script = 'db.a.createIndex(\n  {x: 1}\n)\n  db.b.createIndexes([{y: 1},\r\n {"é": 1}])'
    assert [(i.start, i.end) for i in read_script(script)] == [
        ((1, 1), (3, 2)),
        ((4, 23), (4, 29)),
        ((5, 2), (5, 10)),
    ]


def _declared(files: dict[str, str], root: Path) -> list[IndexDeclaration]:
    loaded = project(files, root)
    return with_deep_stack(lambda: loaded.project.indexes)


def _verdict(files: dict[str, str], root: Path) -> str:
    loaded = project(files, root)
    (query,) = [o for o in loaded.project.operations if o.name == "find_one"]
    return with_deep_stack(lambda: loaded.project.verdict(query).verdict)


@pytest.mark.parametrize(
    ("script", "verdict"),
    [
        ("db.users.createIndex({email: 1})", "served"),
        ("db.users.createIndex({name: 1})", "unserved"),
        ("db.users.createIndex(keys)", "unknown"),
        ("anything.createIndex({email: 1})", "unknown"),
        ("db.logs.createIndex({email: 1})", "unserved"),
    ],
)
def test_verdicts(script: str, verdict: str, tmp_path: Path) -> None:
    assert _verdict({"app.py": APP, "mongo/init.js": script}, tmp_path) == verdict


SCRIPT = "db.users.createIndex({email: 1})\n"


def test_which_files_are_read(tmp_path: Path) -> None:
    files = {
        "app.py": APP,
        ".gitignore": "ignored.js\n",
        "init.js": SCRIPT,
        "play.mongodb.js": SCRIPT,
        "play.mongodb": SCRIPT,
        "ignored.js": SCRIPT,
        "lib.min.js": SCRIPT,
        "app.test.js": SCRIPT,
        "tests/seed.js": SCRIPT,
        "node_modules/driver/index.js": SCRIPT,
        "bundle.js": "x=1;" * 500 + SCRIPT,
        "large.js": SCRIPT + "// filler\n" * 60_000,
        "other.js": "db.users.find()\n",
    }
    (tmp_path / ".git").mkdir()
    found = [index.span.file for index in _declared(files, tmp_path) if index.span]
    assert found == ["init.js", "play.mongodb", "play.mongodb.js"]


def test_without_the_driver_no_script_is_read(tmp_path: Path) -> None:
    assert _declared({"app.py": "import os\n", "init.js": SCRIPT}, tmp_path) == []


def test_a_script_that_is_no_text(tmp_path: Path) -> None:
    (tmp_path / "latin.js").write_bytes(b"// caf\xe9\ndb.users.createIndex({email: 1}) // \xff")
    assert [i.keys for i in _declared({"app.py": APP}, tmp_path)] == [(("email", 1),)]


def test_listing(tmp_path: Path) -> None:
    loaded = project({"app.py": APP, "init.js": "\n" + SCRIPT}, tmp_path)
    assert with_deep_stack(lambda: indexes(loaded)) == [
        {
            "file": "init.js",
            "line": 2,
            "column": 1,
            "collection": "users",
            "keys": [["email", 1]],
            "options": {},
            "source": "mongosh",
        }
    ]


SPECS: list[tuple[list[tuple[str, Any]], dict[str, Any]]] = [
    ([("a", 1)], {}),
    ([("a", 1), ("b.c", -1)], {"unique": True, "name": "own name"}),
    ([("seen", 1)], {"expireAfterSeconds": 0}),
    ([("d", 1)], {"sparse": True, "hidden": True}),
    ([("e", 1), ("f", 1)], {"partialFilterExpression": {"e": {"$gt": 1.5}, "f": {"$exists": True}}}),
    ([("g", "text"), ("h", "text")], {"weights": {"g": 2, "h": 1}, "default_language": "german"}),
    ([("i", "2dsphere")], {}),
    ([("j", "hashed")], {}),
    ([("$**", 1)], {"wildcardProjection": {"k": 1}}),
    ([("l", 1)], {"collation": {"locale": "de", "strength": 2}}),
]


def test_a_server_makes_what_is_read(server_db: Database[dict[str, Any]]) -> None:
    """The keys and options read from a script make the indexes that the same keys and options make unread."""
    calls = [
        f"db.getCollection('read').createIndex({json.dumps(dict(keys))}, {json.dumps(options)}) // {number}"
        for number, (keys, options) in enumerate(SPECS)
    ]
    for keys, options in SPECS:
        server_db.given.create_index(keys, **options)
    for index in read_script("\n".join(calls)):
        assert index.collection is not None
        assert index.keys is not None
        server_db[index.collection].create_index(list(index.keys), **index.options)
    made = [json.dumps(dict(index), default=dict) for index in server_db.read.list_indexes()]
    assert made == [json.dumps(dict(index), default=dict) for index in server_db.given.list_indexes()]
    assert len(made) == len(SPECS) + 1
