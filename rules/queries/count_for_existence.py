"""A count of all matching documents, of which only "any or none" is asked.

What it flags
    ``count_documents(…)`` whose result is only compared with 0 or tested for truth. ``find(…).count()`` and
    ``count(…)`` of PyMongo 3 as well.

Why it hurts
    The server counts every matching document, although the first one answers the question: the more there are, the
    longer it takes.

What it leaves alone
    Filters by ``_id`` or a unique key, which match one document at most; counts with ``limit``; counts that are used
    as a number somewhere, too.

Fix and its safety
    ``limit=1``. Safe: the count is 0 in the same cases. PyMongo 4 has no ``count``, so there a person writes it.

Sources
    PyMongo documentation, ``count_documents`` (``limit``); MongoDB manual, ``db.collection.countDocuments()``: it runs
    an aggregation over all that matches.
"""

from collections.abc import Iterator

from mongolint.rule import Applicability, Bad, Draft, Finding, Good, NoFix, Project, Query, Rule, Severity

rule = Rule("MDB112", "count-for-existence", Severity.LOW, fix=Applicability.SAFE, concern="speed")


@rule.on(Query)
def check(query: Query, project: Project) -> Iterator[Finding]:
    count = project.results.existence(query)
    if count is None:
        return
    is_old = query.name != "count_documents"

    def write(draft: Draft) -> None:
        if is_old:
            raise NoFix("PyMongo 4 has no count")
        draft.add_argument(count.module, count.row, "limit", "1")

    what = "counts every match" if query.filter.required or query.filter.open else "counts the whole collection"
    form = "count_documents(…, limit=1)" if is_old else "limit=1"
    yield rule.finding(
        project.token(count.module, count.row),
        f"{'count' if is_old else query.name} on {query.target} {what} to tell whether there is any; pass {form}",
        confidence=query.confidence,
        fix=rule.repair("stop at the first", write, text=f"pass {form}"),
    )


EXAMPLES = [
    Bad(
        """\
        from pymongo import MongoClient

        db = MongoClient(timeoutMS=5000).app
        db.orders.create_index("status")


        def has_open_orders():
            return db.orders.count_documents({"status": "open"}) > 0


        def is_idle():
            count = db.orders.count_documents({"status": "open"})
            if not count:
                return True
            return False
        """,
        at=("count_documents", "count_documents"),
        message="count_documents on orders counts every match to tell whether there is any; pass limit=1",
        fixed="""\
        from pymongo import MongoClient

        db = MongoClient(timeoutMS=5000).app
        db.orders.create_index("status")


        def has_open_orders():
            return db.orders.count_documents({"status": "open"}, limit=1) > 0


        def is_idle():
            count = db.orders.count_documents({"status": "open"}, limit=1)
            if not count:
                return True
            return False
        """,
    ),
    Bad(
        """\
        from motor.motor_asyncio import AsyncIOMotorClient

        db = AsyncIOMotorClient(timeoutMS=5000).app


        async def is_first():
            if await db.users.count_documents({}) == 0:
                return True
            return bool(await db.invites.count_documents({}))
        """,
        at=("count_documents", "count_documents"),
        message="counts the whole collection",
        fixed="""\
        from motor.motor_asyncio import AsyncIOMotorClient

        db = AsyncIOMotorClient(timeoutMS=5000).app


        async def is_first():
            if await db.users.count_documents({}, limit=1) == 0:
                return True
            return bool(await db.invites.count_documents({}, limit=1))
        """,
    ),
    Good(
        """\
        from pymongo import MongoClient

        db = MongoClient(timeoutMS=5000).app
        db.orders.create_index("status")


        def summary(order_id):
            count = db.orders.count_documents({"status": "open"})
            if count > 0 and db.orders.count_documents({"_id": order_id}):
                return f"{count} orders"
            if db.orders.count_documents({"status": "late"}, limit=1):
                return "some are late"
            return db.orders.count_documents({"status": "sent"}) > 10
        """,
        why="the number is shown; one document at most; limited already; another question",
    ),
]
