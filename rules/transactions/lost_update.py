"""A field that is read, changed in Python and written back, so that of two changes at the same time one is lost.

What it flags
    A document read by ``find_one``, a field of it (or all of it) changed by arithmetic, ``append``, ``pop``, an item
    that is set, a comprehension …, and written back by ``$set`` or as a replacement, where the filter holds only which
    document it is. A change of what lies in the field counts, by another name too: of the items that a loop goes
    through, or of the attributes of an object that was made of the document. Also where a helper reads, changes or
    writes, or a framework injects what was read; told at the call that writes, in the function where both meet.

Why it hurts
    Two requests read the same value and each writes its own: the counter is one short, the entry that the other one
    appended is gone, and no error tells. The longer the code between, the more often.

What it leaves alone
    Filters that ask for a version, a date of change, the old value or a state; updates with a session, or bound to one;
    those under a lock; ``$inc``, ``$push`` and the like; values that do not come from the document; defaults filled in;
    scripts; attributes that get a new value, where that is all that is set.

Fix and its safety
    ``$inc`` for a number that something is added to, ``$push`` for a list that something is appended to, where the code
    between is plain; of a document that is written back whole, those fields that change. Unsafe: the value is no longer
    that which the code has computed, and what others changed meanwhile stays.

Sources
    MongoDB manual, "Atomicity and Transactions" (single documents, concurrency control), ``$inc``, ``$push``.
"""

from collections.abc import Iterator
from typing import Any

from mongolint.rule import Applicability, Bad, Finding, Good, Project, Rule, Severity

rule = Rule("MDB403", "lost-update", Severity.HIGH, fix=Applicability.UNSAFE, concern="integrity")

_COMPUTED = "the value is no longer that which the code has computed"
_OR = "; or put a version into the filter, and begin anew if nothing matched"


@rule.on(Project)
def check(project: Project) -> Iterator[Finding]:
    for lost in project.sessions.lost_updates:
        writer = project.callee_name(lost.module, lost.row)
        what = (lost.field or "a whole document") + (f" of {lost.target}" if lost.target else "")
        where = " where session is None" if lost.unless_session else ""
        places = [(project.token(*lost.read), "read here")]
        places += [] if lost.is_direct else [(project.operation_span(lost.operation), "the update")]
        yield rule.finding(
            project.token(lost.module, lost.row),
            f"{writer} writes back {what} as {lost.reader} read it and the code changed it: of two changes at the same "
            f"time one is lost{where}; {_advice(lost)}",
            severity=Severity.MEDIUM if lost.is_computed else None,  # as that of a mean, which forgets
            confidence=lost.operation.confidence,
            related=project.related(places),
            fix=rule.repair(
                "update the field in one step" if lost.field else "set only the fields that change",
                lambda draft, lost=lost: draft.change_in_place(lost),  # type: ignore[misc]
                text=_by_hand(lost),
                reason=_COMPUTED if lost.field else "what others changed meanwhile stays",
            ),
        )


def _advice(lost: Any) -> str:
    if lost.operator and lost.field != lost.whole:
        # The server refuses two changes of which one lies in the other
        return f"use {lost.operator} on {lost.field}, and set each other field of {lost.whole} by its own path"
    if lost.is_computed:
        return f'compute it in an update of its own: [{{"$set": {{"{lost.field}": …}}}}]'
    return f"use {lost.operator}" if lost.operator else "set only what changes, or put a version into the filter"


def _by_hand(lost: Any) -> str:
    if lost.operator and lost.field == lost.whole:
        return f"change the field with {lost.operator}"
    if lost.operator or lost.is_computed:
        return _advice(lost)
    return f"set only what changes, by its path{_OR}" if lost.field else f"name them in $set{_OR}"


EXAMPLES = [
    Bad(
        """\
        from pymongo import MongoClient

        shop = MongoClient(timeoutMS=5000).shop


        def sell(article_id, amount: int):
            article = shop.articles.find_one({"_id": article_id})
            sold = article.get("sold", 0) + amount
            shop.articles.update_one(
                {"_id": article_id},
                {"$set": {"sold": sold, "last": "sale"}},
            )


        def restock(article_id):
            article = shop.articles.find_one({"_id": article_id})
            shop.articles.update_one({"_id": article["_id"]}, {"$set": {"orders": article["orders"] - 1}})
        """,
        at=("update_one", "update_one"),
        message="update_one writes back sold of articles as find_one read it and the code changed it",
        fixed="""\
        from pymongo import MongoClient

        shop = MongoClient(timeoutMS=5000).shop


        def sell(article_id, amount: int):
            article = shop.articles.find_one({"_id": article_id})
            shop.articles.update_one(
                {"_id": article_id},
                {"$set": {"last": "sale"}, "$inc": {"sold": amount}},
            )


        def restock(article_id):
            article = shop.articles.find_one({"_id": article_id})
            shop.articles.update_one({"_id": article["_id"]}, {"$inc": {"orders": -1}})
        """,
    ),
    Bad(
        """\
        from pymongo import AsyncMongoClient

        db = AsyncMongoClient(timeoutMS=5000).app


        async def book(book_id):
            return await db.books.find_one({"_id": book_id})


        async def note(book_id, text):
            held = await book(book_id)
            notes = held.get("notes", [])
            notes.append({"text": text})
            await db.books.update_one({"_id": book_id}, {"$set": {"notes": notes}})


        async def drop(book_id, text):
            await db.books.update_one({"_id": book_id}, {"$pull": {"notes": {"text": text}}})
        """,
        at=("update_one",),
        message="as book read it and the code changed it: of two changes at the same time one is lost; use $push",
        fixed="""\
        from pymongo import AsyncMongoClient

        db = AsyncMongoClient(timeoutMS=5000).app


        async def book(book_id):
            return await db.books.find_one({"_id": book_id})


        async def note(book_id, text):
            held = await book(book_id)
            await db.books.update_one({"_id": book_id}, {"$push": {"notes": {"text": text}}})


        async def drop(book_id, text):
            await db.books.update_one({"_id": book_id}, {"$pull": {"notes": {"text": text}}})
        """,
    ),
    Bad(
        """\
        from pymongo import MongoClient

        db = MongoClient(timeoutMS=5000).app


        def save(user_id, changes):
            db.users.replace_one({"_id": user_id}, changes)


        def rename(user_id, name):
            user = db.users.find_one({"_id": user_id})
            user["name"] = name
            save(user_id, user)
        """,
        at=("save",),
        message="save writes back a whole document of users",
    ),
    Bad(
        """\
        from pymongo import MongoClient

        db = MongoClient(timeoutMS=5000).app


        def rewrite(book_id, text):
            book = db.books.find_one({"_id": book_id})
            history = book.get("history", [])
            history.append({"text": book["text"]})
            db.books.update_one({"_id": book_id}, {"$set": {"text": text, "history": history[-20:]}})
        """,
        at=("update_one",),
        message="one is lost; use $push with $each and $slice",
    ),
    Bad(
        """\
        from pymongo import MongoClient

        db = MongoClient(timeoutMS=5000).app


        def tag(book_id, tags):
            book = db.books.find_one({"_id": book_id})
            db.books.update_one({"_id": book_id}, {"$set": {"tags": list(set((book.get("tags") or []) + tags))}})
        """,
        at=("update_one",),
        message="one is lost; use $push or $addToSet, with $each",
    ),
    Bad(
        """\
        from pymongo import MongoClient

        db = MongoClient(timeoutMS=5000).app


        def answer(answer_id, answer: dict):
            held = db.answers.find_one({"_id": answer_id})
            history = held.get("meta", {}).get("history", [])
            history.append({"words": held["words"]})
            answer["meta"] = answer.get("meta", {})
            answer["meta"]["history"] = history
            db.answers.update_one({"_id": answer_id}, {"$set": answer})


        def ship(order_id, article_id):
            order = db.orders.find_one({"_id": order_id})
            for line in order["lines"]:
                if line["article_id"] == article_id:
                    line["shipped"] = True
            db.orders.update_one({"_id": order_id}, {"$set": {"lines": order["lines"]}})
        """,
        at=("update_one", "update_one"),
        message="use $push on meta.history, and set each other field of meta by its own path",
    ),
    Bad(
        """\
        from dataclasses import dataclass

        from pymongo import MongoClient

        db = MongoClient(timeoutMS=5000).app


        @dataclass
        class Team:
            id: str
            members: dict


        def team(team_id):
            found = db.teams.find_one({"_id": team_id})
            found["id"] = found.pop("_id")
            return Team(**found)


        def save_members(team):
            db.teams.update_one({"_id": team.id}, {"$set": {"members": team.members}})


        def join(team_id, user_id):
            held = team(team_id)
            held.members[user_id] = "member"
            save_members(held)
        """,
        at=("save_members",),
        message="save_members writes back members of teams as team read it and the code changed it",
    ),
    Good(
        """\
        from pymongo import MongoClient

        client = MongoClient(timeoutMS=5000)
        db = client.app


        def vote(user_id):
            user = db.users.find_one({"_id": user_id})
            query = {"_id": user_id, "version": user["version"]}
            done = db.users.update_one(query, {"$set": {"votes": user["votes"] - 1}, "$inc": {"version": 1}})
            return done.modified_count == 1


        def spend(user_id, amount):
            user = db.users.find_one({"_id": user_id})
            left = user["credit"] - amount
            db.users.update_one({"_id": user_id, "credit": user["credit"]}, {"$set": {"credit": left, "tier": "used"}})


        def move(user_id, amount):
            with client.start_session() as session, session.start_transaction():
                user = db.users.find_one({"_id": user_id}, session=session)
                db.users.update_one({"_id": user_id}, {"$set": {"n": user["n"] - amount}}, session=session)
        """,
        why="the filter asks for the version or the old value; it is a transaction",
    ),
]
