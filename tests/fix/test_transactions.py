"""What the rules of transactions say happens on a real server, before and after their fixes."""

from __future__ import annotations

import textwrap
import threading
from typing import Any

import pymongo
import pytest
from pymongo.errors import PyMongoError

from mongolint.engine.registry import examples
from mongolint.rule import Bad

Run = dict[str, Any]


def _program(code: str, uri: str, name: str) -> Run:
    """The names of an example's module, run with a client of the test's server and a database of its own."""
    code = textwrap.dedent(code).replace("MongoClient(timeoutMS=5000)", f'MongoClient("{uri}", timeoutMS=5000)')
    for shown in ("bank", "shop"):
        code = code.replace(f").{shown}", f")[{name!r}]").replace(f"client.{shown}", f"client[{name!r}]")
    names: Run = {}
    exec(code, names)
    return names


def _example(rule: str, number: int = 0) -> tuple[str, str]:
    example = examples()[rule][number]
    assert isinstance(example, Bad)
    assert isinstance(example.code, str)
    assert isinstance(example.fixed, str)
    return example.code, example.fixed


class _BrokenError(Exception):
    pass


@pytest.mark.parametrize(
    ("is_fixed", "left"), [(False, {"a": 100, "b": 30, "moves": 1}), (True, {"a": 100, "b": 20, "moves": 0})]
)
def test_rolled_back(mongod_uri: str, server_db: Any, is_fixed: bool, left: dict[str, int]) -> None:
    """MDB402: what is not given the session stays when the transaction is rolled back."""
    program = _program(_example("MDB402")[is_fixed], mongod_uri, server_db.name)
    server_db.accounts.insert_many([{"_id": "a", "balance": 100}, {"_id": "b", "balance": 20}])
    server_db.create_collection("moves")
    moves = program["moves"]

    class Failing:
        def insert_one(self, *args: Any, **kwargs: Any) -> None:
            moves.insert_one(*args, **kwargs)
            raise _BrokenError

    program["moves"] = Failing()
    with program["client"], pytest.raises(_BrokenError):
        program["move"](10, "a", "b")
    balances = {each["_id"]: each["balance"] for each in server_db.accounts.find()}
    assert {**balances, "moves": server_db.moves.count_documents({})} == left


def test_outside(mongod_uri: str, server_db: Any) -> None:
    """MDB402: an operation outside does not see what the transaction wrote, and waits for it to end."""
    server_db.users.insert_one({"_id": 1, "n": 0})
    with pymongo.MongoClient(mongod_uri) as client:
        users = client[server_db.name].users
        with client.start_session() as session, session.start_transaction():
            users.update_one({"_id": 1}, {"$set": {"n": 1}}, session=session)
            assert users.find_one({"_id": 1}) == {"_id": 1, "n": 0}
            with pymongo.timeout(0.3), pytest.raises(PyMongoError) as caught:
                users.update_one({"_id": 1}, {"$set": {"n": 2}})
            assert caught.value.timeout
            session.abort_transaction()


def test_bound(mongod_uri: str, server_db: Any) -> None:
    """MDB402 leaves ``bind`` alone: what runs in it has the session, also in a function that knows of none."""
    server_db.create_collection("users")

    def add() -> None:
        users.insert_one({"_id": 1})

    with pymongo.MongoClient(mongod_uri) as client:
        users = client[server_db.name].users
        with client.start_session() as session, session.bind():
            session.start_transaction()
            add()
            assert users.count_documents({}) == 1
            session.abort_transaction()
    assert server_db.users.count_documents({}) == 0


@pytest.mark.parametrize(("is_fixed", "sold"), [(False, 3), (True, 5)])
def test_lost(mongod_uri: str, server_db: Any, is_fixed: bool, sold: int) -> None:
    """MDB403: another change between reading and writing is lost, and no error tells."""
    program = _program(_example("MDB403")[is_fixed], mongod_uri, server_db.name)
    server_db.articles.insert_one({"_id": 1, "sold": 0})
    articles = program["shop"].articles
    first = threading.local()

    class Interrupted:
        def find_one(self, *args: Any) -> Any:
            found = articles.find_one(*args)
            if not getattr(first, "done", False):
                first.done = True
                program["sell"](1, 2)
            return found

        def update_one(self, *args: Any) -> None:
            articles.update_one(*args)

    class Shop:
        articles = Interrupted()

    with articles.database.client:
        program["shop"] = Shop()
        program["sell"](1, 3)
    assert server_db.articles.find_one() == {"_id": 1, "sold": sold, "last": "sale"}


@pytest.mark.parametrize("is_fixed", [False, True])
def test_fallback(mongod_uri: str, server_db: Any, is_fixed: bool, caplog: pytest.LogCaptureFixture) -> None:
    """MDB401: an error of something else than the server's kind turns the transaction off; the fix tells."""
    program = _program(_example("MDB401", 1)[is_fixed], mongod_uri, server_db.name)
    server_db.accounts.insert_many([{"_id": "a", "balance": 100}, {"_id": "b", "balance": 20}])
    fail = {"mode": {"times": 1}, "data": {"failCommands": ["update"], "errorCode": 13}}
    server_db.client.admin.command("configureFailPoint", "failCommand", **fail)
    with program["client"]:
        program["move"](10, "a", "b")
    assert {each["_id"]: each["balance"] for each in server_db.accounts.find()} == {"a": 90, "b": 30}
    assert ("OperationFailure" in caplog.text) is is_fixed
