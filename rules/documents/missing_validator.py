"""A collection without a validator.

What it flags
    Each collection that the code makes documents of and that it gives no validator, by `create_collection` or by the
    command `collMod`. Review tier: many projects check documents in the application, and mean to.

Why it hurts
    MongoDB stores what it is given. A misspelt field, or a text in the place of a date, is found when it is read.

What it leaves alone
    Time series, which take none. Projects that give validators to collections which only the running program knows,
    or make time series of such.

Fix and its safety
    A `$jsonSchema` that all documents satisfy which the code writes, behind the indexes that the project makes on the
    collection; with `validationLevel: "moderate"`, so that documents which are there already can still be updated.
    Unsafe: other programs may write documents that it refuses. `mongolint schema --format mongosh` writes the
    validators of all collections as a script.

Sources
    MongoDB manual, "Schema Validation", "collMod", "Specify Validation Level for Existing Documents" and "Time Series
    Collection Limitations"; asked of a server 6.0.5.
"""

import json
from collections.abc import Iterator
from functools import partial
from typing import Any

from mongolint.rule import Applicability, Bad, Draft, Finding, Good, Project, Rule, Severity

rule = Rule(
    "MDB220",
    "missing-validator",
    Severity.LOW,
    tier="review",
    fix=Applicability.UNSAFE,
    concern="integrity",
    asks_documents=True,
)


@rule.on(Project)
def check(project: Project) -> Iterator[Finding]:
    for collection, validator in project.unvalidated.items():
        fields = project.fields.of(collection).fields.values()
        uses = [use for field in fields for use in field.written if use.operation is not None]
        if not uses:
            continue
        # A helper for several collections may never be called for this one
        first = min(uses, key=lambda use: (use.how == "update", use.astray, use.span))
        operation: Any = first.operation
        yield rule.finding(
            first.span,
            f"no validator is declared for {collection}: MongoDB takes whatever {operation.name} gives it; declare a "
            f"$jsonSchema (mongolint schema writes one)",
            confidence=operation.confidence,
            fix=rule.repair(
                "declare a validator",
                partial(_validate, collection, validator),
                text=_text(collection, validator, operation.flavour),
                reason="other programs may write documents that it refuses",
            ),
        )


def _text(collection: str, validator: Any, flavour: str) -> str:
    # The code writes to it, so it is there: only a collection that is not can be created with a validator
    database = f"{'await ' if flavour in ('async', 'motor') else ''}db"
    if validator is not None:
        return Draft.validating(database, collection, validator)
    told = '{"$jsonSchema": …}'
    return f'{database}.command("collMod", {json.dumps(collection)}, validationLevel="moderate", validator={told})'


def _validate(collection: str, validator: Any, draft: Draft) -> None:
    draft.validate(collection, validator)


EXAMPLES = [
    Bad(
        """\
        from pymongo import MongoClient

        db = MongoClient(timeoutMS=5000).app


        def ensure_indexes():
            db.users.create_index("email", unique=True)  # log-in
            db.visits.create_index("page")


        ensure_indexes()


        def add(email: str, age: int | None):
            db.users.insert_one({"email": email, "age": age})
        """,
        at=("insert_one",),
        message="no validator is declared for users",
        fixed="""\
        from pymongo import MongoClient

        db = MongoClient(timeoutMS=5000).app


        def ensure_indexes():
            db.users.create_index("email", unique=True)  # log-in
            db.users.database.command(
                "collMod",
                "users",
                validationLevel="moderate",
                validator={
                    "$jsonSchema": {
                        "bsonType": "object",
                        "required": ["email", "age"],
                        "properties": {
                            "email": {"bsonType": "string"},
                            "age": {"bsonType": ["number", "null"]},
                        },
                    },
                },
            )
            db.visits.create_index("page")


        ensure_indexes()


        def add(email: str, age: int | None):
            db.users.insert_one({"email": email, "age": age})
        """,
    ),
    Good(
        """\
        from pymongo import MongoClient

        db = MongoClient(timeoutMS=5000).app
        db.create_collection("users", validator={"$jsonSchema": {"required": ["email"]}})
        db.command({"collMod": "visits", "validator": {"page": {"$type": "string"}}})


        def add(email: str):
            db.users.insert_one({"email": email})
            db.visits.insert_one({"page": email})
            return db.settings.find_one({"_id": email})
        """,
        why="both have one; nothing is stored in the third",
    ),
    Good(
        """\
        from datetime import datetime, timezone

        from pymongo import MongoClient

        db = MongoClient(timeoutMS=5000).app
        db.create_collection("visits", timeseries={"timeField": "at", "metaField": "page"}, expireAfterSeconds=864000)


        def add(page: str):
            db.visits.insert_one({"at": datetime.now(timezone.utc), "page": page})
        """,
        why="the server refuses a validator of a time series",
    ),
]
