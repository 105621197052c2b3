"""Documents that are read only to be counted.

What it flags
    ``len(list(find(…)))`` and ``len(await find(…).to_list())``, ``sum(1 for … in …)`` over such a list; also in those
    who call a helper that gives the list, be it as one of several that are gathered.

Why it hurts
    All of the documents are read, sent and decoded for one number, which the server could tell without them.

What it leaves alone
    Lists of which anything else is used; reads with a limit, and by ``_id`` or a list of keys; scripts.

Fix and its safety
    Shown only: ``count_documents`` with the same filter. What Python chooses by, the filter has to say, too.

Sources
    PyMongo documentation, ``count_documents``; MongoDB manual, ``db.collection.countDocuments()``.
"""

from collections.abc import Iterator

from mongolint.rule import Applicability, Bad, Draft, Finding, Good, NoFix, Project, Query, Rule, Severity

rule = Rule(
    "MDB114",
    "documents-read-to-count",
    Severity.LOW,
    fix=Applicability.DISPLAY,
    concern="speed",
    supersedes=("MDB110",),
)


@rule.on(Query)
def check(query: Query, project: Project) -> Iterator[Finding]:
    for found in project.results.counted(query):
        if project.is_script(query.module) or project.is_script(found.module):
            continue
        span = project.operation_span(query) if not found.function else project.token(found.module, found.row)
        through = f" (through {found.function})" if found.function else ""
        condition = ", and the condition as a part of its filter" if found.chosen else " with the same filter"
        yield rule.finding(
            span,
            f"{query.name} on {query.target}{through} reads all that it finds, and only the number is used; "
            f"use count_documents{condition}",
            confidence=query.confidence,
            related=project.related([(project.operation_span(query), "read here")] if found.function else []),
            fix=rule.repair("let the server count", _by_hand, text=f"use count_documents{condition}"),
        )


def _by_hand(draft: Draft) -> None:
    raise NoFix("the read and the count are written apart")


EXAMPLES = [
    Bad(
        """\
        from pymongo import MongoClient

        db = MongoClient(timeoutMS=5000).app
        db.users.create_index("master")


        def is_single():
            return len(list(db.users.find({"master": True}))) == 1
        """,
        at=("find",),
        message="find on users reads all that it finds, and only the number is used; use count_documents with the same",
    ),
    Bad(
        """\
        import asyncio

        from motor.motor_asyncio import AsyncIOMotorClient

        db = AsyncIOMotorClient(timeoutMS=5000).app
        db.logs.create_index("user")


        async def logs_of(user: str):
            return await db.logs.find({"user": user}).sort("at", 1).to_list(None)


        async def show(user: str):
            return [log["text"] for log in await logs_of(user)]


        async def begin(user: str, text: str):
            done, logs = await asyncio.gather(
                db.logs.insert_one({"user": user, "text": text, "at": text}),
                logs_of(user),
            )
            closed = sum(1 for log in logs if not log.get("open"))
            return done.inserted_id, closed
        """,
        at=("logs_of",),
        message="find on logs (through logs_of) reads all that it finds, and only the number is used; "
        "use count_documents, and the condition as a part of its filter",
    ),
    Good(
        """\
        from pymongo import MongoClient

        db = MongoClient(timeoutMS=5000).app
        db.logs.create_index("user")


        def logs_of(user: str, ids: list):
            found = list(db.logs.find({"user": user}))
            known = list(db.logs.find({"_id": {"$in": ids}}))
            first = list(db.logs.find({"user": user}).limit(10))
            return len(found), sum(log["size"] for log in found), len(known), len(first)


        def add(user: str, size: int):
            db.logs.insert_one({"user": user, "size": size})
        """,
        why="sizes are added up; keys or a limit bound the others",
    ),
    Good(
        """\
        from pymongo import MongoClient

        db = MongoClient(timeoutMS=5000).app


        def report(names: list, tell):
            found = list(db.users.find({}, {"name": 1}))
            for user in found:
                tell(user["name"])
            return sum(1 for name in names if name)
        """,
        why="what is counted is something else",
    ),
]
