"""What the fixes of results and clients do on a real server: the fixed code answers as the code as found did."""

from __future__ import annotations

import logging
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pymongo
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pymongo import monitoring
from pymongo.database import Database

from mongolint.engine.load import Loaded, load
from mongolint.engine.mend import mend
from mongolint.engine.run import Result, check
from mongolint.testing import project

HEAD = """\
from pymongo import MongoClient

db = MongoClient("URI", timeoutMS=5000).app
db.orders.create_index("owner")
db.orders.create_index("number", unique=True)


"""


class Commands(monitoring.CommandListener):
    """The names of the commands that a client sends."""

    def __init__(self) -> None:
        self.names: list[str] = []

    def started(self, event: monitoring.CommandStartedEvent) -> None:
        self.names.append(event.command_name)

    def succeeded(self, event: monitoring.CommandSucceededEvent) -> None: ...

    def failed(self, event: monitoring.CommandFailedEvent) -> None: ...


def fixed(code: str, rule: str, root: Path) -> str:
    """The code after the fixes of one rule; the rule finds nothing in it."""

    def look(loaded: Loaded) -> Result:
        return check(loaded, {rule}, loaded.project.config, fixes=True)

    def reload(changed: Any, previous: Loaded) -> Loaded:
        return load([root], previous.project.config, root, overlay=changed, jobs=1, previous=previous)

    mended = mend(project(code, root), look, reload, unsafe=True)
    assert mended.changed
    assert not mended.failures
    assert not mended.result.findings
    return next(iter(mended.changed.values())).decode()


def run(code: str, db: Database[Any], *args: Any) -> Any:
    """What ``ask`` of the code returns on the database of a test."""
    names: dict[str, Any] = {"db": db}
    lines = [line for line in code.splitlines() if not line.startswith("db = ")]
    exec(compile("\n".join(lines), "example.py", "exec"), names)
    return names["ask"](*args)


def _orders(db: Database[Any], count: int, owners: int = 3) -> None:
    db.orders.insert_many([{"owner": n % owners, "number": n, "text": "x" * 10} for n in range(count)])


COUNTS = {
    "greater": "return db.orders.count_documents({'owner': owner}) > 0",
    "none": "return db.orders.count_documents({'owner': owner}) == 0",
    "test": "return 'some' if db.orders.count_documents({'owner': owner}) else 'none'",
    "skip": "return db.orders.count_documents({'owner': owner}, skip=2) >= 1",
}


@pytest.mark.parametrize("body", COUNTS.values(), ids=COUNTS)
def test_a_limited_count_answers_the_same(body: str, tmp_path: Path, server_db: Database[Any]) -> None:
    code = f"{HEAD}def ask(owner):\n    {body}\n"
    after = fixed(code, "MDB112", tmp_path)
    assert "limit=1" in after
    _orders(server_db, 7)
    for owner in (0, 1, 2, 9):
        assert run(code, server_db, owner) == run(after, server_db, owner)


UPDATES = {
    "plain": """\
db.orders.update_one({"number": number}, {"$set": {"owner": owner}})
return db.orders.find_one({"number": number})
""",
    "projection": """\
db.orders.update_one({"number": number}, {"$inc": {"owner": owner}})
found = db.orders.find_one({"number": number}, {"owner": 1, "_id": 0})
return found
""",
    "upsert": """\
db.orders.update_one(
    {"number": number},
    {"$setOnInsert": {"owner": owner}},
    upsert=True,
)
return db.orders.find_one({"number": number}, projection={"_id": 0})
""",
}


@pytest.mark.parametrize("body", UPDATES.values(), ids=UPDATES)
def test_an_update_returns_what_was_read_after_it(body: str, tmp_path: Path, server_db: Database[Any]) -> None:
    lines = "".join(f"    {line}\n" for line in body.splitlines())
    code = f"{HEAD}def ask(number, owner):\n{lines}"
    after = fixed(code, "MDB111", tmp_path)
    for number in (2, 77):  # one that is there, one that is not
        found = []
        for text in (code, after):
            server_db.orders.delete_many({})
            server_db.orders.insert_many([{"_id": n, "number": n, "owner": 0} for n in range(4)])
            found.append(run(text, server_db, number, 5))
            found.append(server_db.orders.find_one({"number": number}, {"_id": 0}))
        assert found[:2] == found[2:]


def test_an_update_that_returns_takes_one_command(mongod_uri: str, tmp_path: Path, server_db: Database[Any]) -> None:
    commands = Commands()
    with pymongo.MongoClient[dict[str, Any]](mongod_uri, event_listeners=[commands]) as client:
        code = f"{HEAD}def ask(number, owner):\n" + "".join(f"    {x}\n" for x in UPDATES["plain"].splitlines())
        for text, names in ((code, ["update", "find"]), (fixed(code, "MDB111", tmp_path), ["findAndModify"])):
            text = text.replace('db.orders.create_index("owner")\n', "")
            text = text.replace('db.orders.create_index("number", unique=True)\n', "")
            commands.names.clear()
            run(text, client[server_db.name], 1, 2)
            assert commands.names == names


PARTS = {
    "item": "order = db.orders.find_one({'number': n})\nreturn order['owner'] if order is not None else None",
    "tested": "order = db.orders.find_one({'number': n})\nif not order:\n    return 0\nreturn order.get('owner', 9)",
    "is there": "return db.orders.find_one({'number': n}) is not None",
    "loop": "return [o.get('owner', 7) for o in db.orders.find({'number': {'$gte': n}}).sort('_id', 1)]",
    "nested": "order = db.orders.find_one({'number': n})\nreturn order['at'].get('x') if order else None",
}
DOCUMENTS = st.lists(
    st.fixed_dictionaries(
        {"at": st.fixed_dictionaries({}, optional={"x": st.integers(0, 3)})},
        optional={"owner": st.integers(0, 2), "text": st.text("ab", max_size=3)},
    ),
    max_size=4,
)


@pytest.mark.parametrize("body", PARTS.values(), ids=PARTS)
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(documents=DOCUMENTS)
def test_a_projection_shows_the_code_the_same(
    body: str, documents: list[dict[str, Any]], tmp_path_factory: pytest.TempPathFactory, server_db: Database[Any]
) -> None:
    lines = "".join(f"    {line}\n" for line in body.splitlines())
    code = f"{HEAD}def ask(n):\n{lines}"
    after = fixed(code, "MDB109", tmp_path_factory.mktemp("parts"))
    server_db.orders.delete_many({})
    if documents:
        server_db.orders.insert_many([{**document, "number": n} for n, document in enumerate(documents)])
    for number in range(len(documents) + 1):
        assert _result(code, server_db, number) == _result(after, server_db, number)


def _result(code: str, db: Database[Any], *args: Any) -> Any:
    try:
        return run(code, db, *args)
    except (KeyError, TypeError) as error:
        return type(error), str(error)


PAGES = {
    "step": "return list(db.orders.find({'owner': owner}).skip(page * 3).limit(3))",
    "keyword": "return list(db.orders.find({'owner': owner}, skip=page * 3, limit=3))",
    "stage": "return list(db.orders.aggregate([{'$match': {'owner': owner}}, {'$skip': page * 3}, {'$limit': 3}]))",
}


@pytest.mark.parametrize("body", PAGES.values(), ids=PAGES)
def test_pages_hold_each_document_once(body: str, tmp_path: Path, server_db: Database[Any]) -> None:
    after = fixed(f"{HEAD}def ask(owner, page):\n    {body}\n", "MDB108", tmp_path)
    _orders(server_db, 30)
    pages = [run(after, server_db, 1, page) for page in range(5)]
    numbers = [order["number"] for page in pages for order in page]
    assert sorted(numbers) == [n for n in range(30) if n % 3 == 1]
    assert numbers == sorted(numbers)


def test_pages_of_the_code_as_found_repeat_and_miss(server_db: Database[Any]) -> None:
    """The claim of MDB108: another plan, another order, and a document is on no page."""
    server_db.orders.insert_many([{"owner": 1, "number": -n} for n in range(6)])
    first = [order["number"] for order in server_db.orders.find({"owner": 1}).limit(3)]
    server_db.orders.create_index([("owner", 1), ("number", 1)])
    second = [order["number"] for order in server_db.orders.find({"owner": 1}).skip(3).limit(3)]
    assert set(first) & set(second)
    assert set(first) | set(second) != {-n for n in range(6)}


def test_the_logger_of_commands_tells_each(
    mongod_uri: str, tmp_path: Path, caplog: pytest.LogCaptureFixture, server_db: Database[Any]
) -> None:
    code = f'from pymongo import MongoClient\n\nclient = MongoClient("{mongod_uri}")\n'
    after = fixed(code, "MDB801", tmp_path)
    names: dict[str, Any] = {}
    with caplog.at_level(logging.INFO):
        exec(after, names)
        with names["client"] as client:
            client[server_db.name].orders.find_one()
    assert any("Command find" in message for message in caplog.messages)


@pytest.mark.parametrize("options", [{}, {"tz_aware": True}], ids=["naive", "aware"])
def test_an_aware_date_and_one_that_was_read(
    options: dict[str, Any], mongod_uri: str, server_db: Database[Any]
) -> None:
    """The claim of MDB305."""
    server_db.orders.insert_one({"at": datetime.now(timezone.utc)})
    with pymongo.MongoClient[dict[str, Any]](mongod_uri, **options) as client:
        order = client[server_db.name].orders.find_one()
        assert order is not None
        if options:
            assert order["at"] <= datetime.now(timezone.utc)
        else:
            with pytest.raises(TypeError, match="offset-naive and offset-aware"):
                assert order["at"] <= datetime.now(timezone.utc)
