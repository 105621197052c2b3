"""A hint at an index that is declared nowhere.

What it flags
    ``hint=`` and ``.hint(…)`` with a name or key pattern that no declared index of the collection has.

Why it hurts
    The server does not fall back: it refuses the query (BadValue, "hint provided does not correspond to an existing
    index"). A renamed index or a direction too many breaks the code at run time only.

What it leaves alone
    Collections for which the project declares no index, or may have one that the model cannot read; ``_id`` and
    ``$natural``; hints known only at run time; ``index-source = "external"``.

Fix and its safety
    The hint names the index with the same fields, or with a name much like it. Unsafe: the hint may be right, and the
    declaration missing.

Sources
    MongoDB manual, "cursor.hint()"; the error of a server 6.0.
"""

from collections.abc import Iterator
from functools import partial
from typing import Any

from mongolint.rule import Applicability, Bad, Draft, Finding, Good, NoFix, Project, Query, Rule, Severity

rule = Rule("MDB210", "unknown-hint", Severity.HIGH, fix=Applicability.UNSAFE, concern="resilience")
_SHOWN = 3


@rule.on(Query)
def check(query: Query, project: Project) -> Iterator[Finding]:
    for unknown in project.unknown_hints(query):
        meant, names = unknown.meant, [index.name for index in unknown.declared]
        others = ", ".join(names[:_SHOWN]) + (" …" if len(names) > _SHOWN else "")
        told = f"did you mean {meant.name}?" if meant is not None else f"declared are {others}"
        related = [(project.index_span(meant), f"{meant.name} is declared here")] if meant is not None else []
        yield rule.finding(
            project.operation_span(query),
            f"{query.name} on {query.target} hints at {_shown(unknown.hint)}, an index that is declared nowhere, and "
            f"the server refuses the query (BadValue); {told}",
            confidence=query.confidence,
            related=project.related(related),
            fix=rule.repair(
                "name a declared index",
                partial(_name, unknown),
                text=f"name one of {others}, or declare the index",
                reason="the hint may be right, and the declaration missing",
            ),
        )


def _name(unknown: Any, draft: Draft) -> None:
    if unknown.meant is None:
        raise NoFix("no declared index has these fields or a name like it")
    draft.name_hint(unknown.hinted, unknown.meant)


def _shown(hint: Any) -> str:
    if isinstance(hint, str):
        return f'"{hint}"'
    return "[" + ", ".join(f'("{name}", {kind!r})' for name, kind in hint) + "]"


EXAMPLES = [
    Bad(
        """\
        from pymongo import MongoClient

        db = MongoClient(timeoutMS=5000).app
        db.orders.create_index([("user_id", 1), ("created", -1)], name="orders_by_user")


        def latest(user_id):
            query = {"user_id": user_id}
            return list(db.orders.find(query).hint("order_by_user").sort("created", -1).limit(20))


        def count(user_id):
            return db.orders.count_documents({"user_id": user_id}, hint="user_id_1_created_-1")
        """,
        at=("find", "count_documents"),
        message="did you mean orders_by_user?",
        fixed="""\
        from pymongo import MongoClient

        db = MongoClient(timeoutMS=5000).app
        db.orders.create_index([("user_id", 1), ("created", -1)], name="orders_by_user")


        def latest(user_id):
            query = {"user_id": user_id}
            return list(db.orders.find(query).hint("orders_by_user").sort("created", -1).limit(20))


        def count(user_id):
            return db.orders.count_documents({"user_id": user_id}, hint="orders_by_user")
        """,
    ),
    Bad(
        """\
        from pymongo import ASCENDING, MongoClient

        db = MongoClient(timeoutMS=5000).app
        db.orders.create_index([("user_id", 1), ("created", -1)])


        def pay(user_id):
            hint = [("user_id", ASCENDING), ("created", ASCENDING)]
            db.orders.update_many({"user_id": user_id}, {"$set": {"paid": True}}, hint=hint)
            return db.orders.find_one(
                {"user_id": user_id},
                sort=[("created", -1)],
                hint=[("user_id", ASCENDING), ("created", ASCENDING)],
            )


        def totals(user_id):
            stages = [{"$match": {"user_id": user_id}}, {"$limit": 20}]
            return db.orders.aggregate(stages, hint={"user_id": 1})
        """,
        at=("update_many", "find_one", "aggregate"),
        message='hints at [("user_id", 1), ("created", 1)]',
        fixed="""\
        from pymongo import ASCENDING, DESCENDING, MongoClient

        db = MongoClient(timeoutMS=5000).app
        db.orders.create_index([("user_id", 1), ("created", -1)])


        def pay(user_id):
            hint = [("user_id", ASCENDING), ("created", ASCENDING)]
            db.orders.update_many({"user_id": user_id}, {"$set": {"paid": True}}, hint=hint)
            return db.orders.find_one(
                {"user_id": user_id},
                sort=[("created", -1)],
                hint=[("user_id", ASCENDING), ("created", DESCENDING)],
            )


        def totals(user_id):
            stages = [{"$match": {"user_id": user_id}}, {"$limit": 20}]
            return db.orders.aggregate(stages, hint={"user_id": 1, "created": -1})
        """,
    ),
    Good(
        """\
        from app.settings import ORDERS_INDEX
        from pymongo import MongoClient

        db = MongoClient(timeoutMS=5000).app
        db.orders.create_index("user_id")


        def of_user(user_id):
            found = list(db.orders.find({"user_id": user_id}).hint("user_id_1").limit(20))
            found += db.orders.find({"_id": user_id}).hint([("_id", 1)]).limit(20)
            found += db.orders.find({}).hint([("$natural", -1)]).limit(20)
            return found + list(db.orders.find({"user_id": user_id}, hint=ORDERS_INDEX, limit=20))
        """,
        why="declared, always there, no index, and known only at run time",
    ),
    Good(
        """\
        from pymongo import MongoClient

        db = MongoClient(timeoutMS=5000).app
        db.orders.create_index("user_id")


        def seen(page):
            return list(db.visits.find({"_id": page}).hint("by_page").limit(20))
        """,
        why="no index of this collection is declared in the project: somebody else makes them",
    ),
]
