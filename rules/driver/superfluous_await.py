"""``await`` on what cannot be awaited.

What it flags
    ``await`` on a cursor, session, database or collection, on anything that the synchronous driver gives, on
    ``close()`` of Motor's client, on a function of the project that only returns such; and on a part of a result whose
    call is not awaited itself: ``await users.insert_one(user).inserted_id``.

Why it hurts
    It raises TypeError, or AttributeError, each time the line runs. With the synchronous driver the operation has been
    done by then.

What it leaves alone
    What may be a coroutine on some way, functions with decorators, objects of which the driver is not known.

Fix and its safety
    The ``await`` goes, or is bracketed with the call that it was meant for. Safe: the line could only raise. Unsafe
    where a cursor is used as if it were the documents: ``to_list`` is added, which is a guess at what was meant.

Sources
    PyMongo documentation, "Migrate to PyMongo Async" (which calls are coroutines; the brackets); each was run with
    PyMongo 4.20 and Motor 3.7.
"""

from collections.abc import Iterator
from typing import Any

from mongolint.rule import Applicability, Bad, Confidence, Finding, Good, Project, Rule, Severity

rule = Rule(
    "MDB409",
    "superfluous-await",
    Severity.HIGH,
    needs=Confidence.KNOWN,
    fix=Applicability.SAFE,
    in_tests=True,
    concern="resilience",
    breaks=True,
)
_NAMES = {"command-cursor": "a cursor", "client": "a client", "database": "a database", "collection": "a collection"}


@rule.on(Project)
def check(project: Project) -> Iterator[Finding]:
    for needless in project.awaiting.needless:
        yield _needless(project, needless)
    for misplaced in project.awaiting.unawaited:
        if misplaced.is_misplaced and not misplaced.gives_object:
            yield _misplaced(project, misplaced)


def _needless(project: Project, found: Any) -> Finding:
    advice = "await its to_list() if the documents are wanted" if found.wants_documents else "take the await away"
    return rule.finding(
        project.token(found.module, found.inner),
        f"{_what(project, found)}, which cannot be awaited: this raises TypeError; {advice}",
        fix=rule.repair(
            "await the documents" if found.wants_documents else "take the await away",
            lambda draft: draft.drop_await(found),
            text=advice,
            reason="a list of all documents comes of it" if found.wants_documents else "",
            applicability=Applicability.UNSAFE if found.wants_documents else Applicability.SAFE,
        ),
    )


def _what(project: Project, found: Any) -> str:
    thing = found.thing
    result = _NAMES.get(thing.kind, f"a {thing.kind}" if thing.kind != "value" else "its result")
    if found.is_function:
        return f"{project.callee_name(found.module, found.inner)} is no async function and returns {result}"
    if not thing.method:
        return f"this is {result}"
    if thing.flavour == "sync":
        return f"{thing.method} of the synchronous driver gives {result} at once"
    return f"{thing.method} gives {result} at once"


def _misplaced(project: Project, found: Any) -> Finding:
    name, part = project.callee_name(found.module, found.row), found.misuses[0].name or "an item"
    return rule.finding(
        project.token(found.module, found.row),
        f"await is for {part} here and not for {name}, which gives a {found.thing.kind} that has none: this raises; "
        f"write (await {name}(…)) in brackets",
        fix=rule.repair(
            "bracket the await with its call",
            lambda draft: draft.await_call(found),
            text=f"(await {name}(…)) in brackets",
        ),
    )


EXAMPLES = [
    Bad(
        """\
        from pymongo import AsyncMongoClient

        client = AsyncMongoClient(timeoutMS=5000)
        db = client.app


        async def export(ids):
            async for user in await db.users.find({"_id": {"$in": ids}}):
                yield user


        async def move(user):
            async with await client.start_session() as session:
                await db.users.insert_one(user, session=session)


        async def create(user):
            return await db.users.insert_one(user).inserted_id


        async def load(ids):
            users = await db.get_collection("users")
            return await users.find({"_id": {"$in": ids}})
        """,
        at=("find", "start_session", "insert_one", "get_collection", "find"),
        message="find gives a cursor at once, which cannot be awaited",
        fixed="""\
        from pymongo import AsyncMongoClient

        client = AsyncMongoClient(timeoutMS=5000)
        db = client.app


        async def export(ids):
            async for user in db.users.find({"_id": {"$in": ids}}):
                yield user


        async def move(user):
            async with client.start_session() as session:
                await db.users.insert_one(user, session=session)


        async def create(user):
            return (await db.users.insert_one(user)).inserted_id


        async def load(ids):
            users = db.get_collection("users")
            return await users.find({"_id": {"$in": ids}}).to_list()
        """,
    ),
    Bad(
        """\
        from motor.motor_asyncio import AsyncIOMotorClient

        client = AsyncIOMotorClient(timeoutMS=5000)


        def get_collection(name):
            return client.app[name]


        async def totals(pipeline):
            orders = await get_collection("orders")
            found = (await orders.aggregate(pipeline)).to_list(None)
            return await found


        async def stop():
            await client.close()
        """,
        at=("get_collection", "aggregate", "close"),
        message="get_collection is no async function and returns a collection",
        fixed="""\
        from motor.motor_asyncio import AsyncIOMotorClient

        client = AsyncIOMotorClient(timeoutMS=5000)


        def get_collection(name):
            return client.app[name]


        async def totals(pipeline):
            orders = get_collection("orders")
            found = orders.aggregate(pipeline).to_list(None)
            return await found


        async def stop():
            client.close()
        """,
    ),
    Bad(
        """\
        from pymongo import MongoClient

        users = MongoClient(timeoutMS=5000).app.users


        async def load(user_id):
            return await users.find_one({"_id": user_id})
        """,
        at=("find_one",),
        message="find_one of the synchronous driver gives its result at once",
        fixed="""\
        from pymongo import MongoClient

        users = MongoClient(timeoutMS=5000).app.users


        async def load(user_id):
            return users.find_one({"_id": user_id})
        """,
    ),
    Good(
        """\
        from motor.motor_asyncio import AsyncIOMotorClient
        from pymongo import AsyncMongoClient

        client = AsyncMongoClient(timeoutMS=5000)
        motor = AsyncIOMotorClient(timeoutMS=5000)


        def find_user(user_id):
            return client.app.users.find_one({"_id": user_id})


        async def both(user_id, pipeline):
            await find_user(user_id)
            async with await motor.start_session() as session:
                await motor.app.users.find_one({"_id": user_id}, session=session)
            await client.close()
            return await (await client.app.orders.aggregate(pipeline)).to_list()
        """,
        why="coroutines all of them, the helper's too",
    ),
]
