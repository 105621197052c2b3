"""What is awaited and what is not: where a missing or needless ``await`` is told, and where nothing is."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest

from mongolint.engine.run import check
from mongolint.testing import findings, project, spanned

CODES = {"MDB406", "MDB407", "MDB408", "MDB409", "MDB411"}
HEAD = """\
import asyncio
import inspect
from contextlib import asynccontextmanager
from functools import lru_cache

from fastapi import APIRouter, Depends
from motor.motor_asyncio import AsyncIOMotorClient, AsyncIOMotorCursor
from pymongo import AsyncMongoClient, MongoClient
from pymongo.database import Database

router = APIRouter()
client = AsyncMongoClient()
db = client.app
motor = AsyncIOMotorClient()
mdb = motor.app
sdb = MongoClient().app

"""


def told(tmp_path: Path, code: str) -> list[str]:
    """The findings: code and what they span."""
    loaded = project({"app.py": HEAD + dedent(code)}, tmp_path)
    result = check(loaded, CODES, loaded.project.config)
    assert not result.crashes
    return [f"{finding.code} {spanned(loaded, finding)}" for finding in result.findings]


TOLD = {
    "a helper returns it to who awaits the helper": (
        """
        async def load(i):
            return db.users.find_one({"_id": i})

        async def name(i):
            user = await load(i)
            return user["name"]
        """,
        ["MDB407 find_one"],
    ),
    "a helper returns a write, and is awaited as a statement": (
        "async def save(d):\n    return db.users.insert_one(d)\n\nasync def run(d):\n    await save(d)\n",
        ["MDB407 insert_one"],
    ),
    "a request gets it": (
        '@router.get("/u")\nasync def load():\n    return {"user": db.users.find_one({})}\n',
        ["MDB407 find_one"],
    ),
    "through an annotated variable": (
        'async def load():\n    user: dict = db.users.find_one({})\n    return user["name"]\n',
        ["MDB407 find_one"],
    ),
    "either of two": (
        """
        async def load(new):
            user = db.users.find_one({}) if new else db.old.find_one({})
            return user["name"]
        """,
        ["MDB407 find_one", "MDB407 find_one"],
    ),
    "of the client and the database": (
        'async def start():\n    client.admin.command("ping")\n    db.drop_collection("x")\n    client.close()\n',
        ["MDB407 command", "MDB407 drop_collection", "MDB407 close"],
    ),
    "in a function that is not async": ("def save(d):\n    db.users.insert_one(d)\n", ["MDB407 insert_one"]),
    "a method of a class": (
        """
        class Users:
            def __init__(self, db):
                self.users = db.users

            async def save(self, d):
                self.users.insert_one(d)

            async def run(self):
                self.save({})

        Users(db)
        """,
        ["MDB407 insert_one", "MDB407 save"],
    ),
    "given to a helper that takes fields of it": (
        """
        class User:
            @classmethod
            def of(cls, data):
                data.pop("_id")
                return cls(**data)

        async def load():
            user = db.users.find_one({})
            return User.of(user)
        """,
        ["MDB407 find_one"],
    ),
    "a cursor as an argument": (
        "def consume(cursor):\n    return [d for d in cursor]\n\ndef run():\n    return consume(db.users.find())\n",
        ["MDB408 cursor"],
    ),
    "a cursor by its annotation": (
        "def consume(cursor: AsyncIOMotorCursor):\n    for d in cursor:\n        yield d\n",
        ["MDB408 cursor"],
    ),
    "a cursor that a helper gives": (
        """
        def found():
            return db.users.find({}).sort("_id", 1)

        async def other():
            return db.users.find({})

        async def run():
            return list(found()), [d for d in await other()]
        """,
        ["MDB408 list", "MDB408 await other()"],
    ),
    "a cursor that is entered": (
        "async def run():\n    async with db.users.find() as found:\n        return [d for d in found]\n",
        ["MDB408 found"],
    ),
    "a getter behind a getter": (
        """
        async def get_db():
            return mdb

        async def get_users():
            return (await get_db()).users

        async def run():
            return await get_users().find_one({})
        """,
        ["MDB406 get_users"],
    ),
    "a getter in a class": (
        """
        class Store:
            async def users(self):
                return db.users

            async def load(self):
                users = self.users()
                return await users.find_one({})
        """,
        ["MDB406 users"],
    ),
    "a collection of an object": (
        "class Store:\n    users = None\n\n    def open(self):\n        if not self.users:\n"
        '            self.users = sdb["users"]\n        return self.users or sdb.others\n',
        ["MDB411 self.users", "MDB411 self.users"],
    ),
    "a database that is injected": (
        "def get_db():\n    yield db\n\ndef load(store=Depends(get_db)):\n    return 1 if store else 2\n",
        ["MDB411 store"],
    ),
}

SILENT = {
    "handed on": """
        async def run(pool, ids):
            await asyncio.gather(db.a.find_one({}), *[db.b.find_one({"_id": i}) for i in ids])
            asyncio.create_task(db.a.insert_one({}))
            await asyncio.wait_for(db.a.find_one({}), 5)
            pool.submit(db.a.find_one({}))
            waiting = [db.a.find_one({})]
            waiting.append(db.b.find_one({}))
            named = {"a": db.a.find_one({})}
            yield db.a.find_one({})
            for each in asyncio.as_completed(waiting):
                await each
        """,
    "given to a helper that awaits it, or hands it on": """
        async def logged(found):
            user = await found
            return user["name"]

        def later(found, name=None):
            return found, name

        async def maybe(found):
            if inspect.isawaitable(found):
                found = await found
            return found["name"]

        async def run():
            return await logged(db.a.find_one({})), later(db.a.find_one({})), await maybe(db.a.find_one({}))
        """,
    "awaited later": """
        async def run(flag):
            task = None
            if flag:
                task = db.a.find_one({})
            other = db.a.find_one({}) if flag else None
            if task:
                return await task
            if other is not None:
                return (await other)["a"]
            found = db.a.find_one({})
            if inspect.isawaitable(found):
                found = await found
            return found["a"]
        """,
    "a future's own names": """
        async def run():
            future = mdb.a.find_one({})
            future.add_done_callback(print)
            while not future.done():
                await asyncio.sleep(1)
            return future.result()
        """,
    "which of several is done": """
        async def run():
            first, second = mdb.a.find_one({}), mdb.b.find_one({})
            done, _ = await asyncio.wait([first, second])
            return first.result() if first in done or first is not second else None
        """,
    "hung by two drivers": """
        from fastapi import FastAPI

        app = FastAPI()

        def start(old):
            if old:
                app.state.db = sdb
            else:
                app.state.db = mdb

        async def run(request):
            await request.app.state.db.users.find_one({})
            request.app.state.db.users.find_one({})
        """,
    "old Motor with a callback": "def run(done):\n    mdb.a.find_one({}, callback=done)\n",
    "a helper that is awaited twice": """
        async def load():
            return db.users.find_one({})

        async def run():
            user = await (await load())
            return user["name"]
        """,
    "decorated": """
        @lru_cache
        async def get_users():
            return db.users

        @asynccontextmanager
        async def opened():
            yield db

        async def run():
            get_users().cache_clear()
            async with opened() as other:
                await other.a.find_one({})
        """,
    "one of two drivers": """
        def users(old):
            return sdb.users if old else db.users

        async def run(old):
            users(old).insert_one({})
            found = users(old).find({})
            return [d for d in found]
        """,
    "an unknown object": """
        async def run(users):
            users.insert_one({})
            for user in users.find({}):
                await users.find({})
            return users.find_one({})["a"], 1 if users else 2
        """,
    "an annotation that may be wrong": """
        async def run(database: Database):
            await database.users.find_one({})
            await database.users
        """,
    "lists of cursors": """
        async def run():
            found = await db.a.find().to_list()
            both = [d async for d in db.a.find()] + found
            cursor = await db.a.aggregate([])
            return sorted(both, key=len), [d for d in found], [d async for d in cursor]
        """,
    "what is no collection": """
        async def run(name=None):
            users = name or "users"
            found = await db.users.find_one({})
            if client and found and not sdb.users.find_one({}):
                return bool(users), str(db) or 1
            names = [db.a, db.b] if name else []
            return 1 if names else db.users is not None
        """,
    "a class that may be another": """
        class Store:
            def users(self):
                raise NotImplementedError

        class Later(Store):
            async def users(self):
                return db.users

        async def run(store: Store):
            return await store.users()
        """,
    "a helper that does nothing with the driver": """
        async def notify():
            return 1

        async def run():
            notify()
            return notify().done
        """,
}


@pytest.mark.parametrize(("code", "expected"), TOLD.values(), ids=TOLD)
def test_told(code: str, expected: list[str], tmp_path: Path) -> None:
    assert told(tmp_path, code) == expected


@pytest.mark.parametrize("code", SILENT.values(), ids=SILENT)
def test_silent(code: str, tmp_path: Path) -> None:
    assert told(tmp_path, code) == []


def test_a_driver_before_4_has_truth(tmp_path: Path) -> None:
    code = "if sdb:\n    sdb.a.find_one({})\n"
    assert told(tmp_path / "new", code) == ["MDB411 sdb"]
    assert told(tmp_path / "old", code + "sdb.a.insert({})\n") == []


@pytest.mark.parametrize(("name", "wanted"), [("use.py", 1), ("test_use.py", 0)])
def test_fakes_have_attributes_of_their_own(name: str, wanted: int, tmp_path: Path) -> None:
    app = "from pymongo import MongoClient\n\n\nclass Store:\n"
    app += "    def __init__(self):\n        self.client = MongoClient()\n"
    use = "from app import Store\n\n\ndef close():\n    store = Store()\n    assert store.client.is_closed\n"
    assert len(findings({"app.py": app, name: use}, tmp_path, rules={"MDB411"})) == wanted
