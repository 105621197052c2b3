"""An upsert by fields that no unique index covers.

What it flags
    ``update_one``, ``replace_one``, ``find_one_and_update`` and ``find_one_and_replace`` with ``upsert=True`` whose
    filter compares plain fields for equality, none of them ``_id``, without a unique index on (some of) these fields.

Why it hurts
    Two upserts at the same time both find nothing, and both insert. With a unique index the server lets one of them
    insert and tries the other one again, as an update.

What it leaves alone
    Filters with ranges or other operators (buckets), by constants alone, on nested fields, with a collation, or that
    the code does not show whole; fields of which the project reads several documents; collections with an index whose
    keys or options are known only at run time, or any that may be on one whose name is; scripts.

Fix and its safety
    The unique index where the project declares its others. Unsafe: building a unique index fails where duplicates are
    stored.

Sources
    MongoDB manual, ``db.collection.updateOne()``: what upserts do at the same time, with and without a unique index.
"""

from collections.abc import Iterator
from functools import partial
from typing import Any

from mongolint.rule import Applicability, Bad, Draft, Finding, Good, Need, Project, Query, Rule, Severity

rule = Rule(
    "MDB206",
    "upsert-without-unique-index",
    Severity.HIGH,
    fix=Applicability.UNSAFE,
    supersedes=("MDB207",),
    concern="integrity",
    asks_documents=True,
)


@rule.on(Project)
def check(project: Project) -> Iterator[Finding]:
    for need in project.writes.upserts:
        query, constraint = need.evidence.operation, need.constraint

        yield rule.finding(
            project.operation_span(query),
            f"{query.name} upserts {query.target} by {constraint.fields} without a unique index: two at the same "
            f"time both insert; declare {constraint.code}",
            confidence=query.confidence,
            fix=rule.repair(
                "declare the unique index",
                partial(_write, query, need),
                reason=constraint.reason,
            ),
        )


def _write(query: Query, need: Need[Any], draft: Draft) -> None:
    draft.declare_constraint([query], need.constraint)


EXAMPLES = [
    Bad(
        """\
        from pymongo import IndexModel, MongoClient

        db = MongoClient(timeoutMS=5000).app
        db.counters.create_indexes(
            [
                IndexModel([("day", 1), ("views", -1)], name="by_day_views"),
            ]
        )


        def count(page, day):
            db.counters.update_one({"page": page, "day": day}, {"$inc": {"views": 1}}, upsert=True)
        """,
        at=("update_one",),
        message="update_one upserts counters by page, day without a unique index",
        fixed="""\
        from pymongo import IndexModel, MongoClient

        db = MongoClient(timeoutMS=5000).app
        db.counters.create_indexes(
            [
                IndexModel([("day", 1), ("views", -1)], name="by_day_views"),
                IndexModel([("page", 1), ("day", 1)], name="by_page_day", unique=True),
            ]
        )


        def count(page, day):
            db.counters.update_one({"page": page, "day": day}, {"$inc": {"views": 1}}, upsert=True)
        """,
    ),
    Good(
        """\
        from pymongo import MongoClient

        db = MongoClient(timeoutMS=5000).app
        db.counters.create_index([("page", 1), ("day", 1)], unique=True)
        db.buckets.create_index([("page", 1), ("size", 1)])


        def count(page, day):
            db.counters.update_one({"page": page, "day": day}, {"$inc": {"views": 1}}, upsert=True)


        def keep(page, row):
            added = {"$push": {"rows": row}, "$inc": {"size": 1}}
            db.buckets.update_one({"page": page, "size": {"$lt": 100}}, added, upsert=True)


        def save(page_id, text):
            db.pages.replace_one({"_id": page_id}, {"text": text}, upsert=True)
        """,
        why="a unique index; several buckets are meant; _id is unique",
    ),
]
