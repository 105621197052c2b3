"""An async function that gives a database or collection, used without ``await``.

What it flags
    An ``async def`` of the project that returns a client, database or collection, called without ``await``, where an
    attribute or item of it is taken as if it were there: ``get_collection("users").find_one(…)``.

Why it hurts
    What the call gives is a coroutine. It has no ``find_one``, so the line raises AttributeError each time it runs; in
    code that a test seldom reaches, a deletion for instance, that shows in production.

What it leaves alone
    Coroutines that are awaited on any way, or handed on (``gather``, ``create_task``, a list). Functions with
    decorators that may change what a call gives, generators, methods that may be another class's. FastAPI awaits what
    ``Depends`` names.

Fix and its safety
    ``await`` before the call, or the ``await`` that stands before the whole moved to it. Unsafe: code that never got
    past this line runs now. In a function that is not async it is left to a person.

Sources
    Python language reference, "Coroutines" and "Await expression". Run with PyMongo 4.20 and Motor 3.7.
"""

from collections.abc import Iterator
from typing import Any

from mongolint.rule import Applicability, Bad, Confidence, Finding, Good, Project, Rule, Severity

rule = Rule(
    "MDB406",
    "missing-await-on-collection",
    Severity.HIGH,
    needs=Confidence.KNOWN,
    fix=Applicability.UNSAFE,
    in_tests=True,
    concern="resilience",
    breaks=True,
)


@rule.on(Project)
def check(project: Project) -> Iterator[Finding]:
    for found in project.awaiting.unawaited:
        if found.gives_object:
            yield _finding(project, found)


def _finding(project: Project, found: Any) -> Finding:
    name = project.callee_name(found.module, found.row)
    first = found.misuses[0]
    lacks = {
        "attribute": f"has no {first.name}, so this raises AttributeError",
        "item": "has no items, so this raises TypeError",
    }
    places = [(project.token(found.module, misuse.row), "used here") for misuse in found.misuses if misuse.name]
    return rule.finding(
        project.token(found.module, found.row),
        f"{name} is an async function and is not awaited: the coroutine "
        f"{lacks.get(first.kind, 'is used in its place')}; await {name}(…)",
        related=project.related(places),
        fix=rule.repair(
            f"await {name}",
            lambda draft: draft.await_call(found),
            text=f"await {name}(…), in an async function",
            reason="code that never got past this line runs now",
        ),
    )


EXAMPLES = [
    Bad(
        """\
        from pymongo import AsyncMongoClient

        client = AsyncMongoClient(timeoutMS=5000)


        async def get_collection(name):
            return client.app[name]


        async def delete_book(book_id):
            books = get_collection("books")
            await books.delete_one({"_id": book_id})


        async def load_user(user_id):
            return await get_collection("users").find_one({"_id": user_id})
        """,
        at=("get_collection", "get_collection"),
        message="get_collection is an async function and is not awaited: the coroutine has no delete_one",
        fixed="""\
        from pymongo import AsyncMongoClient

        client = AsyncMongoClient(timeoutMS=5000)


        async def get_collection(name):
            return client.app[name]


        async def delete_book(book_id):
            books = await get_collection("books")
            await books.delete_one({"_id": book_id})


        async def load_user(user_id):
            return await (await get_collection("users")).find_one({"_id": user_id})
        """,
    ),
    Bad(
        {
            "app/db.py": """\
            from motor.motor_asyncio import AsyncIOMotorClient

            client = AsyncIOMotorClient(timeoutMS=5000)


            async def get_db():
                return client.app
            """,
            "app/users.py": """\
            from app.db import get_db


            async def names(ids):
                users = get_db()["users"]
                return [user["name"] async for user in users.find({"_id": {"$in": ids}})]


            def count(ids):
                return get_db().users.count_documents({"_id": {"$in": ids}})
            """,
        },
        at=("get_db", "get_db"),
        message="raises TypeError",
        fixed={
            "app/users.py": """\
            from app.db import get_db


            async def names(ids):
                users = (await get_db())["users"]
                return [user["name"] async for user in users.find({"_id": {"$in": ids}})]


            def count(ids):
                return get_db().users.count_documents({"_id": {"$in": ids}})
            """
        },
    ),
    Good(
        """\
        import asyncio
        from contextlib import asynccontextmanager

        from fastapi import Depends, FastAPI
        from pymongo import AsyncMongoClient

        app = FastAPI()
        client = AsyncMongoClient(timeoutMS=5000)


        async def get_db():
            return client.app


        @asynccontextmanager
        async def opened():
            yield client.app


        @app.get("/users/{user_id}")
        async def load(user_id: int, db=Depends(get_db)):
            return await db.users.find_one({"_id": user_id})


        async def both(user_id):
            waiting = get_db()
            db = await waiting
            async with opened() as other:
                await other.seen.insert_one({"_id": user_id})
            one, _ = await asyncio.gather(get_db(), get_db())
            return await one.users.find_one({"_id": user_id}), await db.users.find_one({"_id": user_id})
        """,
        why="awaited later, by gather, by FastAPI; a context manager",
    ),
]
