"""Pages of results that are in no order.

What it flags
    ``skip`` (a step, a keyword, a ``$skip`` stage) without a sort before it.

Why it hurts
    Without a sort the server gives documents in the order in which it happens to find them, and that changes with
    writes and with the plan: pages repeat some documents and miss others.

What it leaves alone
    ``skip(0)``, and a default of 0 that no request replaces; sorts that are added on some path only or by whoever
    gets the cursor; hints; searches by text or distance; one random document; arguments that are not plain to see.

Fix and its safety
    A sort by ``_id``, which indexes that are told to declare for the filter give. Unsafe: the order of the pages
    changes, and where an index is declared without ``_id`` behind the fields, the server sorts in memory.

Sources
    MongoDB manual, ``cursor.skip()`` ("Using skip() with sort()") and ``cursor.sort()`` ("Sort Consistency").
"""

from collections.abc import Iterator

from mongolint.rule import Applicability, Bad, Finding, Good, Project, Query, Rule, Severity

rule = Rule("MDB108", "unsorted-pagination", Severity.MEDIUM, fix=Applicability.UNSAFE, concern="integrity")


@rule.on(Query)
def check(query: Query, project: Project) -> Iterator[Finding]:
    page = project.results.unsorted_page(query)
    if page is None:
        return
    fields = ", ".join(project.filter_fields(query))
    memory = f", and without an index on {fields}, _id they are sorted in memory"
    form = {"step": '.sort("_id", 1)', "keyword": 'sort=[("_id", 1)]', "stage": '{"$sort": {"_id": 1}}'}[page.form]
    yield rule.finding(
        project.operation_span(query),
        f"{query.name} on {query.target} skips documents without a sort: their order is not defined, so pages repeat "
        f"or miss some; sort by what is unique, as with {form}",
        severity=project.severity(rule.severity, query.module),
        confidence=query.confidence,
        fix=rule.repair(
            "sort the pages by _id",
            lambda draft: draft.sort_page(page),
            text=f"add {form} before the skip",
            reason="the order of the pages changes" + (memory if project.results.is_sorted_in_memory(query) else ""),
        ),
    )


EXAMPLES = [
    Bad(
        """\
        from pymongo import MongoClient

        books = MongoClient(timeoutMS=5000).app.books
        books.create_index([("owner_id", 1), ("_id", 1)])


        def page(owner_id, number, size):
            cursor = books.find({"owner_id": owner_id}).skip(number * size).limit(size)
            return list(cursor)
        """,
        at=("find",),
        message="find on books skips documents without a sort",
        fixed="""\
        from pymongo import MongoClient

        books = MongoClient(timeoutMS=5000).app.books
        books.create_index([("owner_id", 1), ("_id", 1)])


        def page(owner_id, number, size):
            cursor = books.find({"owner_id": owner_id}).sort("_id", 1).skip(number * size).limit(size)
            return list(cursor)
        """,
    ),
    Bad(
        """\
        from motor.motor_asyncio import AsyncIOMotorClient

        db = AsyncIOMotorClient(timeoutMS=5000).app
        db.books.create_index([("owner_id", 1), ("_id", 1)])


        async def page(owner_id, skip, size):
            cursor = db.books.find({"owner_id": owner_id}, skip=skip, limit=size)
            return await cursor.to_list(length=size)


        async def joined(owner_id, skip, size):
            pipeline = [
                {"$match": {"owner_id": owner_id}},
                # one page
                {"$skip": skip},
                {"$limit": size},
            ]
            return await db.books.aggregate(pipeline).to_list(length=size)
        """,
        at=("find", "aggregate"),
        fixed="""\
        from motor.motor_asyncio import AsyncIOMotorClient

        db = AsyncIOMotorClient(timeoutMS=5000).app
        db.books.create_index([("owner_id", 1), ("_id", 1)])


        async def page(owner_id, skip, size):
            cursor = db.books.find({"owner_id": owner_id}, skip=skip, limit=size, sort=[("_id", 1)])
            return await cursor.to_list(length=size)


        async def joined(owner_id, skip, size):
            pipeline = [
                {"$match": {"owner_id": owner_id}},
                # one page
                {"$sort": {"_id": 1}},
                {"$skip": skip},
                {"$limit": size},
            ]
            return await db.books.aggregate(pipeline).to_list(length=size)
        """,
    ),
    Bad(
        """\
        from fastapi import FastAPI
        from motor.motor_asyncio import AsyncIOMotorClient

        app = FastAPI()
        db = AsyncIOMotorClient(timeoutMS=5000).app


        async def page(skip: int = 0, size: int = 10):
            return await db.books.find().skip(skip).limit(size).to_list(length=size)


        @app.get("/books")
        async def show_books(skip: int = 0):
            return await page(skip)
        """,
        at=("find",),
    ),
    Good(
        """\
        from motor.motor_asyncio import AsyncIOMotorClient

        db = AsyncIOMotorClient(timeoutMS=5000).app


        async def first(skip: int = 0, size: int = 10):
            return await db.books.find().skip(skip).limit(size).to_list(length=size)


        async def show():
            return await first(size=20)
        """,
        why="nobody asks for another page",
    ),
    Good(
        """\
        import random

        from pymongo import MongoClient

        books = MongoClient(timeoutMS=5000).app.books
        books.create_index([("owner_id", 1), ("title", 1)])


        def page(owner_id, skip, size, order=None):
            cursor = books.find({"owner_id": owner_id}).skip(skip).limit(size)
            if order:
                cursor = cursor.sort(order)
            return list(cursor)


        def sorted_page(owner_id, skip, size):
            return list(books.find({"owner_id": owner_id}).sort("title", 1).skip(skip).limit(size))


        def any_book(owner_id, count):
            return next(books.find({"owner_id": owner_id}).skip(random.randrange(count)).limit(1), None)


        def counted(owner_id, skip):
            pipeline = [
                {"$match": {"owner_id": owner_id}},
                {"$sort": {"title": 1}},
                {"$facet": {"page": [{"$skip": skip}, {"$limit": 10}], "total": [{"$count": "n"}]}},
            ]
            return list(books.aggregate(pipeline))
        """,
        why="sorted on some path; sorted; a random one; sorted before the branches",
    ),
]
