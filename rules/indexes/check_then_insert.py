"""A look-up that decides about an insert, with no unique index to keep two requests from both inserting.

What it flags
    ``if await users.find_one({"email": email}): raise …``, and then an insert with the same email: also through
    helpers at any depth, with ``count_documents``, ``is None``, early returns, and loops that try names until one is
    free. Told at the look-up, once for each function in which both meet.

Why it hurts
    Two requests that look at the same time both find nothing, and both insert. From then on there are two where
    the code counts on one, two accounts with one address, and each query finds one or the other.

What it leaves alone
    Fields that a unique index covers; values that are not surely the same in look-up and insert; look-ups by ``_id``,
    by ranges, of the latest of several, or under a lock; those by constants alone that no request runs; fields of
    which the project reads several documents; collections with an index whose keys or options are known only at run
    time; scripts. Where only the running program knows the name of the collection, any index of the project may be on
    it, and the fields have to be there always.

Fix and its safety
    The unique index where the project declares its others, and ``except DuplicateKeyError`` around the insert that
    does what the check does, where that is plain and no other unique key may be what is refused; elsewhere the error
    rises. Where null is stored too, or the field left out, the index is partial, for a plain one would refuse the
    second such document. Unsafe: building a unique index fails where duplicates are stored.

Sources
    MongoDB manual, "Unique Indexes" (missing fields, partial) and "Partial Indexes".
"""

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

from mongolint.rule import Applicability, Bad, Draft, Finding, Good, Need, Project, Rule, Severity

rule = Rule(
    "MDB202",
    "check-then-insert",
    Severity.HIGH,
    fix=Applicability.UNSAFE,
    supersedes=("MDB206", "MDB207", "MDB504"),
    concern="integrity",
    asks_documents=True,
)


@rule.on(Project)
def check(project: Project) -> Iterator[Finding]:
    decided: dict[tuple[int, int, str], list[Need[Any]]] = {}
    for need in project.writes.look_then_inserts:
        decided.setdefault((need.evidence.module, need.evidence.look, need.constraint.code), []).append(need)
    for needs in decided.values():
        race, constraint = needs[0].evidence, needs[0].constraint
        inserting = project.callee_name(race.module, race.put)
        places = [(project.token(race.module, race.put), f"{inserting} stores it if nothing was found")]
        places += [(project.token(each.evidence.module, each.evidence.put), "so does this") for each in needs[1:]]
        if race.lookup.spot.frame is not None:
            places.append((project.operation_span(race.lookup.operation), "the look-up"))
        if race.way.frame is not None:
            places.append((project.operation_span(race.insert), "the insert"))
        where = f" in {constraint.name}" if constraint.name else ""
        yield rule.finding(
            project.token(race.module, race.look),
            f"{project.callee_name(race.module, race.look)} looks{where} for {constraint.fields} before "
            f"{inserting}: two requests at the same time find nothing and both insert; declare {constraint.code}",
            confidence=race.insert.confidence,
            related=project.related(places),
            fix=rule.repair(
                "declare the unique index",
                partial(_write, needs),
                reason=constraint.reason,
            ),
        )


def _write(needs: Sequence[Need[Any]], draft: Draft) -> None:
    race = needs[0].evidence
    draft.declare_constraint([race.insert, race.lookup.operation], needs[0].constraint)
    caught = [draft.catch_duplicate(need.evidence) for need in needs]
    if any(caught):
        draft.title = "declare the unique index and catch its error"
    if not all(caught):
        reason = needs[0].constraint.reason
        draft.reason = f"{reason}; the second of two requests then meets DuplicateKeyError"


EXAMPLES = [
    Bad(
        """\
        from pymongo import MongoClient

        db = MongoClient(timeoutMS=5000).app
        db.users.create_index("name")


        class EmailTaken(Exception):
            pass


        def register(email, name):
            if db.users.find_one({"email": email}):
                raise EmailTaken(email)
            return db.users.insert_one({"email": email, "name": name}).inserted_id
        """,
        at=("find_one",),
        message="find_one looks in users for email before insert_one: two requests",
        fixed="""\
        from pymongo import MongoClient
        from pymongo.errors import DuplicateKeyError

        db = MongoClient(timeoutMS=5000).app
        db.users.create_index("name")
        db.users.create_index("email", unique=True)


        class EmailTaken(Exception):
            pass


        def register(email, name):
            if db.users.find_one({"email": email}):
                raise EmailTaken(email)
            try:
                return db.users.insert_one({"email": email, "name": name}).inserted_id
            except DuplicateKeyError:
                raise EmailTaken(email) from None
        """,
    ),
    Bad(
        {
            "app/db.py": """\
            from pymongo import AsyncMongoClient

            db = AsyncMongoClient(timeoutMS=5000).app


            async def ensure_indexes():
                await db.orders.create_index("customer_id")


            async def get_user_by_email(email):
                return await db.users.find_one({"email": email})


            async def create_user(data):
                await db.users.insert_one(data)
                return data
            """,
            "app/main.py": """\
            from contextlib import asynccontextmanager

            from fastapi import FastAPI, HTTPException
            from pydantic import BaseModel

            from app.db import create_user, ensure_indexes, get_user_by_email


            class UserCreate(BaseModel):
                name: str
                email: str | None = None


            @asynccontextmanager
            async def lifespan(app):
                await ensure_indexes()
                yield


            app = FastAPI(lifespan=lifespan)


            @app.post("/users")
            async def register(user: UserCreate):
                existing = await get_user_by_email(user.email)
                if existing:
                    raise HTTPException(status_code=409, detail="already registered")
                data = user.model_dump()
                data["active"] = True
                return await create_user(data)
            """,
        },
        at=("get_user_by_email",),
        message='unique=True, partialFilterExpression={"email": {"$gt": ""}}',
        fixed={
            "app/db.py": """\
            from pymongo import AsyncMongoClient

            db = AsyncMongoClient(timeoutMS=5000).app


            async def ensure_indexes():
                await db.orders.create_index("customer_id")
                await db.users.create_index(
                    "email", unique=True, partialFilterExpression={"email": {"$gt": ""}}
                )


            async def get_user_by_email(email):
                return await db.users.find_one({"email": email})


            async def create_user(data):
                await db.users.insert_one(data)
                return data
            """,
            "app/main.py": """\
            from contextlib import asynccontextmanager

            from fastapi import FastAPI, HTTPException
            from pydantic import BaseModel
            from pymongo.errors import DuplicateKeyError

            from app.db import create_user, ensure_indexes, get_user_by_email


            class UserCreate(BaseModel):
                name: str
                email: str | None = None


            @asynccontextmanager
            async def lifespan(app):
                await ensure_indexes()
                yield


            app = FastAPI(lifespan=lifespan)


            @app.post("/users")
            async def register(user: UserCreate):
                existing = await get_user_by_email(user.email)
                if existing:
                    raise HTTPException(status_code=409, detail="already registered")
                data = user.model_dump()
                data["active"] = True
                try:
                    return await create_user(data)
                except DuplicateKeyError:
                    raise HTTPException(status_code=409, detail="already registered") from None
            """,
        },
    ),
    Good(
        """\
        from pymongo import MongoClient
        from pymongo.errors import DuplicateKeyError

        db = MongoClient(timeoutMS=5000).app
        db.users.create_index("email", unique=True)


        def register(email):
            if db.users.find_one({"email": email}):
                raise ValueError(email)
            try:
                db.users.insert_one({"email": email})
            except DuplicateKeyError:
                raise ValueError(email) from None
        """,
        why="the index refuses the second one",
    ),
    Good(
        """\
        from pymongo import MongoClient

        db = MongoClient(timeoutMS=5000).app
        db.bookings.create_index([("room", 1), ("until", 1)])
        db.notes.create_index("user")


        def book(room, now, until):
            if db.bookings.find_one({"room": room, "until": {"$gt": now}}):
                raise ValueError(room)
            db.bookings.insert_one({"room": room, "until": until})


        def greet(user):
            if not db.notes.find_one({"user": user}):
                db.notes.insert_one({"user": user, "text": "Welcome"})


        def notes(user):
            return list(db.notes.find({"user": user}).limit(50)), list(db.notes.find({"user": user}))
        """,
        why="a range is no key; a user has several notes",
    ),
]
