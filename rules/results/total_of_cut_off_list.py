"""A number of all documents that is made of a list which is cut off.

What it flags
    ``reviews = await find(…).to_list(100)`` and then ``sum(r["stars"] for r in reviews) / len(reviews)``; sums,
    averages, least and greatest values and counts, also added up in a loop.

Why it hurts
    The number is right until there is one document more. From then on it is that of some of them; nobody is told, and
    nothing says which ones they are.

What it leaves alone
    Lists with a sort ("the last 100"), pages, filters that name the documents they want, lists whose name says that
    they are a part (``recent``, ``top``), counts that are held against a bound, collections that the application does
    not add to, lengths of 10000 and more; scripts.

Fix and its safety
    Shown only: an aggregation whose ``$group`` makes the number, or ``count_documents``.

Sources
    Motor documentation, ``to_list`` (length: the most documents that it gives); MongoDB manual, "$group".
"""

from collections.abc import Iterator

from mongolint.rule import Applicability, Bad, Draft, Finding, Good, NoFix, Project, Query, Rule, Severity

rule = Rule(
    "MDB115",
    "total-of-cut-off-list",
    Severity.MEDIUM,
    fix=Applicability.DISPLAY,
    concern="integrity",
)

_TITLES = {"count": "count", "sum": "add up", "avg": "make the average"}
_WORDS = {"sum": "the sum", "avg": "the average", "min": "the least", "max": "the greatest"}


@rule.on(Query)
def check(query: Query, project: Project) -> Iterator[Finding]:
    found = project.results.total(query)
    if found is None or project.is_script(query.module):
        return
    cut = f"{query.name} on {query.target} stops at {found.most} documents, in no order, and"
    if found.way == "count":
        what = f"{cut} only their number is used: where there are more, it says {found.most}"
        cure = "use count_documents with the same filter"
        text = cure
    else:
        of = f" of {found.field}" if found.field else ""
        what = f"{cut} {_WORDS[found.way]}{of} is made of them: where there are more, it is that of some"
        cure = f"let the server make it of all, with $group and ${found.way}"
        group = f'{{"_id": None, "{found.way}": {{"${found.way}": "${found.field or "…"}"}}}}'
        text = f'aggregate([{{"$match": …}}, {{"$group": {group}}}])'
    yield rule.finding(
        project.operation_span(query),
        f"{what}; {cure}",
        confidence=query.confidence,
        fix=rule.repair(f"let the server {_TITLES.get(found.way, 'make the number')}", _by_hand, text=text),
    )


def _by_hand(draft: Draft) -> None:
    raise NoFix("the read and what is made of it are written apart")


EXAMPLES = [
    Bad(
        """\
        from fastapi import FastAPI
        from motor.motor_asyncio import AsyncIOMotorClient

        app = FastAPI()
        db = AsyncIOMotorClient(timeoutMS=5000).shop


        @app.post("/reviews")
        async def rate(product: str, stars: int):
            await db.reviews.insert_one({"product": product, "stars": stars})


        @app.get("/products/{product}")
        async def page(product: str):
            reviews = await db.reviews.find({"product": product}, {"_id": 0, "stars": 1}).to_list(100)
            stars = round(sum(r["stars"] for r in reviews) / len(reviews), 1) if reviews else 0
            return {"stars": stars, "reviews": reviews}
        """,
        at=("find",),
        message="find on reviews stops at 100 documents, in no order, and the average of stars is made of them: where "
        "there are more, it is that of some; let the server make it of all, with $group and $avg",
    ),
    Bad(
        """\
        from fastapi import FastAPI
        from motor.motor_asyncio import AsyncIOMotorClient

        app = FastAPI()
        db = AsyncIOMotorClient(timeoutMS=5000).shop


        @app.post("/orders")
        async def order(user: str, price: float):
            await db.orders.insert_one({"user": user, "price": price, "paid": False})


        @app.get("/spent")
        async def spent(user: str):
            orders = await db.orders.find({"user": user}, {"_id": 0, "price": 1}).to_list(length=500)
            spent = 0
            for each in orders:
                spent += float(each.get("price", 0))
            return spent


        @app.get("/number")
        async def number():
            return {"orders": len(await db.orders.find({"paid": True}, {"_id": 1}).to_list(1000))}
        """,
        at=("find", "find"),
    ),
    Good(
        """\
        from fastapi import FastAPI
        from motor.motor_asyncio import AsyncIOMotorClient

        app = FastAPI()
        db = AsyncIOMotorClient(timeoutMS=5000).shop


        @app.on_event("startup")
        async def begin():
            await db.orders.create_index([("user", 1), ("at", -1)])


        @app.post("/orders")
        async def order(user: str, price: float, at):
            await db.orders.insert_one({"user": user, "price": price, "at": at})


        @app.get("/orders")
        async def show(user: str, ids: list):
            last = await db.orders.find({"user": user}).sort("at", -1).to_list(100)
            chosen = await db.orders.find({"_id": {"$in": ids}}).to_list(100)
            recent_orders = await db.orders.find({"user": user}).to_list(100)
            too_many = len(await db.orders.find({"user": user}, {"_id": 1}).to_list(100)) >= 100
            shown = await db.orders.find({"user": user}).to_list(100)
            return {
                "last": sum(each["price"] for each in last),
                "chosen": sum(each["price"] for each in chosen),
                "recent": sum(each["price"] for each in recent_orders),
                "too_many": too_many,
                "shown": shown,
                "count": len(shown),
            }
        """,
        why="sorted: the last; named by key; named as a part; held against a bound; the number of what is shown",
    ),
    Good(
        """\
        from fastapi import FastAPI
        from motor.motor_asyncio import AsyncIOMotorClient

        app = FastAPI()
        db = AsyncIOMotorClient(timeoutMS=5000).shop


        @app.get("/weights")
        async def weights():
            zones = await db.zones.find({}, {"_id": 0, "weight": 1}).to_list(100)
            return sum(zone["weight"] for zone in zones)
        """,
        why="the application adds no zones: they are settings",
    ),
    Good(
        """\
        from fastapi import FastAPI
        from motor.motor_asyncio import AsyncIOMotorClient

        app = FastAPI()
        db = AsyncIOMotorClient(timeoutMS=5000).shop


        @app.post("/users/{name}")
        async def add(name: str):
            await db.users.insert_one({"name": name})


        @app.get("/users")
        async def users(names: list[str]):
            found = await db.users.find({}, {"_id": 0, "name": 1}).to_list(100)
            shown = []
            for user in found:
                shown.append(user["name"])
            return shown, sum(1 for name in names if name)
        """,
        why="the number is of something else",
    ),
]
