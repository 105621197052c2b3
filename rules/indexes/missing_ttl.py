"""Documents that are to end at a date, and that nothing deletes then.

What it flags
    A field such as ``expires_at`` that an insert sets to ``now + timedelta(…)``, in a collection without a TTL index,
    where no clean-up deletes the documents whose date has passed, or only one that nothing runs. And a TTL index on a
    field in which every write stores something else than a date, such as an object with the date in it.

Why it hurts
    The collection and its indexes grow for ever, and documents that are over are still found by every query that
    forgets to compare the date.

What it leaves alone
    Dates stored as numbers or strings without a TTL index, which would not see them; fields that end something else
    than the document (``password_expires_at``); documents that are read or updated after their date; clean-ups that
    the application or something unseen may run; collections with an index known only at run time.

Fix and its safety
    ``create_index("expires_at", expireAfterSeconds=0)`` where the project declares its others. Unsafe: the server
    then deletes the documents, within a minute or so after their date. Which date was meant in the place of another
    value, only the author knows.

Sources
    MongoDB manual, "TTL Indexes" and "Expire Documents at a Specific Clock Time".
"""

from collections.abc import Iterator
from functools import partial
from typing import Any

from mongolint.rule import Applicability, Bad, Draft, Finding, Good, Need, NoFix, Project, Rule, Severity

rule = Rule(
    "MDB204",
    "missing-ttl",
    Severity.MEDIUM,
    fix=Applicability.UNSAFE,
    supersedes=("MDB802",),
    asks_documents=True,
    of_idle=True,
)


@rule.on(Project)
def check(project: Project) -> Iterator[Finding]:
    for need in project.writes.expiring:
        ending, constraint = need.evidence, need.constraint
        query = next(iter(ending.cleanups), ending.operation)
        places = [] if query is ending.operation else [(project.operation_span(ending.operation), "stored here")]
        idle = f"{project.function_name(query.module, query.scope)} is never run" if ending.cleanups else ""
        yield rule.finding(
            project.operation_span(query),
            f"documents of {constraint.name} end at {ending.field}, and nothing deletes them then"
            f"{': ' + idle if idle else ''}; declare {constraint.code}",
            confidence=query.confidence,
            related=project.related(places),
            fix=rule.repair(
                "declare the TTL index",
                partial(_write, need),
                reason=constraint.reason,
            ),
        )
    for found in project.fields.dateless:
        yield _dateless(project, found)


def _dateless(project: Project, found: Any) -> Finding:
    """A TTL index on a field that never holds a date."""
    operation: Any = found.writes[0].operation
    article = "an" if found.kind[0] in "aeiou" else "a"
    date = f" ({found.inside} is the date)" if found.inside else ""
    return rule.finding(
        project.index_span(found.declared),
        f"the TTL index on {found.field} deletes nothing from {found.collection}: {operation.name} stores {article} "
        f"{found.kind} there{date}, and only dates end a document; store the date itself",
        confidence=operation.confidence,
        related=project.related((use.span, f"{article} {found.kind} is stored here") for use in found.writes),
        fix=rule.repair(
            "store the date itself",
            _by_hand,
            text=f"put the date into {found.field}, and convert the documents that are there",
        ),
    )


def _by_hand(draft: Draft) -> None:
    raise NoFix("which date is meant is not known")


def _write(need: Need[Any], draft: Draft) -> None:
    draft.declare_constraint([need.evidence.operation], need.constraint)


EXAMPLES = [
    Bad(
        """\
        import datetime

        from pymongo import MongoClient

        db = MongoClient(timeoutMS=5000).app
        db.codes.create_index("user_id")


        def make_code(user_id, code):
            now = datetime.datetime.now(datetime.timezone.utc)
            expires_at = now + datetime.timedelta(minutes=15)
            db.codes.insert_one({"user_id": user_id, "code": code, "expires_at": expires_at})
        """,
        at=("insert_one",),
        message="documents of codes end at expires_at, and nothing deletes them then",
        fixed="""\
        import datetime

        from pymongo import MongoClient

        db = MongoClient(timeoutMS=5000).app
        db.codes.create_index("user_id")
        db.codes.create_index("expires_at", expireAfterSeconds=0)


        def make_code(user_id, code):
            now = datetime.datetime.now(datetime.timezone.utc)
            expires_at = now + datetime.timedelta(minutes=15)
            db.codes.insert_one({"user_id": user_id, "code": code, "expires_at": expires_at})
        """,
    ),
    Bad(
        """\
        from datetime import datetime, timedelta, timezone

        from pymongo import MongoClient

        db = MongoClient(timeoutMS=5000).app
        db.sessions.create_index([("user_id", 1)], name="sessions_user_id")


        def start(user_id, hours=12):
            end = datetime.now(timezone.utc) + timedelta(hours=hours)
            db.sessions.insert_one({"user_id": user_id, "expiresAt": end})


        def clean_up():
            db.sessions.delete_many({"expiresAt": {"$lt": datetime.now(timezone.utc)}})


        if __name__ == "__main__":
            start("me")
        """,
        at=("delete_many",),
        message="nothing deletes them then: clean_up is never run",
        fixed="""\
        from datetime import datetime, timedelta, timezone

        from pymongo import MongoClient

        db = MongoClient(timeoutMS=5000).app
        db.sessions.create_index([("user_id", 1)], name="sessions_user_id")
        db.sessions.create_index(
            [("expiresAt", 1)], name="sessions_expiresAt", expireAfterSeconds=0
        )


        def start(user_id, hours=12):
            end = datetime.now(timezone.utc) + timedelta(hours=hours)
            db.sessions.insert_one({"user_id": user_id, "expiresAt": end})


        def clean_up():
            db.sessions.delete_many({"expiresAt": {"$lt": datetime.now(timezone.utc)}})


        if __name__ == "__main__":
            start("me")
        """,
    ),
    Bad(
        """\
        from datetime import datetime, timezone

        from pymongo import MongoClient

        db = MongoClient(timeoutMS=5000).app
        db.attempts.create_index("tried", expireAfterSeconds=3600)


        def tried(email):
            now = {"at": datetime.now(timezone.utc)}
            db.attempts.insert_one({"email": email, "tried": now})
        """,
        at=('db.attempts.create_index("tried", expireAfterSeconds=3600)',),
        message="the TTL index on tried deletes nothing from attempts: insert_one stores an object there (tried.at is "
        "the date), and only dates end a document; store the date itself",
    ),
    Good(
        """\
        import time
        from datetime import datetime, timedelta, timezone

        from pymongo import MongoClient

        db = MongoClient(timeoutMS=5000).app
        db.sessions.create_index("expires_at", expireAfterSeconds=0)
        db.trials.create_index("expires_at")


        def start(user_id):
            end = datetime.now(timezone.utc) + timedelta(hours=12)
            db.sessions.insert_one({"user_id": user_id, "expires_at": end})
            db.tokens.insert_one({"user_id": user_id, "expires_at": time.time() + 3600})
            db.trials.insert_one({"user_id": user_id, "expires_at": end})


        def remind():
            return list(db.trials.find({"expires_at": {"$lt": datetime.now(timezone.utc)}}).limit(20))
        """,
        why="a TTL index; a number ends nothing; trials are of use after their date",
    ),
    Good(
        """\
        from datetime import datetime, timezone

        from pymongo import MongoClient

        db = MongoClient(timeoutMS=5000).app
        db.attempts.create_index("tried", expireAfterSeconds=3600)
        db.mails.create_index("sent", expireAfterSeconds=3600)


        def tried(email, sent):
            db.attempts.insert_one({"email": email, "tried": [datetime.now(timezone.utc)]})
            db.mails.insert_one({"email": email, "sent": sent})
        """,
        why="a date in an array ends a document; what a caller gives may be one",
    ),
]
