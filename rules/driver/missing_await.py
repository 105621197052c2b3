"""An operation of an asynchronous driver whose result is used without ``await``.

What it flags
    Calls of PyMongo Async or Motor that have to be awaited, and of async functions of the project that run operations,
    where they are a statement of their own, or where an attribute or item is taken, truth, a comparison, ``for``,
    ``with``, text, JSON or the response of a request needs the result itself.

Why it hurts
    A coroutine, that of PyMongo Async or of a function of the project, never runs: nothing is written, and no error is
    raised. Motor starts its operations, but their errors are lost, and what follows may come before them. What either
    gives is always true, and has no fields.

What it leaves alone
    Whatever is handed on, because someone may await it: ``gather``, ``create_task``, ``wait_for``, a list, a return to
    a caller, ``yield``. Values that are awaited on any way, and objects of which the driver is not known.

Fix and its safety
    ``await`` before the call, with ``async for`` where a cursor is gone through. Safe with PyMongo Async, where the
    call did nothing; unsafe with Motor, where leaving it to itself may have been meant. Needs an ``async def`` around.

Sources
    PyMongo documentation, "Migrate to PyMongo Async"; run on a server with PyMongo 4.20 and Motor 3.7.
"""

from collections.abc import Iterator
from typing import Any

from mongolint.rule import Applicability, Bad, Confidence, Finding, Good, Project, Rule, Severity

rule = Rule(
    "MDB407",
    "missing-await",
    Severity.HIGH,
    needs=Confidence.KNOWN,
    fix=Applicability.SAFE,
    in_tests=True,
    concern="integrity",
    breaks=True,
)

_USES = {
    "item": "has no items, so this raises TypeError",
    "test": "is always true, whatever the operation finds",
    "comparison": "is compared itself, and equals nothing",
    "operation": "cannot be calculated with, so this raises TypeError",
    "text": "is put into the text itself",
    "iteration": "holds no documents to go through",
    "async-iteration": "cannot be gone through, so this raises TypeError",
    "with": "is no context manager, so this raises TypeError",
    "returned": "goes into the response itself, and cannot be encoded",
}


@rule.on(Project)
def check(project: Project) -> Iterator[Finding]:
    for found in project.awaiting.unawaited:
        if not found.gives_object and not found.is_misplaced:
            yield _finding(project, found)


def _finding(project: Project, found: Any) -> Finding:
    what, thing = _what(project, found), found.thing
    known = thing.kind == "coroutine" and thing.function is None
    return rule.finding(
        project.token(found.module, found.row),
        f"{what} is not awaited: {_why(found)}; await it",
        related=project.related(_places(project, found)),
        fix=rule.repair(
            "await it",
            lambda draft: draft.await_call(found),
            text=f"await {_what(project, found).partition(' ')[0]}(…)",
            reason="" if known else "what follows waits for it, and gets its error",
            applicability=Applicability.SAFE if known else Applicability.UNSAFE,
        ),
    )


def _what(project: Project, found: Any) -> str:
    operation = project.operation_at(found.module, found.row)
    return f"{operation.name} on {operation.target}" if operation else project.callee_name(found.module, found.row)


def _why(found: Any) -> str:
    misuse, kind = found.misuses[0], found.thing.kind
    if misuse.kind == "dropped" and kind == "future":
        return "it runs beside what follows, so its error is lost and the order is left to chance"
    if misuse.kind in ("dropped", "unused"):
        if found.thing.method in ("close", "aclose"):
            return "it never runs, so what it should close stays open"
        return "it never runs, nothing is sent to the server, and no error tells so"
    if misuse.kind == "returned-to":
        return f"who awaits what this function returns gets a {kind}, which nothing awaits"
    if misuse.kind == "attribute":
        return f"a {kind} has no {misuse.name}, so this raises AttributeError"
    if misuse.kind == "argument":
        return f"{misuse.name} gets a {kind} instead of the result"
    return f"a {kind} {_USES[misuse.kind]}"


def _places(project: Project, found: Any) -> list[Any]:
    """Where the result is used, if that is elsewhere."""
    own = project.token(found.module, found.row)
    spans = [
        project.offsets_span(found.module, misuse.use.span)
        if misuse.use
        else project.token(found.module if misuse.module < 0 else misuse.module, misuse.row)
        for misuse in found.misuses
        if misuse.kind in ("attribute", "item", "test", "iteration", "argument", "returned-to")
    ]
    return [(span, "used here") for span in spans if (span.file, span.line) != (own.file, own.line)]


EXAMPLES = [
    Bad(
        """\
        from pymongo import AsyncMongoClient

        db = AsyncMongoClient(timeoutMS=5000).app


        async def rename(user_id, name):
            db.users.update_one({"_id": user_id}, {"$set": {"name": name}})


        async def name_of(user_id):
            user = db.users.find_one({"_id": user_id})
            if not user:
                return None
            return user["name"]


        async def create(user):
            return db.users.insert_one(user).inserted_id
        """,
        at=("update_one", "find_one", "insert_one"),
        message="update_one on users is not awaited: it never runs",
        fixed="""\
        from pymongo import AsyncMongoClient

        db = AsyncMongoClient(timeoutMS=5000).app


        async def rename(user_id, name):
            await db.users.update_one({"_id": user_id}, {"$set": {"name": name}})


        async def name_of(user_id):
            user = await db.users.find_one({"_id": user_id})
            if not user:
                return None
            return user["name"]


        async def create(user):
            return (await db.users.insert_one(user)).inserted_id
        """,
    ),
    Bad(
        """\
        from pymongo import AsyncMongoClient

        client = AsyncMongoClient(timeoutMS=5000)
        db = client.app


        async def totals(pipeline):
            found = []
            async for row in db.orders.aggregate(pipeline):
                found.append(row)
            for row in db.refunds.aggregate(pipeline):
                found.append(row)
            return found + await db.gifts.aggregate(pipeline).to_list()


        async def stop():
            client.close()
        """,
        at=("aggregate", "aggregate", "aggregate", "close"),
        message="aggregate on orders is not awaited: a coroutine cannot be gone through",
        fixed="""\
        from pymongo import AsyncMongoClient

        client = AsyncMongoClient(timeoutMS=5000)
        db = client.app


        async def totals(pipeline):
            found = []
            async for row in await db.orders.aggregate(pipeline):
                found.append(row)
            async for row in await db.refunds.aggregate(pipeline):
                found.append(row)
            return found + await (await db.gifts.aggregate(pipeline)).to_list()


        async def stop():
            await client.close()
        """,
    ),
    Bad(
        """\
        from motor.motor_asyncio import AsyncIOMotorClient

        db = AsyncIOMotorClient(timeoutMS=5000).app


        async def touch(user_id, now):
            db.users.update_one({"_id": user_id}, {"$set": {"seen": now}})


        def forget(user_id):
            db.users.delete_one({"_id": user_id})
        """,
        at=("update_one", "delete_one"),
        message="it runs beside what follows, so its error is lost",
        fixed="""\
        from motor.motor_asyncio import AsyncIOMotorClient

        db = AsyncIOMotorClient(timeoutMS=5000).app


        async def touch(user_id, now):
            await db.users.update_one({"_id": user_id}, {"$set": {"seen": now}})


        def forget(user_id):
            db.users.delete_one({"_id": user_id})
        """,
    ),
    Bad(
        """\
        from motor.motor_asyncio import AsyncIOMotorClient, AsyncIOMotorGridFSBucket

        db = AsyncIOMotorClient(timeoutMS=5000).app


        async def files():
            return AsyncIOMotorGridFSBucket(db)


        async def upload(name, data):
            async for bucket in files():
                await bucket.upload_from_stream(name, data)
        """,
        at=("files",),
        message="files is not awaited: a coroutine cannot be gone through, so this raises TypeError",
    ),
    Good(
        """\
        import asyncio

        from pymongo import AsyncMongoClient

        db = AsyncMongoClient(timeoutMS=5000).app


        def save(user):
            return db.users.insert_one(user)


        async def save_both(first, second):
            await asyncio.gather(save(first), save(second))
            task = asyncio.create_task(db.users.insert_one(first))
            found = db.users.find_one({"_id": 1})
            counts = {"users": db.users.estimated_document_count()}
            async with asyncio.TaskGroup() as group:
                group.create_task(db.users.insert_one(second))
            await task
            return await found, await counts["users"]
        """,
        why="all of them are awaited, sooner or later",
    ),
    Good(
        """\
        from pymongo import MongoClient

        db = MongoClient(timeoutMS=5000).app


        def rename(user_id, name):
            db.users.update_one({"_id": user_id}, {"$set": {"name": name}})
        """,
        why="the synchronous driver",
    ),
]
