"""Two writes to different collections that belong together, with nothing that makes them one.

What it flags
    In one function, without a session: a write, and after it one to another collection that has the same id, or the
    ``inserted_id`` of the first; that goes through the items which the first stores, as an order does that takes goods
    from the stock; or, where ids of one document name those of both, that changes this document. The first may be that
    of a helper, which is given the ``_id`` of the second. One finding a function, at the second write.

Why it hurts
    MongoDB keeps one document whole, not two: when the process ends, or the second write fails, the first one stays,
    and an order has no lines, or a deleted user's books remain.

What it leaves alone
    Writes with a session or in a transaction; those in ``except`` clauses; those between which another system is
    asked, as no transaction should wait for that; collections of logs, events, caches and jobs, unless others refer
    to their documents; other writes in helpers; scripts. Where one of the two may be missing for a while, nothing is
    wrong.

Fix and its safety
    Shown only: a transaction needs a replica set, and a session for each of the writes.

Sources
    MongoDB manual, "Atomicity and Transactions" and "Transactions".
"""

from collections.abc import Iterator
from functools import partial

from mongolint.rule import Applicability, Bad, Draft, Finding, Good, NoFix, Project, Rule, Severity

rule = Rule(
    "MDB404",
    "multi-collection-write-without-transaction",
    Severity.LOW,
    tier="review",
    fix=Applicability.DISPLAY,
    concern="integrity",
    transactional=True,
    asks_documents=True,
)

_BLOCKS = {
    "sync": "with client.start_session() as session, session.start_transaction()",
    "async": "async with client.start_session() as session, await session.start_transaction()",
    "motor": "async with await client.start_session() as session, session.start_transaction()",
}


@rule.on(Project)
def check(project: Project) -> Iterator[Finding]:
    for pair in project.sessions.dependent_writes:
        first, second = pair.first, pair.second
        through = "" if pair.call is None else f" (through {project.callee_name(second.module, pair.call)})"
        place = project.operation_span(first) if pair.call is None else project.token(second.module, pair.call)
        tie = f"for the same {pair.shared}" if pair.shared else "with what that gives"
        yield rule.finding(
            project.operation_span(second),
            f"{second.name} on {second.target} follows {first.name} on {first.target}{through} {tie}, in no "
            "transaction: a failure between leaves one without the other; give both the session of a transaction",
            confidence=second.confidence,
            related=project.related([(place, "the first write")]),
            fix=rule.repair(
                "write both in a transaction",
                partial(_by_hand, second.module),
                text=f"{_BLOCKS.get(second.flavour, _BLOCKS['sync'])}: …  # both writes with session=session",
            ),
        )


def _by_hand(module: int, draft: Draft) -> None:
    if not draft.project.made_clients.knows_transactions(module):
        raise NoFix("it needs PyMongo 3.7, a replica set, and a client at hand")
    raise NoFix("it needs a replica set, and a client at hand")


EXAMPLES = [
    Bad(
        """\
        from pymongo import MongoClient

        db = MongoClient(timeoutMS=5000).app
        db.tokens.create_index("token", unique=True)


        def reset(token, password):
            found = db.tokens.find_one({"token": token, "used": False})
            if found:
                db.users.update_one({"_id": found["user_id"]}, {"$set": {"password": password}})
                db.tokens.update_one({"_id": found["_id"]}, {"$set": {"used": True}})


        def place(cart, total):
            db.orders.insert_one({"items": cart["items"], "total": total})
            for item in cart["items"]:
                db.stock.update_one({"_id": item["product"]}, {"$inc": {"left": -1}})


        def join(key):
            found = db.tokens.find_one({"token": key})
            db.users.update_one({"_id": found["user_id"]}, {"$set": {"seen": True}})
            db.teams.update_one({"_id": found["team_id"]}, {"$set": {"seen": True}})
        """,
        at=("update_one", "update_one"),
        message="update_one on tokens follows update_one on users for the same document of tokens, in no transaction",
    ),
    Bad(
        """\
        from pymongo import MongoClient

        db = MongoClient(timeoutMS=5000).app


        def remove(book_id):
            db.books.delete_one({"_id": book_id})
            db.questions.delete_many({"book_id": book_id})


        def create(owner_id, title):
            book = db.books.insert_one({"title": title})
            db.users.update_one({"name": owner_id}, {"$push": {"books": {"$each": [book.inserted_id], "$slice": -99}}})
        """,
        at=("delete_many", "update_one"),
        message="delete_many on questions follows delete_one on books for the same book_id",
    ),
    Bad(
        """\
        from bson import ObjectId
        from pymongo import MongoClient

        db = MongoClient(timeoutMS=5000).app


        def remove(number, owner_id):
            order = db.orders.find_one({"number": number, "owner_id": owner_id})
            db.lines.delete_many({"order": str(order["_id"]), "owner_id": owner_id})
            db.orders.delete_one({"_id": order["_id"]})
        """,
        at=("delete_one",),
        message="for the same _id, in no transaction",
    ),
    Bad(
        """\
        from pymongo import MongoClient

        db = MongoClient(timeoutMS=5000).app


        def take_out(team_id):
            db.users.update_many({"teams": team_id}, {"$pull": {"teams": team_id}})


        def remove(team_id):
            take_out(team_id)
            db.teams.delete_one({"_id": team_id})


        def rename(team_id, name):
            db.teams.update_one({"_id": team_id}, {"$set": {"name": name}})
            take_out(name)
        """,
        at=("delete_one",),
        message="delete_one on teams follows update_many on users (through take_out) for the same team_id",
    ),
    Bad(
        """\
        from bson import ObjectId
        from pymongo import MongoClient

        db = MongoClient(timeoutMS=5000).app


        def apply(job_id, name):
            if db.jobs.find_one({"_id": ObjectId(job_id)}):
                db.candidates.insert_one({"job_id": ObjectId(job_id), "name": name})
                db.jobs.update_one({"_id": ObjectId(job_id)}, {"$inc": {"candidates": 1}})
        """,
        at=("update_one",),
        message="update_one on jobs follows insert_one on candidates for the same job_id",
    ),
    Good(
        """\
        from pymongo import MongoClient

        client = MongoClient(timeoutMS=5000)
        db = client.app


        def remove(book_id):
            with client.start_session() as session, session.start_transaction():
                db.books.delete_one({"_id": book_id}, session=session)
                db.covers.delete_one({"_id": book_id}, session=session)


        def touch(book_id):
            db.books.update_one({"_id": book_id}, {"$set": {"seen": True}})
            db.audit_logs.insert_one({"book_id": book_id})
        """,
        why="a transaction; a log is told beside",
    ),
    Good(
        """\
        import httpx
        from bson import ObjectId
        from motor.motor_asyncio import AsyncIOMotorClient

        db = AsyncIOMotorClient(timeoutMS=5000).app


        async def call(person_id, url):
            await db.people.update_one({"_id": ObjectId(person_id)}, {"$set": {"in_call": True}})
            async with httpx.AsyncClient() as client:
                answer = await client.post(url)
            await db.calls.insert_one({"person_id": ObjectId(person_id), "status": answer.status_code})


        async def move(first, second):
            await db.people.update_one({"_id": ObjectId(first)}, {"$set": {"moved": True}})
            await db.homes.update_one({"_id": ObjectId(second)}, {"$set": {"taken": True}})
        """,
        why="a transaction would wait for the other system; two ids are not one because both are made by ObjectId",
    ),
    Bad(
        """\
        from pymongo import MongoClient

        db = MongoClient(timeoutMS=5000).app


        def ask(user_id, text, reward):
            if reward > 0:
                db.users.update_one({"_id": user_id}, {"$inc": {"coins": -reward}})
            db.questions.insert_one({"user_id": user_id, "text": text, "reward": reward})
        """,
        at=("insert_one",),
        message="insert_one on questions follows update_one on users for the same user_id",
    ),
    Good(
        """\
        from pymongo import MongoClient

        db = MongoClient(timeoutMS=5000).app


        def leave(user_id, hides):
            if hides:
                db.users.update_one({"_id": user_id}, {"$set": {"hidden": True}})
                return
            db.leavers.insert_one({"user_id": user_id})
        """,
        why="the one or the other",
    ),
]
