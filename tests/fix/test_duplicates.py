"""Unique and TTL indexes that fixes declare, the clause that goes with them, and what a server makes of both."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
from pymongo import monitoring
from pymongo.database import Database
from pymongo.errors import DuplicateKeyError

from mongolint.engine.load import Loaded, load
from mongolint.engine.mend import mend
from mongolint.engine.registry import all_rules
from mongolint.engine.run import Result, check
from mongolint.source.deepstack import with_deep_stack
from mongolint.testing import project

CODES = {"MDB202", "MDB204", "MDB206", "MDB207"}
HEAD = """\
from datetime import datetime, timedelta, timezone

from pymongo import MongoClient

db = MongoClient(timeoutMS=5000).app
db.other.create_index("a")


class Taken(Exception):
    pass


"""


def _check(loaded: Loaded, codes: set[str]) -> Result:
    return check(loaded, codes, loaded.project.config, fixes=True)


def _load(root: Path, overlay: Mapping[str, bytes], previous: Loaded) -> Loaded:
    tokens = [token for rule in all_rules() for token in rule.tokens]
    return load([root], previous.project.config, root, overlay=overlay, tokens=tokens, jobs=1, previous=previous)


def fixed(tmp_path: Path, code: str, codes: set[str] = CODES) -> str:
    """The program with all fixes of these rules."""
    text = HEAD + dedent(code)
    mended = mend(project(text, tmp_path), lambda state: _check(state, codes), partial(_load, tmp_path), unsafe=True)
    assert not mended.failures
    assert not mended.result.crashes
    return mended.changed.get((tmp_path / "example.py").as_posix(), text.encode()).decode()


# What the insert becomes, where it does not stay as it is

CAUGHT = {
    "raise": (
        """
        def add(a):
            if db.t.find_one({"a": a}):
                raise Taken(a)
            db.t.insert_one({"a": a})
        """,
        """
            try:
                db.t.insert_one({"a": a})
            except DuplicateKeyError:
                raise Taken(a) from None
        """,
    ),
    "raise with a cause": (
        """
        def add(a, why):
            if db.t.find_one({"a": a}):
                raise Taken(a) from why
            db.t.insert_one({"a": a})
        """,
        """
            except DuplicateKeyError:
                raise Taken(a) from why
        """,
    ),
    "several lines": (
        """
        def add(a):
            if db.t.find_one({"a": a}):
                print("taken")
                raise Taken(
                    a,
                    "taken",
                )
            return db.t.insert_one(
                {
                    "a": a,  # the key
                }
            ).inserted_id
        """,
        """
            try:
                return db.t.insert_one(
                    {
                        "a": a,  # the key
                    }
                ).inserted_id
            except DuplicateKeyError:
                print("taken")
                raise Taken(
                    a,
                    "taken",
                ) from None
        """,
    ),
    "what was found is returned": (
        """
        def add(a):
            found = db.t.find_one({"a": a})
            if found:
                return found
            made = {"a": a}
            db.t.insert_one(made)
            return made
        """,
        """
            try:
                db.t.insert_one(made)
            except DuplicateKeyError:
                found = db.t.find_one({"a": a})
                return found
            return made
        """,
    ),
    "nothing else to do": (
        """
        def add(a):
            if db.t.find_one({"a": a}) is None:
                db.t.insert_one({"a": a})
        """,
        """
                try:
                    db.t.insert_one({"a": a})
                except DuplicateKeyError:
                    pass  # another request inserted it first
        """,
    ),
    "the next one": (
        """
        def load(rows):
            for row in rows:
                if db.t.find_one({"a": row["a"]}):
                    continue
                db.t.insert_one(row)
        """,
        """
                try:
                    db.t.insert_one(row)
                except DuplicateKeyError:
                    continue
        """,
    ),
    "other errors are caught": (
        """
        def add(a):
            if db.t.find_one({"a": a}):
                raise Taken(a)
            try:
                db.t.insert_one({"a": a})
            except Exception as error:
                raise RuntimeError("cannot add") from error
        """,
        """
            try:
                db.t.insert_one({"a": a})
            except DuplicateKeyError:
                raise Taken(a) from None
            except Exception as error:
        """,
    ),
    "helpers": (
        """
        def find(a):
            return db.t.find_one({"a": a})


        def store(document):
            try:
                return db.t.insert_one(document)
            except Exception:
                print("failed")
                raise


        def add(a):
            found = find(a)
            if found is not None:
                return found["_id"]
            return store({"a": a}).inserted_id
        """,
        """
            try:
                return store({"a": a}).inserted_id
            except DuplicateKeyError:
                found = find(a)
                return found["_id"]
        """,
    ),
}


@pytest.mark.parametrize("name", CAUGHT)
def test_caught(name: str, tmp_path: Path) -> None:
    code, expected = CAUGHT[name]
    text = fixed(tmp_path, code)
    assert "\n".join(line[8:] for line in expected.strip("\n").splitlines()).rstrip() in text
    assert 'db.t.create_index("a", unique=True)\n' in text
    assert "from pymongo.errors import DuplicateKeyError\n" in text


INDEX_ONLY = {
    "updated instead": """
        def add(a, b):
            found = db.t.find_one({"a": a})
            if found:
                db.t.update_one({"_id": found["_id"]}, {"$set": {"b": b}})
            else:
                db.t.insert_one({"a": a, "b": b})
        """,
    "caught already": """
        from pymongo.errors import DuplicateKeyError


        def add(a):
            if db.t.find_one({"a": a}):
                raise Taken(a)
            try:
                db.t.insert_one({"a": a})
            except DuplicateKeyError:
                raise Taken(a) from None
        """,
    "a helper catches it": """
        def store(a):
            try:
                return db.t.insert_one({"a": a})
            except Exception:
                return None


        def add(a):
            if db.t.find_one({"a": a}):
                raise Taken(a)
            return store(a)
        """,
    "the result is needed": """
        def add(a):
            if db.t.find_one({"a": a}) is None:
                made = db.t.insert_one({"a": a})
                print(made.inserted_id)
        """,
    "another write may raise it": """
        def add(a):
            try:
                if db.t.find_one({"a": a}):
                    raise Taken(a)
                db.other.insert_one({"a": a})
                db.t.insert_one({"a": a})
            except ValueError:
                return None
        """,
    "a transaction": """
        def add(a, session):
            if db.t.find_one({"a": a}, session=session):
                raise Taken(a)
            db.t.insert_one({"a": a}, session=session)
        """,
    "the check counts": """
        def add(a, state):
            if db.t.find_one({"a": a}):
                state.taken += 1
                return None
            return db.t.insert_one({"a": a})
        """,
    "a text of several lines": '''
        def add(a):
            if db.t.find_one({"a": a}):
                raise Taken(a)
            db.t.insert_one({"a": a, "b": """
        text
        """})
        ''',
}


@pytest.mark.parametrize("name", INDEX_ONLY)
def test_only_the_index(name: str, tmp_path: Path) -> None:
    before = HEAD + dedent(INDEX_ONLY[name])
    after = fixed(tmp_path, INDEX_ONLY[name])
    assert after == before.replace("\n\n\nclass Taken", '\ndb.t.create_index("a", unique=True)\n\n\nclass Taken')


def test_two_keys_of_one_insert(tmp_path: Path) -> None:
    """Which of them the error is about, the check of neither says."""
    code = """
        def add(a, b):
            if db.t.find_one({"a": a}):
                raise Taken(a)
            if db.t.find_one({"b": b}):
                raise Taken(b)
            db.t.insert_one({"a": a, "b": b})
        """
    after = fixed(tmp_path, code)
    assert 'db.t.create_index("a", unique=True)\ndb.t.create_index("b", unique=True)\n' in after
    assert "DuplicateKeyError" not in after


@pytest.mark.parametrize(
    ("change", "is_told"),
    {
        "marked": ('{"active": False}', True),
        "with a date": ('{"deleted_at": 1}', True),
        "the key is freed": ('{"active": False, "a": None}', False),
        "something else": ('{"b": 1}', False),
    }.values(),
)
def test_documents_that_are_only_marked_as_deleted(change: str, is_told: bool, tmp_path: Path) -> None:
    """They keep the key, and the index refuses whoever comes again with it."""
    code = f'def delete(key):\n    db.t.update_one({{"_id": key}}, {{"$set": {change}}})\n'
    loaded = project(HEAD + dedent(CAUGHT["raise"][0]) + "\n\n" + code, tmp_path)
    (found,) = _check(loaded, {"MDB202"}).findings
    assert found.fix is not None
    assert found.fix.reason.endswith("; documents that are only marked as deleted keep their a") is is_told


ANOTHER_KEY = """
    def add(a, b):
        if db.t.find_one({"a": a}) is None:
            db.t.insert_one({"a": a, "b": b})
    """


def test_another_key_that_is_declared(tmp_path: Path) -> None:
    """The clause would say that it is there already where another document has the other key."""
    after = fixed(tmp_path, 'db.t.create_index("b", unique=True)\n' + dedent(ANOTHER_KEY))
    assert 'db.t.create_index("a", unique=True)\n' in after
    assert "DuplicateKeyError" not in after


def test_another_key_that_is_missing(tmp_path: Path) -> None:
    """Each pass declares what it can; a later one still knows that there are two."""
    other = """
        def join(b):
            if db.t.find_one({"b": b}):
                raise Taken(b)
            db.t.insert_one({"a": None, "b": b})
        """
    after = fixed(tmp_path, dedent(ANOTHER_KEY) + "\n" + dedent(other))
    assert after.count("unique=True") == 2
    assert "DuplicateKeyError" not in after


@pytest.mark.parametrize(
    "index", ['[("a", 1), ("b", 1)]', '"token"'], ids=["more than what was looked for", "made anew each time"]
)
def test_another_key_that_is_not_met(index: str, tmp_path: Path) -> None:
    code = f"""
        import uuid

        db.t.create_index({index}, unique=True)


        def add(a, b):
            if db.t.find_one({{"a": a}}):
                raise Taken(a)
            db.t.insert_one({{"a": a, "b": b, "token": uuid.uuid4().hex}})
        """
    assert "except DuplicateKeyError:\n        raise Taken(a) from None" in fixed(tmp_path, code)


def test_one_index_for_key_and_query(tmp_path: Path) -> None:
    """The unique index serves the look-up as well: a plain one beside it would be refused by the server."""
    code = CAUGHT["raise"][0]
    assert fixed(tmp_path, code, {*CODES, "MDB104"}) == fixed(tmp_path, code)
    assert fixed(tmp_path, code, {"MDB104"}) == HEAD + dedent(code)


def test_a_plain_index_is_in_the_way(tmp_path: Path) -> None:
    code = 'db.t.create_index("a")\n' + dedent(CAUGHT["raise"][0])
    assert fixed(tmp_path, code) == HEAD + dedent(code)


# On a server

Program = Callable[..., dict[str, Any]]


@pytest.fixture
def run(server_db: Database[dict[str, Any]], mongod_uri: str) -> Program:
    """Runs a program on a database of its own, and gives its names."""

    def start(text: str, *listeners: monitoring.CommandListener) -> dict[str, Any]:
        client = f'MongoClient("{mongod_uri}", event_listeners=LISTENERS)'
        made = text.replace("MongoClient(timeoutMS=5000).app", f'{client}["{server_db.name}"]')
        assert made != text
        names: dict[str, Any] = {"LISTENERS": listeners}
        exec(compile(made, "example.py", "exec"), names)
        return names

    return start


class _BothLook(monitoring.CommandListener):
    """Holds the first two look-ups until both have their answer."""

    def __init__(self) -> None:
        self.barrier = threading.Barrier(2, timeout=10)
        self.left = 2
        self.lock = threading.Lock()

    def started(self, event: monitoring.CommandStartedEvent) -> None:
        pass

    def succeeded(self, event: monitoring.CommandSucceededEvent) -> None:
        if event.command_name == "find":
            with self.lock:
                self.left -= 1
                waits = self.left >= 0
            if waits:
                self.barrier.wait()

    def failed(self, event: monitoring.CommandFailedEvent) -> None:
        pass


def _twice_at_once(add: Callable[[str], object]) -> list[object]:
    """What two calls at the same time return or raise."""
    outcomes: list[object] = []

    def call() -> None:
        try:
            outcomes.append(add("x"))
        except Exception as error:
            outcomes.append(error)

    threads = [threading.Thread(target=call) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return outcomes


RACE = """
def add(a):
    found = db.t.find_one({"a": a})
    if found:
        raise Taken(a)
    return db.t.insert_one({"a": a}).inserted_id
"""


def test_race(run: Program, server_db: Database[dict[str, Any]], tmp_path: Path) -> None:
    """Two requests at the same time: before both insert, after one is told what the check tells."""
    for text, stored in ((HEAD + RACE, 2), (fixed(tmp_path, RACE), 1)):
        server_db.drop_collection("t")
        names = run(text, _BothLook())
        outcomes = _twice_at_once(names["add"])
        assert server_db.t.count_documents({}) == stored
        assert [type(each) for each in outcomes].count(names["Taken"]) == 2 - stored
        names["db"].client.close()


def constraint(tmp_path: Path, code: str) -> Any:
    """The one index that the data of a program needs."""
    loaded = project(HEAD + dedent(code), tmp_path)
    (need,) = with_deep_stack(lambda: loaded.project.writes.constraints)
    return need


def _plan(collection: Any, query: dict[str, Any]) -> str:
    command = {"explain": {"find": collection.name, "filter": query}, "verbosity": "queryPlanner"}
    plan = collection.database.command(command)["queryPlanner"]["winningPlan"]
    while "inputStage" in plan:
        plan = plan["inputStage"]
    return str(plan["stage"])


# Documents that the program stores, none of which may be refused; one that it must not store twice
STORED = {
    "plain": (
        'def save(a):\n    db.t.update_one({"a": a}, {"$set": {"b": 1}}, upsert=True)\n',
        [{"a": "y"}, {"a": 1}],
        {"a": "x"},
    ),
    "null": (
        'def save(a=None):\n    db.t.update_one({"a": a}, {"$set": {"b": 1}}, upsert=True)\n',
        [{"a": None}, {"a": None}, {}, {}],
        {"a": "x"},
    ),
    "missing": (
        """
        def save(a):
            db.t.update_one({"a": a}, {"$set": {"b": 1}}, upsert=True)


        def guest():
            db.t.insert_one({"b": 1})
        """,
        [{"b": 1}, {"b": 1}],
        {"a": "x"},
    ),
    "a constant": (
        """
        def begin(a):
            if not db.t.find_one({"a": a, "state": "open"}):
                db.t.insert_one({"a": a, "state": "open"})
        """,
        [{"a": "x", "state": "done"}, {"a": "x", "state": "done"}],
        {"a": "x", "state": "open"},
    ),
    "two fields, one of them null": (
        """
        def rate(a, b=None):
            if not db.t.find_one({"a": a, "b": b}):
                db.t.insert_one({"a": a, "b": b})

        def skip(a):
            db.t.insert_one({"a": a, "b": None})
        """,
        [{"a": 1, "b": None}, {"a": 1, "b": None}, {"a": 2, "b": "x"}],
        {"a": 1, "b": "x"},
    ),
    "two fields, null looked for as any other": (
        """
        def rate(a, b=None):
            if not db.t.find_one({"a": a, "b": b}):
                db.t.insert_one({"a": a, "b": b})
        """,
        [{"a": 1, "b": None}, {"a": 2, "b": None}, {"a": 2, "b": "x"}],
        {"a": 1, "b": "x"},
    ),
}


@pytest.mark.parametrize("name", STORED)
def test_server_takes_the_index(name: str, server_db: Database[dict[str, Any]], tmp_path: Path) -> None:
    """With such documents there before; it refuses the second of a key, and serves the look-up."""
    code, documents, key = STORED[name]
    need = constraint(tmp_path, code)
    server_db.t.insert_many([dict(each) for each in [*documents, key]])
    server_db.t.create_index(list(need.keys), **need.options)
    server_db.t.delete_many({"_id": {"$exists": True}})
    server_db.t.insert_many([dict(each) for each in [*documents, key]])
    with pytest.raises(DuplicateKeyError):
        server_db.t.insert_one(dict(key))
    assert _plan(server_db.t, key) == "IXSCAN"


def test_a_plain_index_would_refuse_two_nulls(server_db: Database[dict[str, Any]]) -> None:
    server_db.t.create_index("a", unique=True)
    server_db.t.insert_one({"a": None})
    with pytest.raises(DuplicateKeyError):
        server_db.t.insert_one({})


def test_no_query_uses_an_index_that_leaves_null_out_by_its_type(server_db: Database[dict[str, Any]]) -> None:
    """Why strings are told by ``{"$gt": ""}``, and why other types are left to a person."""
    server_db.t.create_index("a", unique=True, partialFilterExpression={"a": {"$type": "string"}})
    assert _plan(server_db.t, {"a": "x"}) == "COLLSCAN"


def test_server_takes_the_ttl_index(run: Program, server_db: Database[dict[str, Any]], tmp_path: Path) -> None:
    code = """
        def begin(a):
            db.t.insert_one({"a": a, "expires_at": datetime.now(timezone.utc) + timedelta(hours=1)})
        """
    names = run(fixed(tmp_path, code))
    names["begin"]("x")
    assert server_db.t.index_information()["expires_at_1"]["expireAfterSeconds"] == 0
    names["db"].client.close()
