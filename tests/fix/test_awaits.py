"""MDB406-411 on a server: what the code as found does, what the fix makes of it, and what that does then."""

from __future__ import annotations

import asyncio
import inspect
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
from pymongo.database import Database

from mongolint.engine.load import Loaded, load
from mongolint.engine.mend import mend
from mongolint.engine.run import Result, check
from mongolint.finding import Applicability, Fix
from mongolint.testing import project

CODES = {"MDB406", "MDB407", "MDB408", "MDB409", "MDB410", "MDB411"}
HEADS = {
    "sync": "from pymongo import MongoClient as Client\n",
    "async": "from pymongo import AsyncMongoClient as Client\n",
    "motor": "from motor.motor_asyncio import AsyncIOMotorClient as Client\n",
}
HEAD = """\
import asyncio
import json
import os

client = Client(os.environ["MONGO_URI"], timeoutMS=5000)
db = client[os.environ["MONGO_DB"]]


"""
SAFE, UNSAFE, BY_HAND = Applicability.SAFE, Applicability.UNSAFE, Applicability.DISPLAY


@dataclass(frozen=True)
class Case:
    """``code`` has ``run()``; ``before`` and ``after`` are what it returns, or the name of the error that it raises."""

    code: str
    rule: str
    flavours: str
    before: Any
    after: Any
    fix: Applicability = SAFE
    findings: int = 1


CASES: dict[str, Case] = {
    # MDB406
    "a getter": Case(
        """
        async def get_collection(name):
            return db[name]

        async def run():
            users = get_collection("users")
            await users.delete_one({"_id": 1})
            return await get_collection("users").count_documents({"_id": {"$gt": 0}})
        """,
        "MDB406",
        "async motor",
        "AttributeError",
        2,
        UNSAFE,
        2,
    ),
    "an item of a getter's database": Case(
        """
        async def get_db():
            return db

        async def run():
            return [user["_id"] async for user in get_db()["users"].find().sort("_id", 1)]
        """,
        "MDB406",
        "async motor",
        "TypeError",
        [1, 2, 3],
        UNSAFE,
    ),
    "an await before a getter's cursor": Case(
        """
        async def get_db():
            return db

        async def run():
            return [user["_id"] async for user in await get_db().users.find().sort("_id", 1)]
        """,
        "MDB406",
        "async motor",
        "AttributeError",
        [1, 2, 3],
        UNSAFE,
    ),
    # MDB407
    "a lost write": Case(
        """
        async def run():
            db.users.insert_one({"_id": 4})
            return await db.users.count_documents({})
        """,
        "MDB407",
        "async",
        3,
        4,
    ),
    "a lost write in a variable": Case(
        """
        async def run():
            result = db.users.delete_one({"_id": 1})
            return await db.users.count_documents({})
        """,
        "MDB407",
        "async",
        3,
        2,
    ),
    "a lost error": Case(
        """
        async def run():
            db.users.insert_one({"_id": 1})
            await asyncio.sleep(0.1)
            return "done"
        """,
        "MDB407",
        "motor",
        "done",
        "DuplicateKeyError",
        UNSAFE,
    ),
    "a helper that is not awaited": Case(
        """
        async def save(user):
            await db.users.insert_one(user)

        async def run():
            save({"_id": 4})
            return await db.users.count_documents({})
        """,
        "MDB407",
        "async motor",
        3,
        4,
        UNSAFE,
    ),
    "a wrapper that only returns": Case(
        """
        def save(user):
            return db.users.insert_one(user)

        async def run():
            save({"_id": 4})
            return await db.users.count_documents({})
        """,
        "MDB407",
        "async",
        3,
        4,
    ),
    "the truth of what was found": Case(
        """
        async def run():
            user = db.users.find_one({"_id": 9})
            if not user:
                return "nobody"
            return "somebody"
        """,
        "MDB407",
        "async",
        "somebody",
        "nobody",
    ),
    "a comparison with None": Case(
        'async def run():\n    return "nobody" if db.users.find_one({"_id": 9}) is None else "somebody"\n',
        "MDB407",
        "async",
        "somebody",
        "nobody",
    ),
    "a field": Case(
        'async def run():\n    user = db.users.find_one({"_id": 1})\n    return user["name"]\n',
        "MDB407",
        "async",
        "TypeError",
        "Ann",
    ),
    "a field of a future": Case(
        'async def run():\n    user = db.users.find_one({"_id": 1})\n    return user["name"]\n',
        "MDB407",
        "motor",
        "TypeError",
        "Ann",
        UNSAFE,
    ),
    "an attribute": Case(
        'async def run():\n    return db.users.insert_one({"_id": 4}).inserted_id\n',
        "MDB407",
        "async",
        "AttributeError",
        4,
    ),
    "a sum": Case(
        "async def run():\n    return 1 + db.users.count_documents({})\n",
        "MDB407",
        "async",
        "TypeError",
        4,
    ),
    "keywords": Case(
        'async def run():\n    return dict(**db.users.find_one({"_id": 3}))\n',
        "MDB407",
        "async",
        "TypeError",
        {"_id": 3},
    ),
    "a builtin": Case(
        'async def run():\n    return dict(db.users.find_one({"_id": 3}))\n', "MDB407", "async", "TypeError", {"_id": 3}
    ),
    "JSON": Case(
        'async def run():\n    return json.dumps({"user": db.users.find_one({"_id": 3})})\n',
        "MDB407",
        "async",
        "TypeError",
        '{"user": {"_id": 3}}',
    ),
    "async for": Case(
        'async def run():\n    return [d["_id"] async for d in db.users.aggregate([{"$sort": {"_id": 1}}])]\n',
        "MDB407",
        "async",
        "TypeError",
        [1, 2, 3],
    ),
    "for": Case(
        """
        async def run():
            found = []
            for user in db.users.aggregate([{"$sort": {"_id": 1}}]):
                found.append(user["_id"])
            return found
        """,
        "MDB407",
        "async",
        "TypeError",
        [1, 2, 3],
    ),
    "for over a variable": Case(
        """
        async def run():
            cursor = db.users.aggregate([{"$sort": {"_id": 1}}])
            return sum(user["_id"] for user in cursor)
        """,
        "MDB407",
        "async",
        "TypeError",
        6,
    ),
    "for over values": Case(
        'async def run():\n    return [n for n in db.users.distinct("_id")]\n',
        "MDB407",
        "async",
        "TypeError",
        [1, 2, 3],
    ),
    "to_list of aggregate": Case(
        "async def run():\n    return len(await db.users.aggregate([]).to_list())\n",
        "MDB407",
        "async",
        "AttributeError",
        3,
    ),
    "with": Case(
        """
        async def run():
            async with client.start_session() as session:
                async with session.start_transaction():
                    await db.users.insert_one({"_id": 4}, session=session)
            return await db.users.count_documents({})
        """,
        "MDB407",
        "async",
        "TypeError",
        4,
    ),
    "async for over a list": Case(
        """
        async def run():
            async for user in db.users.find().to_list():
                return user
        """,
        "MDB407",
        "async",
        "TypeError",
        "TypeError",
        BY_HAND,
    ),
    "a generator": Case(
        'async def run():\n    return [d["name"] for d in (db.users.find_one({"_id": n})["name"] for n in (1, 2))]\n',
        "MDB407",
        "async",
        "TypeError",
        "TypeError",
        BY_HAND,
    ),
    "a function that is not async": Case(
        'def run():\n    return db.users.find_one({"_id": 1})["name"]\n',
        "MDB407",
        "async",
        "TypeError",
        "TypeError",
        BY_HAND,
    ),
    "a lambda": Case(
        'async def run():\n    return (lambda n: db.users.find_one({"_id": n})["name"])(1)\n',
        "MDB407",
        "async",
        "TypeError",
        "TypeError",
        BY_HAND,
    ),
    "returned to a caller": Case(
        """
        async def load(n):
            return db.users.find_one({"_id": n})

        async def run():
            return (await load(1))["name"]
        """,
        "MDB407",
        "async",
        "TypeError",
        "Ann",
    ),
    "returned by a write": Case(
        """
        async def save(n):
            return db.users.insert_one({"_id": n})

        async def run():
            await save(4)
            return await db.users.count_documents({})
        """,
        "MDB407",
        "async",
        3,
        4,
    ),
    # MDB408
    "for over find": Case(
        """
        async def run():
            found = []
            for user in db.users.find().sort("_id", 1):
                found.append(user["_id"])
            return found
        """,
        "MDB408",
        "async",
        [],
        [1, 2, 3],
    ),
    "a list of find": Case(
        "async def run():\n    return len(list(db.users.find()))\n",
        "MDB408",
        "async",
        0,
        3,
    ),
    "a comprehension over find": Case(
        'async def run():\n    return {u["_id"] for u in db.users.find()}\n', "MDB408", "async", set(), {1, 2, 3}
    ),
    "a generator over find": Case(
        'async def run():\n    return sum(u["_id"] for u in db.users.find())\n', "MDB408", "async", 0, 6
    ),
    "a star": Case(
        "async def run():\n    return len([*db.users.find()])\n",
        "MDB408",
        "async",
        0,
        3,
    ),
    "in": Case(
        'async def run():\n    return {"_id": 3} in db.users.find()\n',
        "MDB408",
        "async",
        False,
        True,
    ),
    "unpacking": Case(
        'async def run():\n    a, b, c = db.users.find().sort("_id", -1)\n    return a["_id"]\n',
        "MDB408",
        "async",
        "ValueError",
        3,
    ),
    "enumerate": Case(
        "async def run():\n    return [n for n, _ in enumerate(db.users.find())]\n", "MDB408", "async", [], [0, 1, 2]
    ),
    "an awaited aggregate": Case(
        "async def run():\n    return len(list(await db.users.aggregate([])))\n", "MDB408", "async", "TypeError", 3
    ),
    "a cursor as an argument": Case(
        """
        async def consume(cursor):
            return [user["_id"] for user in cursor]

        async def run():
            return await consume(db.users.find().sort("_id", 1))
        """,
        "MDB408",
        "async",
        [],
        [1, 2, 3],
    ),
    "next": Case(
        "async def run():\n    return next(db.users.find())\n",
        "MDB408",
        "async motor",
        "TypeError",
        "TypeError",
        BY_HAND,
    ),
    "a list whose item is taken": Case(
        'async def run():\n    return list(db.users.find().sort("_id", 1))[0]["name"]\n',
        "MDB408",
        "async",
        "IndexError",
        "Ann",
    ),
    "for with Motor": Case(
        'async def run():\n    return [u["_id"] for u in db.users.find().sort("_id", 1)]\n',
        "MDB408",
        "motor",
        "TypeError",
        [1, 2, 3],
    ),
    "sorted with Motor": Case(
        "async def run():\n    return len(sorted(db.users.aggregate([]), key=len))\n", "MDB408", "motor", "TypeError", 3
    ),
    # MDB409
    "a cursor as documents": Case(
        "async def run():\n    return len(await db.users.find())\n", "MDB409", "async motor", "TypeError", 3, UNSAFE
    ),
    "a cursor as a cursor": Case(
        'async def run():\n    return [u["_id"] async for u in await db.users.find().sort("_id", 1)]\n',
        "MDB409",
        "async motor",
        "TypeError",
        [1, 2, 3],
    ),
    "aggregate": Case(
        "async def run():\n    return len([u async for u in await db.users.aggregate([])])\n",
        "MDB409",
        "motor",
        "TypeError",
        3,
    ),
    "start_session": Case(
        """
        async def run():
            async with await client.start_session() as session:
                return await db.users.count_documents({}, session=session)
        """,
        "MDB409",
        "async",
        "TypeError",
        3,
    ),
    "a transaction": Case(
        """
        async def run():
            async with await client.start_session() as session:
                async with await session.start_transaction():
                    return await db.users.count_documents({}, session=session)
        """,
        "MDB409",
        "motor",
        "TypeError",
        3,
    ),
    "close": Case(
        'async def run():\n    await client.close()\n    return "closed"\n', "MDB409", "motor", "TypeError", "closed"
    ),
    "a database": Case(
        "async def run():\n    return (await client.get_database(db.name)).name == db.name\n",
        "MDB409",
        "async motor",
        "TypeError",
        True,
    ),
    "an attribute and an item": Case(
        'async def run():\n    one, two = await db.users, await db["users"]\n    return one == two\n',
        "MDB409",
        "async motor",
        "TypeError",
        True,
        findings=2,
    ),
    "a helper that is not async": Case(
        """
        def users():
            return db.users

        async def run():
            return await (await users()).count_documents({})
        """,
        "MDB409",
        "async motor",
        "TypeError",
        3,
    ),
    "the synchronous driver": Case(
        'async def run():\n    return (await db.users.find_one({"_id": 1}))["name"]\n',
        "MDB409",
        "sync",
        "TypeError",
        "Ann",
    ),
    "precedence": Case(
        'async def run():\n    return await db.users.insert_one({"_id": 4}).inserted_id\n',
        "MDB409",
        "async motor",
        "AttributeError",
        4,
    ),
    "precedence and an item": Case(
        'async def run():\n    return await db.users.find_one({"_id": 1})["name"]\n',
        "MDB409",
        "async motor",
        "TypeError",
        "Ann",
    ),
    # MDB410
    "find": Case(
        "async def run():\n    return len(await db.users.find({}, maxTimeMS=500).to_list(None))\n",
        "MDB410",
        "async motor",
        "TypeError",
        3,
    ),
    "find_one": Case(
        'async def run():\n    return (await db.users.find_one({"_id": 1}, maxTimeMS=500))["name"]\n',
        "MDB410",
        "async motor",
        "TypeError",
        "Ann",
    ),
    "find_one of the synchronous driver": Case(
        'def run():\n    return db.users.find_one({"_id": 1}, maxTimeMS=500)["name"]\n',
        "MDB410",
        "sync",
        "TypeError",
        "Ann",
    ),
    "a write that takes no limit": Case(
        'def run():\n    return db.users.delete_one({"_id": 1}, maxTimeMS=500).deleted_count\n',
        "MDB410",
        "sync",
        "TypeError",
        "TypeError",
        BY_HAND,
    ),
    # MDB411
    "if and not": Case(
        "def run():\n    if not db:\n        return None\n    return 1 if db.users else 2\n",
        "MDB411",
        "sync async motor",
        "NotImplementedError",
        1,
        findings=2,
    ),
    "or": Case(
        "def run():\n    users = db.users or db.others\n    return users.name\n",
        "MDB411",
        "sync async motor",
        "NotImplementedError",
        "users",
    ),
    "and": Case(
        "def run():\n    users = db and db.users\n    return users.name\n",
        "MDB411",
        "sync async motor",
        "NotImplementedError",
        "users",
    ),
    "and as a condition": Case(
        "def run():\n    while db.users and db:\n        return 1\n",
        "MDB411",
        "sync async motor",
        "NotImplementedError",
        1,
        findings=2,
    ),
    "assert and bool": Case(
        "def run():\n    assert db\n    return not bool(db.users), [n for n in (1,) if db]\n",
        "MDB411",
        "sync async motor",
        "NotImplementedError",
        (False, [1]),
        findings=3,
    ),
    "a call": Case(
        'def run():\n    users = db.get_collection("users") or db.others\n    return users.name\n',
        "MDB411",
        "sync async motor",
        "NotImplementedError",
        "NotImplementedError",
        BY_HAND,
    ),
    "in brackets, and compared": Case(
        "def run():\n    if (db) and not (db.users):\n        return 1\n    return bool(db) == True\n",
        "MDB411",
        "sync async motor",
        "NotImplementedError",
        True,
        findings=3,
    ),
    "a walrus": Case(
        "def run():\n    if (users := db.users):\n        return users.name\n",
        "MDB411",
        "sync async motor",
        "NotImplementedError",
        "users",
    ),
}
LIMITED = {
    "aggregate": "[]",
    "count_documents": "{}",
    "create_index": '"name"',
    "create_indexes": '[IndexModel("name")]',
    "distinct": '"name"',
    "drop_index": '"age_1"',
    "drop_indexes": "",
    "estimated_document_count": "",
    "find_one_and_delete": '{"_id": 1}',
    "find_one_and_replace": '{"_id": 1}, {}',
    "find_one_and_update": '{"_id": 1}, {"$set": {"a": 1}}',
    "rename": '"others"',
}


def _cases() -> Iterator[Any]:
    for name, case in CASES.items():
        for flavour in case.flavours.split():
            yield pytest.param(case, flavour, id=f"{case.rule}-{name}-{flavour}".replace(" ", "-"))


@pytest.mark.filterwarnings("ignore:coroutine .* was never awaited")
@pytest.mark.parametrize(("case", "flavour"), list(_cases()))
def test_before_and_after(
    case: Case, flavour: str, mongod_uri: str, server_db: Database[Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = HEADS[flavour] + HEAD + dedent(case.code).lstrip()
    result, fixed = _mended(text, tmp_path)
    assert [finding.code for finding in result.findings] == [case.rule] * case.findings
    for finding in result.findings:
        assert isinstance(finding.fix, Fix)
        assert finding.fix.applicability is case.fix, finding.fix
    monkeypatch.setenv("MONGO_URI", mongod_uri)
    monkeypatch.setenv("MONGO_DB", server_db.name)
    assert _outcome(text, server_db) == case.before
    assert _outcome(fixed, server_db) == case.after, fixed


@pytest.mark.parametrize("name", LIMITED)
def test_the_server_refuses_the_other_keyword(
    name: str, mongod_uri: str, server_db: Database[Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each method that hands its options on, as found and fixed."""
    given = LIMITED[name] + (", " if LIMITED[name] else "")
    text = (
        HEADS["sync"]
        + "from pymongo import IndexModel\n"
        + HEAD
        + f'def run():\n    found = db.users.{name}({given}max_time_ms=5000)\n    return "done"\n'
    )
    result, fixed = _mended(text, tmp_path)
    assert [finding.code for finding in result.findings] == ["MDB410"]
    monkeypatch.setenv("MONGO_URI", mongod_uri)
    monkeypatch.setenv("MONGO_DB", server_db.name)
    assert _outcome(text, server_db) == "OperationFailure"
    assert "maxTimeMS=5000" in fixed
    assert _outcome(fixed, server_db) == "done"


def _mended(text: str, root: Path) -> tuple[Result, str]:
    """What is found, and the text after all fixes."""
    loaded = project({"app.py": text}, root)

    def find(state: Loaded) -> Result:
        return check(state, CODES, state.project.config, fixes=True)

    def reload(changed: Mapping[str, bytes], previous: Loaded) -> Loaded:
        return load([root], previous.project.config, root, overlay=changed, jobs=1, previous=previous)

    mended = mend(loaded, find, reload, unsafe=True)
    assert not mended.failures
    after = mended.changed.get((root / "app.py").as_posix(), text.encode()).decode()
    return find(loaded), after


def _outcome(text: str, db: Database[Any]) -> Any:
    """What ``run()`` returns, or the name of its error, on the same documents each time."""
    for name in db.list_collection_names():
        db.drop_collection(name)
    db.users.insert_many([{"_id": 1, "name": "Ann"}, {"_id": 2, "name": "Ben"}, {"_id": 3}])
    db.users.create_index("age")
    return asyncio.run(_run(text))


async def _run(text: str) -> Any:
    names: dict[str, Any] = {"__name__": f"program_{uuid.uuid4().hex}"}
    exec(compile(text, "app.py", "exec"), names)
    try:
        result = names["run"]()
        return await result if inspect.isawaitable(result) else result
    except Exception as error:
        return type(error).__name__
    finally:
        closing = names["client"].close()
        if inspect.isawaitable(closing):
            await closing
