"""A state that is tested in Python and changed by an update that does not ask for it: two requests pass the test.

What it flags
    A document is read, a field of it tested (``if order["status"] != "open": raise``, ``if code.get("used"): return``,
    ``if show["seats"] < wanted: …``), then the same document updated so that the test would fail for the next one, with
    a filter that only says which document. Told where something happens once for each request that passes: an insert,
    an ``$inc``, a payment, a message; a code that is good for one use; or where another function takes the document
    from the same state to a different one. Helpers that read, test or write count.

Why it hurts
    Two requests at the same time, a double click say, both read the old state, both pass and both go on: the code is
    used twice, the order paid twice, the seat given twice. The second update finds its document and reports nothing.

What it leaves alone
    Filters that hold the state or a version; transactions; code under a lock; scripts; updates that do no more than to
    set the same value again; tries that are counted, logs and the like; inserts that a unique index may refuse.

Fix and its safety
    The state that was tested goes into the filter, and where no document matched the code leaves as behind the test:
    the server lets one request make the transition. Where what happens comes before the update, move the update in
    front of it. Unsafe: the one that comes late gets the answer that says so.

Sources
    MongoDB manual, "Atomicity and Transactions" (single documents, concurrency control: "use the expected current value
    of a field in the query filter").
"""

from collections.abc import Iterator
from functools import partial
from typing import Any

from mongolint.rule import Applicability, Bad, Draft, Finding, Good, Project, Rule, Severity

rule = Rule("MDB414", "state-not-in-filter", Severity.HIGH, fix=Applicability.UNSAFE, concern="integrity")

_GOING_ON = {True: "and go on only if it matched", False: "update before all else, and go on only if it matched"}


@rule.on(Project)
def check(project: Project) -> Iterator[Finding]:
    for race in project.sessions.state_races:
        writer = project.callee_name(race.module, race.row)
        what = race.field + (f" of {race.collection}" if race.collection else "")
        advice = f"put the state into the filter, {_GOING_ON[race.comes_first]}"
        places = [(project.token(*race.read), "read here")]
        if project.has_span(*race.test):
            places.append((project.span(*race.test), "tested here"))
        elif race.left is not None:
            places.append((project.token(*race.left), "left here where the test is not passed"))
        if race.twice.place is not None:
            places.append((project.token(*race.twice.place), race.twice.words))
        if not race.is_direct:
            places.append((project.operation_span(race.operation), "the update"))
        yield rule.finding(
            project.token(race.module, race.row),
            f"{writer} changes {what} because of a test of what {project.callee_name(*race.read)} read, and its filter "
            f"does not ask for that: two requests at the same time pass the test, {race.twice.words}; {advice}",
            severity=Severity.MEDIUM if race.twice.is_mild else None,
            confidence=race.operation.confidence,
            related=project.related(places),
            fix=rule.repair(
                "ask for the state in the filter",
                partial(_claim, race),
                text=f"{advice}: {race.field}",
                reason="of two requests the one that comes late gets the answer that says so",
            ),
        )


def _claim(race: Any, draft: Draft) -> None:
    draft.claim(race)


EXAMPLES = [
    Bad(
        """\
        from fastapi import FastAPI, HTTPException
        from pymongo import AsyncMongoClient

        app = FastAPI()
        db = AsyncMongoClient(timeoutMS=5000).app


        @app.post("/orders/{order_id}/ship")
        async def ship(order_id: str, now: str):
            order = await db.orders.find_one({"_id": order_id})
            if order is None or order["status"] != "paid":
                raise HTTPException(409)
            await db.orders.update_one({"_id": order_id}, {"$set": {"status": "shipped"}})
            await db.parcels.insert_one({"order_id": order_id, "at": now})
        """,
        at=("update_one",),
        message="two requests at the same time pass the test, both insert into parcels; put the state into the filter",
        fixed="""\
        from fastapi import FastAPI, HTTPException
        from pymongo import AsyncMongoClient

        app = FastAPI()
        db = AsyncMongoClient(timeoutMS=5000).app


        @app.post("/orders/{order_id}/ship")
        async def ship(order_id: str, now: str):
            order = await db.orders.find_one({"_id": order_id})
            if order is None or order["status"] != "paid":
                raise HTTPException(409)
            changed = await db.orders.update_one({"_id": order_id, "status": "paid"}, {"$set": {"status": "shipped"}})
            if changed.matched_count == 0:
                raise HTTPException(409)
            await db.parcels.insert_one({"order_id": order_id, "at": now})
        """,
    ),
    Bad(
        """\
        from pymongo import MongoClient

        db = MongoClient(timeoutMS=5000).app


        def book(show_id, seats, name):
            show = db.shows.find_one({"_id": show_id})
            if show["free"] < seats:
                return False
            db.shows.update_one({"_id": show_id}, {"$inc": {"free": -seats}})
            return True
        """,
        at=("update_one",),
        message="update_one changes free of shows because of a test of what find_one read, and its filter does not ask",
    ),
    Bad(
        """\
        from datetime import datetime, timezone

        from pymongo import MongoClient

        db = MongoClient(timeoutMS=5000).app


        def good(code):
            held = db.codes.find_one({"code": code})
            if not held or held.get("used_at"):
                raise ValueError(code)
            return held


        def use(code_id):
            db.codes.update_one({"_id": code_id}, {"$set": {"used_at": datetime.now(timezone.utc)}})


        def reset(code):
            held = good(code)
            use(held["_id"])
            return held["user_id"]
        """,
        at=("use",),
        message="pass the test, both use it",
    ),
    Bad(
        """\
        from pymongo import MongoClient

        db = MongoClient(timeoutMS=5000).app


        def approve(request_id):
            asked = db.requests.find_one({"_id": request_id})
            if asked["state"] == "open":
                db.requests.update_one({"_id": request_id}, {"$set": {"state": "approved"}})


        def reject(request_id):
            asked = db.requests.find_one({"_id": request_id})
            if asked["state"] == "open":
                db.requests.update_one({"_id": request_id}, {"$set": {"state": "rejected"}})
        """,
        at=("update_one", "update_one"),
        message="pass the test, the other in ",
    ),
    Good(
        """\
        from pymongo import MongoClient

        db = MongoClient(timeoutMS=5000).app


        def ship(order_id, now):
            order = db.orders.find_one({"_id": order_id})
            if order["status"] != "paid":
                return
            shipped = db.orders.update_one({"_id": order_id, "status": "paid"}, {"$set": {"status": "shipped"}})
            if shipped.matched_count:
                db.parcels.insert_one({"order_id": order_id, "at": now})
        """,
    ),
    Good(
        """\
        from pymongo import MongoClient

        db = MongoClient(timeoutMS=5000).app


        def read(message_id):
            message = db.messages.find_one({"_id": message_id})
            if not message["is_read"]:
                db.messages.update_one({"_id": message_id}, {"$set": {"is_read": True}})
            return message
        """,
        why="the same is set twice, and nothing else is done",
    ),
    Good(
        """\
        from pymongo import MongoClient

        db = MongoClient(timeoutMS=5000).app


        def check(session_id):
            session = db.sessions.find_one({"_id": session_id})
            if session["active"] and session["ended"]:
                db.sessions.update_one({"_id": session_id}, {"$set": {"active": False}})
                return None
            db.sessions.update_one({"_id": session_id}, {"$inc": {"requests": 1}})
            return session
        """,
        why="what adds up is on the other way",
    ),
]
