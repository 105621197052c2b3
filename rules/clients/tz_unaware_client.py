"""A client that reads dates without a time zone, in code whose dates have one.

What it flags
    A client without ``tz_aware=True``, where a date that was read through it is ordered against, or subtracted from, a
    date with a time zone in the same function; or where code gives such dates their time zone by hand
    (``.replace(tzinfo=…)``), also in a model that is made of the document.

Why it hurts
    PyMongo gives dates as naive ones in UTC. Comparing one with an aware date raises TypeError, at the first document
    that gets there. What is mended by hand in one place is forgotten in the next.

What it leaves alone
    Code that works with naive dates throughout; comparisons for equality, which do not raise; options or connection
    strings that are not plain to see.

Fix and its safety
    ``tz_aware=True``. Unsafe: all dates that this client reads become aware, and code that relies on naive ones
    raises.

Sources
    PyMongo documentation, "Dates and Times"; Python documentation, ``datetime`` ("Aware and Naive Objects").
"""

from collections.abc import Iterator
from functools import partial

from mongolint.rule import Applicability, Bad, ClientSite, Draft, Finding, Good, Project, Rule, Severity

rule = Rule("MDB305", "tz-unaware-client", Severity.LOW, tier="review", fix=Applicability.UNSAFE, concern="resilience")


@rule.on(Project)
def check(project: Project) -> Iterator[Finding]:
    for client, use in project.made_clients.aware_uses.items():
        place = project.operation_span(use.operation)
        patched = f"{use.by} gives {use.date} one by hand"
        why = patched if use.by else f"{use.date} meets one that has one, which raises TypeError"
        yield rule.finding(
            project.token(client.module, client.row),
            f"this client reads dates without a time zone, and {why}; pass tz_aware=True",
            related=project.related([(place, "a date is read here")]),
            fix=rule.repair(
                "read dates with their time zone",
                partial(_read_aware, client=client),
                text="pass tz_aware=True",
                reason="all dates that this client reads become aware",
            ),
        )


def _read_aware(draft: Draft, client: ClientSite) -> None:
    draft.add_argument(client.module, client.row, "tz_aware", "True")


EXAMPLES = [
    Bad(
        """\
        from datetime import datetime, timedelta, timezone

        from pymongo import MongoClient

        db = MongoClient("mongodb://localhost", timeoutMS=5000).app


        def is_expired(session_id):
            session = db.sessions.find_one({"_id": session_id})
            return session is None or session["expires"] < datetime.now(timezone.utc)


        def age(session_id):
            session = db.sessions.find_one({"_id": session_id})
            now = datetime.now(tz=timezone.utc) - timedelta(seconds=1)
            return now - session.get("started")
        """,
        at=("MongoClient",),
        message="this client reads dates without a time zone, and expires of sessions meets one that has one",
        fixed="""\
        from datetime import datetime, timedelta, timezone

        from pymongo import MongoClient

        db = MongoClient("mongodb://localhost", timeoutMS=5000, tz_aware=True).app


        def is_expired(session_id):
            session = db.sessions.find_one({"_id": session_id})
            return session is None or session["expires"] < datetime.now(timezone.utc)


        def age(session_id):
            session = db.sessions.find_one({"_id": session_id})
            now = datetime.now(tz=timezone.utc) - timedelta(seconds=1)
            return now - session.get("started")
        """,
    ),
    Bad(
        """\
        from datetime import timezone

        from pydantic import BaseModel, field_validator
        from pymongo import MongoClient

        db = MongoClient("mongodb://localhost", timeoutMS=5000).app


        class Session(BaseModel):
            @field_validator("expires", mode="before")
            @classmethod
            def with_zone(cls, value):
                return value.replace(tzinfo=timezone.utc)


        def load(session_id):
            session = db.sessions.find_one({"_id": session_id})
            return Session(**session)
        """,
        at=("MongoClient",),
        message="this client reads dates without a time zone, and Session.with_zone gives them one by hand",
    ),
    Good(
        """\
        from datetime import datetime, timezone

        from pymongo import MongoClient

        db = MongoClient("mongodb://localhost", timeoutMS=5000).app


        def end(session_id, day):
            db.sessions.update_one({"_id": session_id}, {"$set": {"ended": day.replace(tzinfo=timezone.utc)}})


        def is_old(session_id):
            session = db.sessions.find_one({"_id": session_id})
            return session["expires"] < datetime.utcnow()
        """,
        why="a date that was not read; both are naive",
    ),
]
