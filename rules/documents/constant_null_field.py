"""A field that is null in every document.

What it flags
    A field to which every insert into a collection writes None, and that no update ever sets, where the project shows
    all that it writes to the collection.

Why it hurts
    The field promises what nobody stores there: an audit without the address, a job without its end. It is noticed when
    the value is needed; unless something else stored it, it is gone then.

What it leaves alone
    Collections into which documents go whose fields the code does not show, or that other code may write; fields that
    a filter asks for; fields inside of others.

Fix and its safety
    Where the inserting function has a parameter of that name, it is stored. Unsafe: the field is filled then, and
    who reads it has to know. Otherwise nobody but the author knows the value; a field that is not needed can go.

Sources
    MongoDB manual, "Query for Null or Missing Fields".
"""

from collections.abc import Iterator
from functools import partial
from typing import Any

from mongolint.rule import Applicability, Bad, Draft, Finding, Good, Project, Rule, Severity

rule = Rule("MDB223", "constant-null-field", Severity.LOW, fix=Applicability.UNSAFE, asks_documents=True)


@rule.on(Project)
def check(project: Project) -> Iterator[Finding]:
    for found in project.fields.empty:
        operation = found.use.operation
        assert operation is not None  # which all that is written has
        yield rule.finding(
            found.use.span,
            f"{operation.name} on {found.collection} always writes None to {found.name}, and nothing sets it later: "
            f"it is null in every document; store the value, or leave the field out",
            severity=project.severity(rule.severity, operation.module),
            confidence=operation.confidence,
            fix=rule.repair(
                f"store the parameter {found.name}" if found.parameter else f"store a value in {found.name}",
                partial(_fill, found),
                text="leave the field out where nothing is known of it",
                reason="the field is filled then",
            ),
        )


def _fill(found: Any, draft: Draft) -> None:
    draft.fill_field(found)


EXAMPLES = [
    Bad(
        """\
        from pymongo import MongoClient

        db = MongoClient(timeoutMS=5000).app


        def log(action: str, address: str, session_id: str):
            db.audit.insert_one(
                {
                    "action": action,
                    "address": None,  # behind a proxy
                    "session_id": session_id,
                }
            )


        def visit(page: str):
            entry = {"page": page, "referrer": None}
            db.visits.insert_one(entry)
        """,
        at=("insert_one", "insert_one"),
        message="insert_one on audit always writes None to address, and nothing sets it later",
        fixed="""\
        from pymongo import MongoClient

        db = MongoClient(timeoutMS=5000).app


        def log(action: str, address: str, session_id: str):
            db.audit.insert_one(
                {
                    "action": action,
                    "address": address,  # behind a proxy
                    "session_id": session_id,
                }
            )


        def visit(page: str):
            entry = {"page": page, "referrer": None}
            db.visits.insert_one(entry)
        """,
    ),
    Good(
        """\
        from pymongo import MongoClient

        db = MongoClient(timeoutMS=5000).app


        def start(name: str, user=None):
            db.jobs.insert_one({"_id": name, "ended": None, "user": user, "error": None, "deleted": None})


        def end(name: str, changes: dict):
            db.jobs.update_one({"_id": name, "deleted": None}, {"$set": {"ended": True, "error": "", **{}}})


        def open_ticket(name: str):
            db.tickets.insert_one({"_id": name, "closed_by": None})


        def change(name: str, changes: dict):
            db.tickets.update_one({"_id": name}, {"$set": changes})
        """,
        why="set later, perhaps set, asked for by a filter, or one of the changes",
    ),
]
