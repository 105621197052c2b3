"""An operation in a transaction that is not given the session, and so runs outside of it.

What it flags
    Reads and writes in ``with session.start_transaction():``, between ``start_transaction()`` and
    ``commit_transaction()``, and in the callbacks of ``with_transaction``, the project's own too, without ``session=``:
    also through helpers that are not given the session, or take none, at the call that should hand it on.

Why it hurts
    A write outside is not rolled back, a read outside does not see what the transaction wrote. A write to a document
    that the transaction has changed waits for it to end, which it does not before the write is done: until a time
    limit, or the server after 60 seconds, ends one of them.

What it leaves alone
    ``session.bind()`` (PyMongo 4.17), which passes it by itself; ``session=None`` by name; ``except`` clauses, which
    tell of what failed; reads by a helper that takes no session; coroutines that are not awaited at once; index
    builds and commands; the collections of another client, and of admin, config and local.

Fix and its safety
    ``session=session`` where the method or helper takes it. Unsafe: the operation becomes part of the transaction.

Sources
    PyMongo documentation, ``ClientSession.start_transaction``, ``with_transaction`` and ``bind``; MongoDB manual,
    "Production Considerations" of transactions (in-progress transactions and write conflicts, runtime limit).
"""

from collections.abc import Iterator
from functools import partial
from typing import Any

from mongolint.rule import Applicability, Bad, Draft, Finding, Good, Project, Rule, Severity

rule = Rule(
    "MDB402",
    "session-not-passed",
    Severity.HIGH,
    fix=Applicability.UNSAFE,
    concern="integrity",
    transactional=True,
)


@rule.on(Project)
def check(project: Project) -> Iterator[Finding]:
    for outside in project.sessions.outside:
        operation, region = outside.operation, outside.region
        what = f"{operation.name} on {outside.target}"
        name = project.callee_name(outside.module, outside.row)
        who = what if outside.is_direct else f"{name} runs {what}, and"
        harm = "is not rolled back with it" if operation.method.kind == "write" else "does not see what it wrote"
        todo = f"pass {outside.parameter}=…" if outside.parameter else f"give {name} a session"
        places = [(project.token(region.start_module, region.start), "the transaction")]
        if not outside.is_direct:
            places.append((project.operation_span(operation), "the operation"))
        yield rule.finding(
            project.token(outside.module, outside.row),
            f"{who} is not given the session: it runs outside the transaction, and {harm}; {todo}",
            confidence=operation.confidence,
            related=project.related(places),
            fix=rule.repair(
                "pass the session",
                partial(_write, outside),
                text=f"give {name} a parameter session=None, pass it to its operations, and call it with the session",
                reason="the operation becomes part of the transaction",
            ),
        )


def _write(outside: Any, draft: Draft) -> None:
    draft.pass_session(outside)


EXAMPLES = [
    Bad(
        """\
        from pymongo import MongoClient

        client = MongoClient(timeoutMS=5000)
        accounts = client.bank.accounts
        moves = client.bank.moves


        def move(amount, source, target):
            with client.start_session() as session:
                with session.start_transaction():
                    accounts.update_one({"_id": source}, {"$inc": {"balance": -amount}}, session=session)
                    accounts.update_one({"_id": target}, {"$inc": {"balance": amount}})
                    moves.insert_one(
                        {"from": source, "to": target, "amount": amount},  # for the statement
                    )
        """,
        at=("update_one", "insert_one"),
        message="update_one on accounts is not given the session",
        fixed="""\
        from pymongo import MongoClient

        client = MongoClient(timeoutMS=5000)
        accounts = client.bank.accounts
        moves = client.bank.moves


        def move(amount, source, target):
            with client.start_session() as session:
                with session.start_transaction():
                    accounts.update_one({"_id": source}, {"$inc": {"balance": -amount}}, session=session)
                    accounts.update_one({"_id": target}, {"$inc": {"balance": amount}}, session=session)
                    moves.insert_one(
                        {"from": source, "to": target, "amount": amount},  # for the statement
                        session=session,
                    )
        """,
    ),
    Bad(
        """\
        from pymongo import AsyncMongoClient

        client = AsyncMongoClient(timeoutMS=5000)
        db = client.shop


        async def order(customer, lines):
            async def place(s):
                result = await db.orders.insert_one({"customer": customer, "lines": lines})
                await count(customer)
                return result.inserted_id

            async with client.start_session() as session:
                return await session.with_transaction(place)


        async def count(customer, session=None):
            await db.customers.update_one({"_id": customer}, {"$inc": {"orders": 1}}, session=session)
        """,
        at=("insert_one", "count"),
        message="it runs outside the transaction, and is not rolled back with it",
        fixed="""\
        from pymongo import AsyncMongoClient

        client = AsyncMongoClient(timeoutMS=5000)
        db = client.shop


        async def order(customer, lines):
            async def place(s):
                result = await db.orders.insert_one({"customer": customer, "lines": lines}, session=s)
                await count(customer, session=s)
                return result.inserted_id

            async with client.start_session() as session:
                return await session.with_transaction(place)


        async def count(customer, session=None):
            await db.customers.update_one({"_id": customer}, {"$inc": {"orders": 1}}, session=session)
        """,
    ),
    Bad(
        """\
        from motor.motor_asyncio import AsyncIOMotorClient

        client = AsyncIOMotorClient(timeoutMS=5000)
        db = client.shop


        async def cancel(order_id):
            async with await client.start_session() as session:
                async with session.start_transaction():
                    await close(order_id)


        async def close(order_id):
            await db.orders.update_one({"_id": order_id}, {"$set": {"state": "cancelled"}})
        """,
        at=("close",),
        message="close runs update_one on orders, and is not given the session",
    ),
    Good(
        """\
        from pymongo import MongoClient

        client = MongoClient(timeoutMS=5000)
        db = client.shop


        def order(customer, lines):
            with client.start_session() as session, session.bind(), session.start_transaction():
                db.orders.insert_one({"customer": customer, "lines": lines})
                db.customers.update_one({"_id": customer}, {"$inc": {"orders": 1}})


        def order_or_tell(customer, lines):
            with client.start_session() as session, session.start_transaction():
                price = look_up(lines)
                try:
                    db.orders.insert_one({"customer": customer, "price": price}, session=session)
                except Exception as error:
                    db.failures.insert_one({"customer": customer, "error": str(error)})
                    raise


        def look_up(lines):
            return db.prices.find_one({"_id": lines[0]["article"]})["price"]
        """,
        why="bind passes the session; what failed is told outside; a look-up of what the transaction does not write",
    ),
]
