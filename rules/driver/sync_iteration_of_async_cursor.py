"""A cursor of an asynchronous driver, gone through without ``async for``.

What it flags
    ``for``, comprehensions, ``*``, ``in``, unpacking, ``list``, ``sorted`` and other builtins over what ``find`` or
    ``aggregate`` of PyMongo Async or Motor gives.

Why it hurts
    A cursor of ``find`` of PyMongo Async yields nothing, without any error: Python takes the IndexError of its
    ``__getitem__`` for the end. All others raise TypeError.

What it leaves alone
    ``async for``, ``to_list``, lists made of either, and cursors of which the driver is not known.

Fix and its safety
    ``async for``, or ``await`` of ``to_list``. Safe: what stood there did nothing, or raised. It needs an ``async def``
    around; ``next`` and ``iter`` are left to a person.

Sources
    PyMongo documentation, ``AsyncCursor``; Motor documentation, ``AsyncIOMotorCursor.to_list``. Run on a server with
    PyMongo 4.20 and Motor 3.7.
"""

from collections.abc import Iterator
from typing import Any

from mongolint.rule import Applicability, Bad, Confidence, Finding, Good, Project, Rule, Severity

rule = Rule(
    "MDB408",
    "sync-iteration-of-async-cursor",
    Severity.HIGH,
    needs=Confidence.KNOWN,
    fix=Applicability.SAFE,
    in_tests=True,
    concern="integrity",
    breaks=True,
)
_RAISING = ("next", "len", "reversed")


@rule.on(Project)
def check(project: Project) -> Iterator[Finding]:
    for found in project.awaiting.iterations:
        yield _finding(project, found)


def _finding(project: Project, found: Any) -> Finding:
    return rule.finding(
        project.offsets_span(found.module, found.offsets),
        f"{_what(found)}: {_why(found)}; use async for, or await its to_list()",
        fix=rule.repair(
            "go through it asynchronously",
            lambda draft: draft.iterate_async(found),
            text="async for, or await cursor.to_list(), in an async function",
        ),
    )


def _what(found: Any) -> str:
    does = f"{found.builtin} takes" if found.builtin else "this goes through"
    return f"{does} a cursor of an asynchronous driver as if it were a list"


def _why(found: Any) -> str:
    if found.thing.method.endswith("raw_batches") and found.thing.flavour == "async":
        return "it raises InvalidOperation"
    if found.thing.flavour == "async" and found.thing.kind == "cursor" and found.builtin not in _RAISING:
        return "the cursor yields nothing and raises no error"
    return "it raises TypeError"


EXAMPLES = [
    Bad(
        """\
        from pymongo import AsyncMongoClient

        db = AsyncMongoClient(timeoutMS=5000).app


        async def export(ids):
            lines = []
            for user in db.users.find({"_id": {"$in": ids}}):
                lines.append(user["name"])
            ages = [user["age"] for user in db.users.find({"_id": {"$in": ids}})]
            total = sum(user["age"] for user in db.users.find({"_id": {"$in": ids}}))
            cursor = db.users.find({"_id": {"$in": ids}})
            return lines, ages, total, list(cursor)


        async def first_two(ids):
            first, second = db.users.find({"_id": {"$in": ids}}).limit(2)
            return sorted(db.users.find({"_id": {"$in": ids}}), key=len), first, second
        """,
        at=("find", "find", "find", "list", "limit", "sorted"),
        message="the cursor yields nothing and raises no error",
        fixed="""\
        from pymongo import AsyncMongoClient

        db = AsyncMongoClient(timeoutMS=5000).app


        async def export(ids):
            lines = []
            async for user in db.users.find({"_id": {"$in": ids}}):
                lines.append(user["name"])
            ages = [user["age"] async for user in db.users.find({"_id": {"$in": ids}})]
            total = sum(user["age"] for user in await db.users.find({"_id": {"$in": ids}}).to_list())
            cursor = db.users.find({"_id": {"$in": ids}})
            return lines, ages, total, await cursor.to_list()


        async def first_two(ids):
            first, second = await db.users.find({"_id": {"$in": ids}}).limit(2).to_list()
            return sorted(await db.users.find({"_id": {"$in": ids}}).to_list(), key=len), first, second
        """,
    ),
    Bad(
        """\
        from motor.motor_asyncio import AsyncIOMotorClient

        db = AsyncIOMotorClient(timeoutMS=5000).app


        async def totals(pipeline):
            return {row["_id"]: row["n"] for row in db.orders.aggregate(pipeline)}


        def names(ids):
            return [user["name"] for user in db.users.find({"_id": {"$in": ids}})]
        """,
        at=("aggregate", "find"),
        message="it raises TypeError",
        fixed="""\
        from motor.motor_asyncio import AsyncIOMotorClient

        db = AsyncIOMotorClient(timeoutMS=5000).app


        async def totals(pipeline):
            return {row["_id"]: row["n"] async for row in db.orders.aggregate(pipeline)}


        def names(ids):
            return [user["name"] for user in db.users.find({"_id": {"$in": ids}})]
        """,
    ),
    Good(
        """\
        from pymongo import AsyncMongoClient, MongoClient

        db = AsyncMongoClient(timeoutMS=5000).app
        users = MongoClient(timeoutMS=5000).app.users


        async def names(ids):
            found = await db.users.find({"_id": {"$in": ids}}).to_list()
            others = [user async for user in db.users.find({"_id": {"$in": ids}})]
            return [user["name"] for user in found + others]


        def all_names(ids):
            return [user["name"] for user in users.find({"_id": {"$in": ids}})]
        """,
        why="lists, async for, the synchronous driver",
    ),
]
