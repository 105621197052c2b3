"""Results that nothing bounds: all of them at once, or as many as a request asks for.

What it flags
    ``to_list()`` and ``to_list(None)``, ``list(…)`` and comprehensions over a cursor, loops that append each document:
    without a limit, in code that a request reaches, on collections into which the application itself inserts. Low
    where a filter, such as a status or a range, leaves only a part of the collection.

    As low, too: a limit that a parameter of a FastAPI handler says, an ``int`` that may be any number.

Why it hurts
    The list grows with the collection, or is as long as somebody likes. One request then holds all of it in memory,
    and the response with it, until the process is killed.

What it leaves alone
    Queries by ``_id``, by unique keys, by a list of keys, or for a value that is given: what belongs to one user or
    order. Cursors that are limited on some path; pipelines that group, count or limit; results that are handled one
    by one, or of which each is sent something; what a cache keeps, and is read only where it does not; collections
    that only scripts or nobody fills. Parameters with a bound, or that the code compares.

Fix and its safety
    A limit of 1000 (option ``default``). Unsafe: what is beyond it is left out; pages are the better answer. None
    where the list is written to a file whole, sliced, drawn from by chance, or only counted, where the same request
    changes documents of the collection, or counts or changes others by their keys, or where it is a helper that others
    give another filter.

Sources
    PyMongo documentation, ``AsyncCursor.to_list`` (``length=None``: all), and Motor 3.6 changelog (it became optional).
"""

from collections.abc import Iterator

from mongolint.rule import Applicability, Bad, Draft, Finding, Good, NoFix, Project, Query, Rule, Severity

rule = Rule(
    "MDB110",
    "unbounded-result",
    Severity.MEDIUM,
    fix=Applicability.UNSAFE,
    concern="resilience",
    options={"default": 1000},
)


# What to do where no number would be right
_INSTEAD = {
    "written": "write each document as the cursor gives it, for a limit would leave some out of what is written",
    "sliced": "let the query limit what the slice takes of it",
    "worked": "work through the cursor in parts, for a limit would leave some undone",
    "drawn": "let the server draw with $sample, for a limit would leave some that are never drawn",
    "given": "give the helper a limit, or let it give back the cursor",
    "asked": "join the collections in one pipeline, for a limit would leave some out of what is counted or changed",
    "counted": "let the server count, for only the length of the list is asked for",
}


@rule.on(Query)
def check(query: Query, project: Project) -> Iterator[Finding]:
    found = project.results.unbounded(query)
    if found is None:
        yield from _as_asked(query, project)
        return
    count = project.option(rule.name, "default")
    handler = project.function_name(*found.path.handler)
    form = f"bound it with .to_list({count})" if found.by == "to_list" else f"bound it with limit={count}"
    advice = _INSTEAD.get(found.use, f"page it, or {form}")
    yield rule.finding(
        project.operation_span(query),
        f"{query.name} on {query.target} is read whole (by {found.by}) whenever {handler} runs, and grows with the "
        f"collection; {advice}",
        severity=Severity.LOW if found.narrow else None,
        confidence=query.confidence,
        related=project.related([(project.token(*call), "the call that leads to it") for call in found.path.calls]),
        fix=rule.repair(
            _INSTEAD[found.use].partition(", for ")[0] if found.use else f"read no more than {count}",
            lambda draft: draft.bound_result(found, count),
            text=_INSTEAD.get(found.use, 'add {"$limit": …} to the pipeline' if query.name == "aggregate" else form),
            reason=f"what is beyond the first {count} is left out",
        ),
    )


def _as_asked(query: Query, project: Project) -> Iterator[Finding]:
    """A page of the size that a request asks for."""
    found = project.results.asked_sizes(query)
    if found:
        most, name = project.option(rule.name, "default"), " or ".join(dict.fromkeys(each.parameter for each in found))
        read = dict.fromkeys(each.collection.name if each.collection else None for each in found)
        target = query.target if None in read else " or ".join(map(str, read))
        places = ((project.function_span(*e.handler), f"takes {e.parameter} from the request") for e in found)
        yield rule.finding(
            project.operation_span(query),
            f"{query.name} on {target} returns as many documents as a request asks for by {name}, which nothing "
            f"bounds; declare {name} with le={most}",
            severity=Severity.LOW,
            confidence=query.confidence,
            related=project.related(places),
            fix=rule.repair(
                "bound the size of a page", _kept, text=f"declare {name} as int = Query(…, ge=1, le={most})"
            ),
        )


def _kept(draft: Draft) -> None:
    raise NoFix("how large a page may be is for the application to say")


EXAMPLES = [
    Bad(
        """\
        from fastapi import FastAPI
        from motor.motor_asyncio import AsyncIOMotorClient

        app = FastAPI()
        db = AsyncIOMotorClient(timeoutMS=5000).app


        async def all_users():
            return await db.users.find().to_list(length=None)


        @app.get("/users")
        async def show_users():
            return await all_users()


        @app.post("/users")
        async def add_user(user: dict):
            await db.users.insert_one(user)
        """,
        at=("find",),
        message="find on users is read whole (by to_list) whenever show_users runs",
        fixed="""\
        from fastapi import FastAPI
        from motor.motor_asyncio import AsyncIOMotorClient

        app = FastAPI()
        db = AsyncIOMotorClient(timeoutMS=5000).app


        async def all_users():
            return await db.users.find().to_list(length=1000)


        @app.get("/users")
        async def show_users():
            return await all_users()


        @app.post("/users")
        async def add_user(user: dict):
            await db.users.insert_one(user)
        """,
    ),
    Bad(
        """\
        from flask import Flask
        from pymongo import MongoClient

        app = Flask(__name__)
        db = MongoClient(timeoutMS=5000).app
        db.orders.create_index([("seen", 1)])


        @app.get("/orders")
        def show_orders():
            return {"orders": list(db.orders.find().sort("seen", 1))}


        @app.get("/late")
        def show_late():
            late = []
            for order in db.orders.find({"seen": {"$exists": False}}):
                late.append(order["number"])
            return {"late": late, "new": [order["_id"] for order in db.orders.find({"seen": {"$gt": 0}})]}


        @app.post("/orders")
        def add_order(order: dict):
            db.orders.insert_one(order)
        """,
        at=("find", "find", "find"),
        fixed="""\
        from flask import Flask
        from pymongo import MongoClient

        app = Flask(__name__)
        db = MongoClient(timeoutMS=5000).app
        db.orders.create_index([("seen", 1)])


        @app.get("/orders")
        def show_orders():
            return {"orders": list(db.orders.find(limit=1000).sort("seen", 1))}


        @app.get("/late")
        def show_late():
            late = []
            for order in db.orders.find({"seen": {"$exists": False}}, limit=1000):
                late.append(order["number"])
            return {"late": late, "new": [order["_id"] for order in db.orders.find({"seen": {"$gt": 0}}, limit=1000)]}


        @app.post("/orders")
        def add_order(order: dict):
            db.orders.insert_one(order)
        """,
    ),
    Bad(
        """\
        from fastapi import FastAPI
        from motor.motor_asyncio import AsyncIOMotorClient

        app = FastAPI()
        db = AsyncIOMotorClient(timeoutMS=5000).app


        @app.get("/users")
        async def show_users(pageSize: int = 20):
            return await db.users.find(limit=pageSize, sort=[("_id", 1)]).to_list(length=pageSize)


        @app.get("/stats")
        async def stats():
            ids = [job["_id"] async for job in db.jobs.find({}, {"_id": 1})]
            return await db.tasks.count_documents({"job": {"$in": ids}})


        @app.post("/jobs")
        async def add_job(job: dict):
            await db.jobs.insert_one(job)
        """,
        at=("find", "find"),
        message="find on users returns as many documents as a request asks for by pageSize, which nothing bounds",
    ),
    Good(
        """\
        from fastapi import FastAPI
        from motor.motor_asyncio import AsyncIOMotorClient

        app = FastAPI()
        db = AsyncIOMotorClient(timeoutMS=5000).app


        @app.on_event("startup")
        async def start():
            await db.users.create_index("team")


        @app.get("/users")
        async def show_users(ids: list, size: int):
            named = await db.users.find({"_id": {"$in": ids}}).to_list(None)
            page = await db.users.find().limit(size).to_list(None)
            counts = await db.users.aggregate([{"$group": {"_id": "$role", "count": {"$sum": 1}}}]).to_list(None)
            plans = await db.plans.find().to_list(None)
            return [named, page, counts, plans]


        @app.get("/users/{team}")
        async def show_team(team: str):
            return await db.users.find({"team": team}).to_list(None)


        @app.post("/users")
        async def add_user(user: dict):
            await db.users.insert_one(user)


        async def export(file):
            async for user in db.users.find():
                file.write(user["name"])
        """,
        why="named documents; a page; one for each role; plans are not added to; one team; one by one",
    ),
    Good(
        """\
        from fastapi import FastAPI
        from motor.motor_asyncio import AsyncIOMotorClient

        app = FastAPI()
        db = AsyncIOMotorClient(timeoutMS=5000).app


        async def all_users():
            return await db.users.find().to_list(None)


        @app.post("/users")
        async def add_user(user: dict):
            await db.users.insert_one(user)


        @app.post("/broadcast")
        async def broadcast(bot, text: str):
            for user in await all_users():
                await bot.send_message(user["_id"], text)
        """,
        why="nobody may be left out",
    ),
]
