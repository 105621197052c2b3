"""A document that is read again right after it was written.

What it flags
    ``find_one`` with the same filter, by ``_id``, a unique key or one that the code takes for unique (MDB207), right
    after ``update_one``; ``find_one`` by ``inserted_id`` right after ``insert_one``.

Why it hurts
    A second round trip for what the server could have sent with the first one, and another client may have changed
    the document in between.

What it leaves alone
    Anything that runs in between, save for a check of what the write says and an error raised for it; other filters;
    reads in another function.

Fix and its safety
    ``find_one_and_update(…, return_document=ReturnDocument.AFTER)``. Unsafe: it returns the document as this update
    left it. Left to a person where the result of the write is used, and after an insert, which puts ``_id`` into the
    document that the program has.

Sources
    PyMongo documentation, ``find_one_and_update`` and ``insert_one`` (a missing ``_id`` is added to the document).
"""

from collections.abc import Iterator

from mongolint.rule import Applicability, Bad, Finding, Good, Project, Query, Rule, Severity

rule = Rule(
    "MDB111", "reread-after-write", Severity.LOW, fix=Applicability.UNSAFE, concern="speed", asks_documents=True
)
_UPDATED = "find_one_and_update(…, return_document=ReturnDocument.AFTER)"
_INSERTED = "use the document that was inserted, in which insert_one has put _id"


@rule.on(Query)
def check(query: Query, project: Project) -> Iterator[Finding]:
    found = project.results.reread(query)
    if found is None:
        return
    form = _INSERTED if found.kind == "insert" else f"let the write return it: {_UPDATED}"
    yield rule.finding(
        project.operation_span(query),
        f"{query.name} on {query.target} fetches what {found.write.name} has just written, with another round trip; "
        f"{form}",
        confidence=query.confidence,
        related=project.related([(project.operation_span(found.write), "the write")]),
        fix=rule.repair(
            "let the update return the document" if found.kind == "update" else "use the document that was inserted",
            lambda draft: draft.read_back(found),
            text=form,
            reason="it returns the document as this update left it",
        ),
    )


EXAMPLES = [
    Bad(
        """\
        from motor.motor_asyncio import AsyncIOMotorClient

        db = AsyncIOMotorClient(timeoutMS=5000).app


        async def save(user_id, new):
            await db.users.update_one({"_id": user_id}, {"$set": new, "$inc": {"changes": 1}})
            return await db.users.find_one({"_id": user_id})
        """,
        at=("find_one",),
        message="find_one on users fetches what update_one has just written",
        fixed="""\
        from motor.motor_asyncio import AsyncIOMotorClient
        from pymongo import ReturnDocument

        db = AsyncIOMotorClient(timeoutMS=5000).app


        async def save(user_id, new):
            return await db.users.find_one_and_update(
                {"_id": user_id},
                {"$set": new, "$inc": {"changes": 1}},
                return_document=ReturnDocument.AFTER,
            )
        """,
    ),
    Bad(
        """\
        from bson import ObjectId
        from pymongo import MongoClient, ReturnDocument

        users = MongoClient(timeoutMS=5000).app.users


        def rename(user_id, name):
            users.update_one(
                {"_id": ObjectId(user_id)},
                {"$set": {"name": name}},
                upsert=True,
            )
            user = users.find_one({"_id": ObjectId(user_id)}, {"name": 1})
            return user


        def close(user_id):
            result = users.update_one({"_id": user_id}, {"$set": {"closed": True}})
            if result.matched_count == 0:
                raise LookupError(user_id)
            return users.find_one({"_id": user_id})


        def add(user):
            result = users.insert_one(user)
            return users.find_one({"_id": result.inserted_id})


        def last(user_id):
            return users.find_one_and_delete({"_id": user_id}, projection={"name": 1})
        """,
        at=("find_one", "find_one", "find_one"),
        fixed="""\
        from bson import ObjectId
        from pymongo import MongoClient, ReturnDocument

        users = MongoClient(timeoutMS=5000).app.users


        def rename(user_id, name):
            user = users.find_one_and_update(
                {"_id": ObjectId(user_id)},
                {"$set": {"name": name}},
                upsert=True,
                projection={"name": 1},
                return_document=ReturnDocument.AFTER,
            )
            return user


        def close(user_id):
            result = users.update_one({"_id": user_id}, {"$set": {"closed": True}})
            if result.matched_count == 0:
                raise LookupError(user_id)
            return users.find_one({"_id": user_id})


        def add(user):
            result = users.insert_one(user)
            return users.find_one({"_id": result.inserted_id})


        def last(user_id):
            return users.find_one_and_delete({"_id": user_id}, projection={"name": 1})
        """,
    ),
    Bad(
        """\
        from uuid import uuid4

        from pymongo import MongoClient

        orders = MongoClient(timeoutMS=5000).app.orders


        def add(city):
            order = {"id": str(uuid4()), "city": city}
            orders.insert_one(order)
            return order["id"]


        def send(order_id, status):
            orders.update_one({"id": order_id}, {"$set": {"status": status}})
            return orders.find_one({"id": order_id}, {"_id": 0})


        def sent_to(city, status):
            orders.update_one({"city": city}, {"$set": {"status": status}})
            return orders.find_one({"city": city})
        """,
        at=("find_one",),
        fixed="""\
        from uuid import uuid4

        from pymongo import MongoClient, ReturnDocument

        orders = MongoClient(timeoutMS=5000).app.orders


        def add(city):
            order = {"id": str(uuid4()), "city": city}
            orders.insert_one(order)
            return order["id"]


        def send(order_id, status):
            return orders.find_one_and_update(
                {"id": order_id},
                {"$set": {"status": status}},
                projection={"_id": 0},
                return_document=ReturnDocument.AFTER,
            )


        def sent_to(city, status):
            orders.update_one({"city": city}, {"$set": {"status": status}})
            return orders.find_one({"city": city})
        """,
    ),
    Good(
        """\
        from pymongo import MongoClient

        users = MongoClient(timeoutMS=5000).app.users


        def rename(user_id, other_id, name, notify):
            users.update_one({"_id": user_id}, {"$set": {"name": name}})
            notify(user_id)
            user = users.find_one({"_id": user_id})
            users.update_one({"_id": user_id}, {"$set": {"seen": True}})
            return user, users.find_one({"_id": other_id})
        """,
        why="something runs in between; another document",
    ),
]
