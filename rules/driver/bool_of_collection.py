"""The truth of a database or collection, which it refuses to tell.

What it flags
    A database or collection as the condition of ``if``, ``while``, ``assert``, a conditional expression or a
    comprehension, as operand of ``and``, ``or``, ``not``, and as argument of ``bool``.

Why it hurts
    It raises NotImplementedError, in PyMongo since 4.0 and in Motor since 3.0. ``if self.db:`` works as long as it is
    None, and fails as soon as there is a database.

What it leaves alone
    Clients, which are always true. Values that may be something else as well. Projects that call methods which
    PyMongo 4 removed, because there it is always true.

Fix and its safety
    ``is not None``, or ``is None`` for ``not``; ``a or b`` as a value becomes ``a if a is not None else b``. Safe: what
    was there could only raise, or be told None.

Sources
    PyMongo documentation, "Migrate from PyMongo 3 to 4" (truth value testing); run with PyMongo 4.20 and Motor 3.7.
"""

from collections.abc import Iterator
from typing import Any

from mongolint.rule import Applicability, Bad, Confidence, Finding, Good, Project, Rule, Severity

rule = Rule(
    "MDB411",
    "bool-of-collection",
    Severity.HIGH,
    needs=Confidence.KNOWN,
    fix=Applicability.SAFE,
    in_tests=True,
    concern="resilience",
    breaks=True,
)


@rule.on(Project)
def check(project: Project) -> Iterator[Finding]:
    for test in project.awaiting.truth_tests:
        yield _finding(project, test)


def _finding(project: Project, test: Any) -> Finding:
    return rule.finding(
        project.offsets_span(test.module, test.offsets),
        f"a {test.kind} has no truth value: this raises NotImplementedError as soon as it is not None; "
        "compare it with None",
        fix=rule.repair(
            "compare it with None",
            lambda draft: draft.compare_with_none(test),
            text="… is not None",
        ),
    )


EXAMPLES = [
    Bad(
        """\
        from pymongo import MongoClient


        class Store:
            def __init__(self):
                self.db = None
                self.users = None

            def connect(self):
                if not self.db:
                    db = MongoClient(timeoutMS=5000).app
                    self.db = db
                    self.users = db["users"]

            def load(self, user_id):
                assert self.db
                if self.db and user_id:
                    return self.users.find_one({"_id": user_id})
                return None

            def is_connected(self):
                return bool(self.users)
        """,
        at=("self.db", "self.db", "self.db", "bool(self.users)"),
        message="a database has no truth value: this raises NotImplementedError",
        fixed="""\
        from pymongo import MongoClient


        class Store:
            def __init__(self):
                self.db = None
                self.users = None

            def connect(self):
                if self.db is None:
                    db = MongoClient(timeoutMS=5000).app
                    self.db = db
                    self.users = db["users"]

            def load(self, user_id):
                assert self.db is not None
                if self.db is not None and user_id:
                    return self.users.find_one({"_id": user_id})
                return None

            def is_connected(self):
                return self.users is not None
        """,
    ),
    Bad(
        """\
        from motor.motor_asyncio import AsyncIOMotorClient, AsyncIOMotorDatabase

        default = AsyncIOMotorClient(timeoutMS=5000).app


        class Users:
            def __init__(self, db: AsyncIOMotorDatabase | None = None):
                self.db = db or default
                self.users = db and db.users
                self.name = "own" if db else "default"
        """,
        at=("db", "db", "db"),
        fixed="""\
        from motor.motor_asyncio import AsyncIOMotorClient, AsyncIOMotorDatabase

        default = AsyncIOMotorClient(timeoutMS=5000).app


        class Users:
            def __init__(self, db: AsyncIOMotorDatabase | None = None):
                self.db = db if db is not None else default
                self.users = db.users if db is not None else None
                self.name = "own" if db is not None else "default"
        """,
    ),
    Good(
        """\
        from pymongo import MongoClient


        class Store:
            client = None
            db = None

            def connect(self):
                if not self.client:
                    self.client = MongoClient(timeoutMS=5000)
                if self.db is None:
                    self.db = self.client.app
                return self.db

            def load(self, user_id, name):
                found = self.connect().users.find_one({"_id": user_id})
                return found or name
        """,
        why="a client is always true, None is None, a document has a truth value",
    ),
]
