"""A number after the latest one, which two requests can take at the same time, with nothing to catch the error.

What it flags
    ``latest = find_one({"doc": key}, sort=[("version", -1)])``, then an insert with ``latest["version"] + 1``, where a
    unique index holds that number and nothing catches ``DuplicateKeyError``.

Why it hurts
    Two requests read the same latest document and make the same number. The index keeps the data right by refusing the
    second insert, and that request fails with an error that looks like a fault of the server, though it only had to be
    tried again.

What it leaves alone
    Inserts in a ``try`` that catches the error, as far up as the calls are seen; transactions; code under a lock;
    numbers that a counter gives (``find_one_and_update`` with ``$inc``); scripts, which run alone; numbers without a
    unique index, which may be meant to repeat.

Fix and its safety
    ``except DuplicateKeyError`` around the insert, which answers 409 where the module raises ``HTTPException`` of
    FastAPI. Unsafe: clients see another status. To make no conflict at all, read and insert again, or take the number
    from a counter.

Sources
    MongoDB manual, "Unique Indexes"; "Auto-Increment": counters collection, optimistic loop.
"""

from collections.abc import Iterator
from functools import partial
from typing import Any

from mongolint.rule import Applicability, Bad, Draft, Finding, Good, Project, Rule, Severity

rule = Rule(
    "MDB415",
    "number-taken-meanwhile",
    Severity.MEDIUM,
    fix=Applicability.UNSAFE,
    concern="resilience",
    asks_documents=True,
)


@rule.on(Project)
def check(project: Project) -> Iterator[Finding]:
    for found in project.sessions.numbered:
        places = [(project.token(*found.read), "the latest one is read here")]
        if not found.is_direct:
            places.append((project.operation_span(found.operation), "the insert"))
        yield rule.finding(
            project.token(found.module, found.row),
            f"{project.callee_name(found.module, found.row)} stores in {found.collection} one more than the latest "
            f"{found.field} that {project.callee_name(*found.read)} read: of two requests at the same time "
            f"{found.refusing.name} refuses the second, and nothing catches that; catch DuplicateKeyError, and "
            "try again or answer 409",
            confidence=found.operation.confidence,
            related=project.related(places),
            fix=rule.repair(
                "answer the conflict",
                partial(_answer, found),
                text="catch DuplicateKeyError, read the latest again and insert once more",
                reason="the client sees 409 in the place of 500",
            ),
        )


def _answer(found: Any, draft: Draft) -> None:
    draft.answer_conflict(found)


EXAMPLES = [
    Bad(
        """\
        from fastapi import FastAPI, HTTPException
        from pymongo import AsyncMongoClient

        app = FastAPI()
        db = AsyncMongoClient(timeoutMS=5000).app
        db.pages.create_index([("page", 1), ("version", 1)], unique=True)


        @app.post("/pages/{page}/versions")
        async def save(page: str, text: str):
            latest = await db.pages.find_one({"page": page}, sort=[("version", -1)])
            if latest is None:
                raise HTTPException(404)
            document = {"page": page, "version": latest["version"] + 1, "text": text}
            await db.pages.insert_one(document)
            return document["version"]
        """,
        at=("insert_one",),
        message="one more than the latest version that find_one read: of two requests at the same time page_1",
        fixed="""\
        from fastapi import FastAPI, HTTPException
        from pymongo import AsyncMongoClient
        from pymongo.errors import DuplicateKeyError

        app = FastAPI()
        db = AsyncMongoClient(timeoutMS=5000).app
        db.pages.create_index([("page", 1), ("version", 1)], unique=True)


        @app.post("/pages/{page}/versions")
        async def save(page: str, text: str):
            latest = await db.pages.find_one({"page": page}, sort=[("version", -1)])
            if latest is None:
                raise HTTPException(404)
            document = {"page": page, "version": latest["version"] + 1, "text": text}
            try:
                await db.pages.insert_one(document)
            except DuplicateKeyError:
                raise HTTPException(status_code=409, detail="another request took the next version") from None
            return document["version"]
        """,
    ),
    Bad(
        """\
        from pymongo import MongoClient

        db = MongoClient(timeoutMS=5000).app
        db.invoices.create_index("number", unique=True)


        def next_number():
            latest = db.invoices.find_one({}, sort=[("number", -1)])
            return (latest["number"] if latest else 0) + 1


        def bill(customer, total):
            db.invoices.insert_one({"number": next_number(), "customer": customer, "total": total})
        """,
        at=("insert_one",),
        message="one more than the latest number that next_number read",
    ),
    Good(
        """\
        from pymongo import MongoClient
        from pymongo.errors import DuplicateKeyError

        db = MongoClient(timeoutMS=5000).app
        db.invoices.create_index("number", unique=True)
        db.lines.create_index([("invoice", 1), ("place", 1)])


        def bill(customer, total):
            while True:
                latest = db.invoices.find_one({}, sort=[("number", -1)])
                try:
                    return add(customer, total, latest["number"] + 1)
                except DuplicateKeyError:
                    continue


        def add(customer, total, number):
            db.invoices.insert_one({"number": number, "customer": customer, "total": total})
            return number


        def put(invoice, text):
            last = db.lines.find_one({"invoice": invoice}, sort=[("place", -1)])
            db.lines.insert_one({"invoice": invoice, "text": text, "place": last["place"] + 1})
        """,
        why="tried again; an order in which two may stand at one place",
    ),
]
