"""What the fixes of MDB203, MDB208, MDB209 and MDB210 write, and what a server makes of it."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from pymongo.database import Database
from pymongo.errors import OperationFailure

from mongolint.engine.load import Loaded, load
from mongolint.engine.mend import mend
from mongolint.engine.registry import all_rules
from mongolint.engine.run import Result, check
from mongolint.finding import Fix
from mongolint.testing import project

HEAD = """\
from pymongo import ASCENDING, DESCENDING, IndexModel, MongoClient

db = MongoClient(timeoutMS=5000).app
"""


def apply(code: str, rule: str, root: Path) -> tuple[str, list[Fix]]:
    """The code after all fixes of a rule, and those that are left to a person."""
    loaded = project({"app.py": code}, root)
    mended = mend(loaded, partial(_check, rule), partial(_load, root), unsafe=True)
    assert not mended.failures
    assert not mended.result.crashes
    written = mended.changed.get((root / "app.py").as_posix(), code.encode()).decode()
    return written, [finding.fix for finding in mended.result.findings if isinstance(finding.fix, Fix)]


def _check(rule: str, loaded: Loaded) -> Result:
    return check(loaded, {rule}, loaded.project.config, fixes=True)


def _load(root: Path, overlay: Mapping[str, bytes], previous: Loaded) -> Loaded:
    tokens = [token for rule in all_rules() for token in rule.tokens]
    return load([root], previous.project.config, root, overlay=overlay, tokens=tokens, jobs=1, previous=previous)


def fixed(body: str, rule: str, root: Path) -> str:
    written, left = apply(HEAD + textwrap.dedent(body), rule, root)
    assert not left
    return written.removeprefix(HEAD)


def refused(body: str, rule: str, root: Path) -> str:
    """Why a person has to do it; nothing is changed."""
    code = HEAD + textwrap.dedent(body)
    written, left = apply(code, rule, root)
    assert written == code
    assert len(left) == 1
    return left[0].reason


# MDB203

LONGER = 'db.users.create_index([("a", 1), ("b", 1)])\n'
REMOVED = {
    "first": ('db.users.create_index("a")\n' + LONGER, LONGER),
    "last": (LONGER + 'db.users.create_index("a")\n', LONGER),
    "between blank lines": (LONGER + '\ndb.users.create_index("a")\n\nprint()\n', LONGER + "\nprint()\n"),
    "with its comment": (LONGER + 'db.users.create_index("a")  # by a\nprint()\n', LONGER + "print()\n"),
    "several lines": ('db.users.create_index(\n    [("a", ASCENDING)],\n    name="x",\n)\n' + LONGER, LONGER),
    "in a function": (
        """\


        async def ensure(users):
            \"\"\"Indexes.\"\"\"
            await db.users.create_index("a")

            await db.users.create_index([("a", 1), ("b", 1)])
        """,
        """\


        async def ensure(users):
            \"\"\"Indexes.\"\"\"

            await db.users.create_index([("a", 1), ("b", 1)])
        """,
    ),
    "first in a function": (
        """\


        def ensure():
            db.users.create_index("a")

            db.users.create_index([("a", 1), ("b", 1)])
        """,
        """\


        def ensure():
            db.users.create_index([("a", 1), ("b", 1)])
        """,
    ),
    "a comment for several": (
        '# Users\ndb.users.create_index("a")\n' + LONGER,
        "# Users\n" + LONGER,
    ),
    "element": (
        'db.users.create_indexes([IndexModel("a"), IndexModel([("a", 1), ("b", 1)])])\n',
        'db.users.create_indexes([IndexModel([("a", 1), ("b", 1)])])\n',
    ),
    "last element": (
        'db.users.create_indexes([IndexModel([("a", 1), ("b", 1)]), IndexModel("a")])\n',
        'db.users.create_indexes([IndexModel([("a", 1), ("b", 1)])])\n',
    ),
    "element on a line": (
        """\
        db.users.create_indexes([
            IndexModel([("a", 1), ("b", 1)]),
            IndexModel("a")
        ])
        """,
        """\
        db.users.create_indexes([
            IndexModel([("a", 1), ("b", 1)]),
        ])
        """,
    ),
    "entry of a table": (
        """\
        INDEXES = {
            "users": [
                {"keys": [("a", DESCENDING)], "name": "by_a"},
                {"keys": [("a", DESCENDING), ("b", 1)]},
            ],
        }
        for name, indexes in INDEXES.items():
            for index in indexes:
                keys = index.pop("keys")
                db[name].create_index(keys, **index)
        """,
        """\
        INDEXES = {
            "users": [
                {"keys": [("a", DESCENDING), ("b", 1)]},
            ],
        }
        for name, indexes in INDEXES.items():
            for index in indexes:
                keys = index.pop("keys")
                db[name].create_index(keys, **index)
        """,
    ),
}
KEPT = {
    "name used": ('name = db.users.create_index("a")\n' + LONGER, "its name is used afterwards"),
    "alone in its block": (
        'if True:\n    with open("x"):\n        db.users.create_index("a")\n    ' + LONGER,
        "nothing else stands in its block",
    ),
    "comment of its own": (
        LONGER + '\n# Looked up by a at login\ndb.users.create_index("a")\n\nprint()\n',
        "the comment above it says more than it would without it",
    ),
    "comment within": (
        'db.users.create_index(\n    # at login\n    "a",\n)\n' + LONGER,
        "a comment in it would be lost",
    ),
    "comment beside an element": (
        'db.users.create_indexes([\n    IndexModel("a"),  # at login\n    IndexModel([("a", 1), ("b", 1)]),\n])\n',
        "a comment beside it would be lost",
    ),
    "only one of a loop": (
        'for name in ("a", "c"):\n    db.users.create_index(name)\n' + LONGER,
        "the keys of the declared indexes are not spelled out in the call",
    ),
    "helper": (
        "def ensure(keys):\n    print(keys)\n    db.users.create_index(keys)\n\n\n"
        'ensure("a")\nensure([("a", 1), ("b", 1)])\n',
        "what else the function does that declares it is not clear",
    ),
    "part of another": ('print(db.users.create_index("a"))\n' + LONGER, "it is part of another statement"),
}


@pytest.mark.parametrize(("before", "after"), REMOVED.values(), ids=REMOVED)
def test_declaration_removed(before: str, after: str, tmp_path: Path) -> None:
    assert fixed(before, "MDB203", tmp_path) == textwrap.dedent(after)


@pytest.mark.parametrize(("body", "reason"), KEPT.values(), ids=KEPT)
def test_declaration_left(body: str, reason: str, tmp_path: Path) -> None:
    assert refused(body, "MDB203", tmp_path) == reason


# MDB209

CREATE = "db.users.create_index"
OPTIONS = {
    "only": (f'{CREATE}("a", background=True)\n', f'{CREATE}("a")\n'),
    "first of two": (f'{CREATE}("a", background=True, unique=True)\n', f'{CREATE}("a", unique=True)\n'),
    "two": (f'{CREATE}("a", background=True, dropDups=1)\n', f'{CREATE}("a")\n'),
    "name": (f'{CREATE}("a", unique=True, background=QUICK)\n', f'{CREATE}("a", unique=True)\n'),
    "line": (f'{CREATE}(\n    "a",\n    background=True,\n)\n', f'{CREATE}(\n    "a",\n)\n'),
    "last line": (f'{CREATE}(\n    "a",\n    background=True)\n', f'{CREATE}(\n    "a")\n'),
    "line with others": (
        f'{CREATE}(\n    "a", background=True,\n    unique=True\n)\n',
        f'{CREATE}(\n    "a", unique=True\n)\n',
    ),
    "under the bracket": (
        f'{CREATE}([("a", 1)],\n                      background=True)\n',
        f'{CREATE}([("a", 1)])\n',
    ),
    "options of several": (
        f'OPTIONS = {{"background": True, "sparse": True}}\n{CREATE}("a", **OPTIONS)\n{CREATE}("b", **OPTIONS)\n',
        f'OPTIONS = {{"sparse": True}}\n{CREATE}("a", **OPTIONS)\n{CREATE}("b", **OPTIONS)\n',
    ),
    "the only entry": (f'{CREATE}("a", **{{"background": True}})\n', f'{CREATE}("a", **{{}})\n'),
    "in a helper": (
        f"def ensure(keys, **options):\n    {CREATE}(keys, background=True, **options)\n\n\n"
        'ensure("a", background=False)\n',
        f'def ensure(keys, **options):\n    {CREATE}(keys, **options)\n\n\nensure("a")\n',
    ),
    "cache": (
        'db.users.ensure_index("a", cache_for=60, drop_dups=True)\n',
        'db.users.ensure_index("a")\n',
    ),
}
OPTIONS_LEFT = {
    "made by a call": (f'{CREATE}("a", background=input())\n', "its value is made by a call, which may do more"),
    "comment beside it": (
        f'{CREATE}(\n    "a",\n    background=True,  # at night\n)\n',
        "a comment beside it would be lost",
    ),
    "read by name": (
        f'SPEC = {{"background": True}}\nprint(SPEC["background"])\n{CREATE}("a", **SPEC)\n',
        "other code reads the option from the dict",
    ),
    "given to others": (
        f'SPEC = {{"background": True}}\n{CREATE}("a", **SPEC)\nprint(**SPEC)\n',
        "the dict is given to other calls as well",
    ),
    "ttl": (f'{CREATE}("a", ttl=60)\n', "it may be meant as expireAfterSeconds"),
    "geoHaystack": (f'{CREATE}([("a", "geoHaystack")], bucketSize=1)\n', "the queries have to change with it"),
}


@pytest.mark.parametrize(("before", "after"), OPTIONS.values(), ids=OPTIONS)
def test_option_removed(before: str, after: str, tmp_path: Path) -> None:
    assert fixed(before, "MDB209", tmp_path) == after


@pytest.mark.parametrize(("body", "reason"), OPTIONS_LEFT.values(), ids=OPTIONS_LEFT)
def test_option_left(body: str, reason: str, tmp_path: Path) -> None:
    assert refused(body, "MDB209", tmp_path) == reason


@pytest.mark.parametrize("option", ["background=True", "dropDups=True"])
def test_server_ignores_option(option: str, tmp_path: Path, server_db: Database[dict[str, Any]]) -> None:
    before = f'{CREATE}("a", unique=True, {option})\n'
    after = fixed(before, "MDB209", tmp_path)
    assert _made(before, server_db) == _made(after, server_db)


@pytest.mark.parametrize("option", ["drop_dups=True", "bucketSize=1", "bucket_size=1", "cache_for=5"])
def test_server_refuses_option(option: str, tmp_path: Path, server_db: Database[dict[str, Any]]) -> None:
    before = f'{CREATE}("a", {option})\n'
    with pytest.raises(OperationFailure, match="is not valid for an index specification"):
        _made(before, server_db)
    assert "a_1" in _made(fixed(before, "MDB209", tmp_path), server_db)


def _made(body: str, server_db: Database[dict[str, Any]]) -> dict[str, Any]:
    """The indexes that a program makes."""
    server_db.users.drop()
    exec(body, {"db": server_db})
    return {name: {k: v for k, v in index.items() if k != "background"} for name, index in _information(server_db)}


def _information(server_db: Database[dict[str, Any]]) -> list[tuple[str, dict[str, Any]]]:
    return [(name, dict(index)) for name, index in server_db.users.index_information().items()]


# MDB210

NAMED = 'db.users.create_index([("a", 1), ("b", -1)], name="by_a")\n'
HINTED = {
    "single quotes": ("db.users.find({}, hint='by_b')\n", "db.users.find({}, hint='by_a')\n"),
    "step": ('db.users.find({}).hint("by_b").limit(1)\n', 'db.users.find({}).hint("by_a").limit(1)\n'),
    "keys": (
        "db.users.find({}).hint([('b', -1), ('a', 1)])\n",
        "db.users.find({}).hint([('a', 1), ('b', -1)])\n",
    ),
    "dict": (
        'db.users.aggregate([], hint={"a": 1, "b": 1})\n',
        'db.users.aggregate([], hint={"a": 1, "b": -1})\n',
    ),
    "constants": (
        'db.users.find({}, hint=[("a", ASCENDING), ("b", ASCENDING)])\n',
        'db.users.find({}, hint=[("a", ASCENDING), ("b", DESCENDING)])\n',
    ),
    "constants of the package": (
        'import pymongo\ndb.users.find({}, hint=[("a", pymongo.ASCENDING)])\n',
        'import pymongo\ndb.users.find({}, hint=[("a", pymongo.ASCENDING), ("b", pymongo.DESCENDING)])\n',
    ),
}
HINT_LEFT = {
    "variable": ('HINT = "by_b"\ndb.users.find({}, hint=HINT)\n', "the hint is not spelled out in the call"),
    "nothing like it": ('db.users.find({}, hint="z")\n', "no declared index has these fields or a name like it"),
}


@pytest.mark.parametrize(("before", "after"), HINTED.values(), ids=HINTED)
def test_hint_renamed(before: str, after: str, tmp_path: Path) -> None:
    assert fixed(NAMED + before, "MDB210", tmp_path) == NAMED + after


@pytest.mark.parametrize(("body", "reason"), HINT_LEFT.values(), ids=HINT_LEFT)
def test_hint_left(body: str, reason: str, tmp_path: Path) -> None:
    assert refused(NAMED + body, "MDB210", tmp_path) == reason


# MDB208

SEARCH = """\


def search(words):
    if words.startswith("~"):
        return list(db.articles.find({"$or": [{"title": {"$regex": words}}, {"text": {"$regex": words}}]}))
    return list(db.articles.find({"$text": {"$search": words}}))
"""
TEXT_INDEXES = {
    "beside its own": (
        'db.articles.create_index("author")\n',
        'db.articles.create_index([("title", "text"), ("text", "text")])\n',
    ),
    "beside others": (
        "db['users'].create_index([('email', 1)], unique=True)\n",
        "db['articles'].create_index([('title', 'text'), ('text', 'text')])\n",
    ),
    "with constants": (
        'db.articles.create_index([("author", ASCENDING)])\n',
        'db.articles.create_index([("title", TEXT), ("text", TEXT)])\n',
    ),
    "with names": (
        'db.articles.create_index([("author", 1)], name="idx_author")\n',
        'db.articles.create_index([("title", "text"), ("text", "text")], name="idx_title_text")\n',
    ),
    "in a list": (
        'db.articles.create_indexes(\n    [\n        IndexModel("author"),\n    ]\n)\n',
        '        IndexModel([("title", "text"), ("text", "text")]),\n',
    ),
}


@pytest.mark.parametrize(("declared", "added"), TEXT_INDEXES.values(), ids=TEXT_INDEXES)
def test_text_index_declared(declared: str, added: str, tmp_path: Path, server_db: Database[dict[str, Any]]) -> None:
    """The search that the server refused finds what it should."""
    code = HEAD + declared + SEARCH
    written, left = apply(code, "MDB208", tmp_path)
    assert not left
    assert added in written
    server_db.articles.insert_many([{"title": "On words"}, {"text": "few words"}, {"author": "words"}])
    with pytest.raises(OperationFailure, match="text index required"):
        _run(code, server_db)("words")
    assert len(_run(written, server_db)("words")) == 2


def _run(code: str, server_db: Database[dict[str, Any]]) -> Any:
    names: dict[str, Any] = {}
    exec(code.replace("MongoClient(timeoutMS=5000).app", "given"), {**names, "given": server_db}, names)
    names["search"].__globals__.update(names)
    return names["search"]


TEXT_LEFT = {
    "no fields named": (
        'db.articles.create_index("author")\n\n\ndef search(words):\n'
        '    return list(db.articles.find({"$text": {"$search": words}}))\n',
        "the code does not say which fields it searches",
    ),
    "fields of another function": (
        'db.articles.create_index("author")\n\n\ndef find(words):\n'
        '    return list(db.articles.find({"title": {"$regex": words}}))\n\n\ndef search(words):\n'
        '    return list(db.articles.find({"$text": {"$search": words}}))\n',
        "the code does not say which fields it searches",
    ),
}


@pytest.mark.parametrize(("body", "reason"), TEXT_LEFT.values(), ids=TEXT_LEFT)
def test_text_index_left(body: str, reason: str, tmp_path: Path) -> None:
    assert refused(body, "MDB208", tmp_path) == reason
