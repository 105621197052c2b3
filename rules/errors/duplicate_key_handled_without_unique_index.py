"""``except DuplicateKeyError`` around a write that no index refuses, so that the error never comes.

What it flags
    A clause that catches DuplicateKeyError around an insert, update or upsert, also through helpers, in a collection
    without any unique index but that on ``_id``, where the write does not say which ``_id``.

Why it hurts
    The code answers "taken" to an error that nothing raises: the second document with the same email is stored, and
    everybody believes that it cannot be.

What it leaves alone
    Writes that set or may set ``_id``, and upserts by it; a ``try`` that writes to another collection as well;
    collections with an index whose keys or options are known only at run time, or that a snapshot shows. Where
    missing-unique or upsert-without-unique-index tell of the same collection, they stand for this rule.

Fix and its safety
    The unique index where the project declares its others, if the update sets one field only. Unsafe: building a unique
    index fails where duplicates are stored.

Sources
    MongoDB manual, "Unique Indexes"; PyMongo documentation, ``DuplicateKeyError``.
"""

from collections.abc import Iterator
from functools import partial
from typing import Any

from mongolint.rule import Applicability, Bad, Draft, Finding, Good, Need, NoFix, Project, Rule, Severity

rule = Rule(
    "MDB504",
    "duplicate-key-handled-without-unique-index",
    Severity.MEDIUM,
    fix=Applicability.UNSAFE,
    concern="integrity",
    asks_documents=True,
)


@rule.on(Project)
def check(project: Project) -> Iterator[Finding]:
    for need in project.writes.refused:
        refused, constraint = need.evidence, need.constraint
        operation = refused.operation
        todo = f"declare {constraint.code}" if constraint.keys else "declare the key with unique=True"
        places = [(project.token(refused.module, refused.through), "the write")]
        yield rule.finding(
            project.offsets_span(refused.module, refused.handler.span),
            f"DuplicateKeyError of {operation.name} on {constraint.name} is handled, but {constraint.name} has no "
            f"unique index: the error never comes, and duplicates are stored; {todo}",
            confidence=operation.confidence,
            related=project.related(places),
            fix=rule.repair(
                "declare the unique index",
                partial(_write, need),
                text=f'db["{constraint.name}"].create_index(…, unique=True)',
                reason=constraint.reason,
            ),
        )


def _write(need: Need[Any], draft: Draft) -> None:
    if not need.constraint.keys:
        raise NoFix("the code does not show which fields are the key")
    draft.declare_constraint([need.evidence.operation], need.constraint)


EXAMPLES = [
    Bad(
        """\
        from pymongo import MongoClient
        from pymongo.errors import DuplicateKeyError

        db = MongoClient(timeoutMS=5000).app


        def ensure_indexes():
            db.users.create_index([("name", 1)])


        def change_email(user_id, email: str):
            try:
                db.users.update_one({"_id": user_id}, {"$set": {"email": email}})
            except DuplicateKeyError:
                return "taken"
            return "changed"


        if __name__ == "__main__":
            ensure_indexes()
        """,
        at=("except DuplicateKeyError",),
        message="DuplicateKeyError of update_one on users is handled, but users has no unique index",
        fixed="""\
        from pymongo import MongoClient
        from pymongo.errors import DuplicateKeyError

        db = MongoClient(timeoutMS=5000).app


        def ensure_indexes():
            db.users.create_index([("name", 1)])
            db.users.create_index([("email", 1)], unique=True)


        def change_email(user_id, email: str):
            try:
                db.users.update_one({"_id": user_id}, {"$set": {"email": email}})
            except DuplicateKeyError:
                return "taken"
            return "changed"


        if __name__ == "__main__":
            ensure_indexes()
        """,
    ),
    Bad(
        """\
        from pymongo import MongoClient
        from pymongo.errors import DuplicateKeyError

        db = MongoClient(timeoutMS=5000).app


        def create(name, email):
            db.users.insert_one({"name": name, "email": email})


        def register(name, email):
            try:
                create(name, email)
            except DuplicateKeyError:
                return False
            return True
        """,
        at=("except DuplicateKeyError",),
        message="declare the key with unique=True",
    ),
    Good(
        """\
        from pymongo import MongoClient
        from pymongo.errors import DuplicateKeyError

        db = MongoClient(timeoutMS=5000).app
        db.users.create_index("email", unique=True)


        def change_email(user_id, email):
            try:
                db.users.update_one({"_id": user_id}, {"$set": {"email": email}})
            except DuplicateKeyError:
                return False
            return True


        def lock(name):
            try:
                db.locks.update_one({"_id": name, "held": False}, {"$set": {"held": True}}, upsert=True)
            except DuplicateKeyError:
                return False
            return True
        """,
        why="a unique index; the upsert says the _id, which is always unique",
    ),
]
