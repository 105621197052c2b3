"""Which index code hints at, and which hints the server refuses."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pymongo.database import Database
from pymongo.errors import OperationFailure

from mongolint.project.hints import hint_of
from mongolint.testing import project

HEAD = """\
from pymongo import ASCENDING, MongoClient

import settings

db = MongoClient().app
BY_USER = "by_user"


"""
HINTS: dict[str, tuple[str, Any]] = {
    "keyword": ('db.orders.find_one({"a": 1}, hint="x")', "x"),
    "keys": ('db.orders.update_one({"a": 1}, {}, hint=[("a", 1), ("b", -1)])', (("a", 1), ("b", -1))),
    "constants": ('db.orders.find({"a": 1}, hint=[("a", ASCENDING)])', (("a", 1),)),
    "dict": ('db.orders.aggregate([], hint={"a": 1})', (("a", 1),)),
    "constant of the module": ("db.orders.find({}, hint=BY_USER)", "by_user"),
    "step": ('db.orders.find({"a": 1}).sort("b").hint("x").limit(3)', "x"),
    "step of a later line": ('db.orders.find({"a": 1})\nfound.hint([("a", 1)])', (("a", 1),)),
    "position": ('db.orders.delete_many({"a": 1}, None, "x")', "x"),
    "none": ('db.orders.find({"a": 1})', None),
    "None": ('db.orders.find({"a": 1}, hint=None)', None),
    "known at run time": ('db.orders.find({"a": 1}, hint=settings.HINT)', None),
    "another one on another path": ('db.orders.find({"a": 1}, hint="x" if settings.X else "y")', None),
    "a parameter named alike": ('db.orders.insert_one({"hint": "x"})', None),
}


@pytest.mark.parametrize(("call", "expected"), HINTS.values(), ids=HINTS)
def test_hint_of(call: str, expected: Any, tmp_path: Path) -> None:
    code = HEAD + f"def ask():\n    found = {call}\n".replace("\nfound", "\n    found")
    model = project(code, tmp_path).project
    assert [hint_of(model.link, model.reader, operation) for operation in model.operations] == [expected]


REFUSED: dict[str, tuple[str, str | None]] = {
    "a name much like it": ('hint="by_usr"', "by_user"),
    "the name that the server would make": ('hint="user_id_1_at_-1"', "by_user"),
    "a field": ('hint="shop"', "shop_1"),
    "another direction": ('hint=[("user_id", 1), ("at", 1)]', "by_user"),
    "another order": ('hint=[("at", -1), ("user_id", 1)]', "by_user"),
    "the first fields": ('hint=[("user_id", 1)]', "by_user"),
    "nothing like it": ('hint="color"', None),
    "other fields": ('hint=[("color", 1)]', None),
}
TAKEN = {
    "a given name": 'hint="by_user"',
    "the server's name": 'hint="shop_1"',
    "keys": 'hint=[("user_id", 1), ("at", -1)]',
    "_id by name": 'hint="_id_"',
    "_id by keys": 'hint=[("_id", 1)]',
    "order on disk": 'hint=[("$natural", -1)]',
    "the server's keys of a text index": 'hint=[("_fts", "text"), ("_ftsx", 1)]',
    "the server's name of a text index": 'hint="text_text"',
}
DECLARED = """\
db.orders.create_index([("user_id", 1), ("at", -1)], name=BY_USER)
db.orders.create_index("shop")
db.orders.create_index([("text", "text")])
"""


def _unknown(code: str, tmp_path: Path) -> list[str | None]:
    model = project(HEAD + code, tmp_path).project
    found = [unknown for operation in model.operations for unknown in model.unknown_hints(operation)]
    return [unknown.meant and unknown.meant.name for unknown in found]


def _ask(hint: str) -> str:
    return f'\n\ndef ask():\n    return list(db.orders.find({{"shop": 1}}, {hint}))\n'


@pytest.mark.parametrize(("hint", "meant"), REFUSED.values(), ids=REFUSED)
def test_refused(hint: str, meant: str | None, tmp_path: Path, server_db: Database[dict[str, Any]]) -> None:
    """The server refuses them too."""
    assert _unknown(DECLARED + _ask(hint), tmp_path) == [meant]
    with pytest.raises(OperationFailure, match="hint provided does not correspond to an existing index"):
        _run(hint, server_db)


@pytest.mark.parametrize("hint", TAKEN.values(), ids=TAKEN)
def test_taken(hint: str, tmp_path: Path, server_db: Database[dict[str, Any]]) -> None:
    """The server takes them too."""
    assert _unknown(DECLARED + _ask(hint), tmp_path) == []
    _run(hint, server_db)


def _run(hint: str, server_db: Database[dict[str, Any]]) -> None:
    program = DECLARED + f'list(db.orders.find({{"shop": 1}}, {hint}))'
    exec(program, {"db": server_db, "BY_USER": "by_user"})


SILENT = {
    "none declared on the collection": ('db.users.create_index("shop")\n' + _ask('hint="x"')),
    "keys known at run time": ("db.orders.create_index(settings.KEYS)\n" + DECLARED + _ask('hint="x"')),
    "a name known at run time": ('db.orders.create_index("x", name=settings.NAME)\n' + _ask('hint="y"')),
    "options known at run time": ('db.orders.create_index("x", **settings.OPTIONS)\n' + _ask('hint="y"')),
    "a call that is not traced": (DECLARED + "settings.orders.create_index('x')\n" + _ask('hint="x_1"')),
    "a command": (DECLARED + 'db.command({"createIndexes": "orders", "indexes": settings.ALL})\n' + _ask('hint="x"')),
    "perhaps on this collection": (DECLARED + 'db[settings.NAME].create_index("x")\n' + _ask('hint="x_1"')),
}


@pytest.mark.parametrize("code", SILENT.values(), ids=SILENT)
def test_silent_where_others_may_exist(code: str, tmp_path: Path) -> None:
    assert _unknown(code, tmp_path) == []
