"""Local time, stored as if it were UTC.

What it flags
    `datetime.now()`, `datetime.today()` and `datetime.fromtimestamp(…)` without a time zone, where the date reaches an
    insert, an update or a filter, through variables, helpers and models, whose fields may be set afterwards. One
    finding per call, with what it reaches. The time, in any zone, as the default of a class
    (`at: datetime = datetime.now()`), which is taken just once: when the process starts, for all documents.

Why it hurts
    The driver takes a date without a zone for UTC. On a machine whose clock shows UTC, as in most containers, that is
    right; on any other, local time is stored off by its distance from UTC, which changes where summer time begins and
    ends.

What it leaves alone
    `datetime.utcnow()`, which is UTC (Python 3.12 deprecates it, but the database gets the right date); dates that
    become text or numbers first; `.astimezone(…)` and `.replace(tzinfo=…)`; dates that go elsewhere.

Fix and its safety
    `timezone.utc` goes into the call; at one place alone, the date no longer fits those that others give the field.
    Unsafe: comparing it with naive ones, such as those that a client without `tz_aware=True` reads, raises TypeError.

Sources
    PyMongo documentation, "Dates and Times"; Python documentation, "datetime.now" and "datetime.utcnow".
"""

from collections import Counter
from collections.abc import Iterator
from functools import partial
from typing import Any

from mongolint.rule import Applicability, Bad, Draft, Finding, Good, NoFix, Project, Rule, Severity, Span

rule = Rule(
    "MDB227", "naive-datetime", Severity.MEDIUM, fix=Applicability.UNSAFE, concern="integrity", asks_documents=True
)


@rule.on(Project)
def check(project: Project) -> Iterator[Finding]:
    dates = [date for date in project.fields.local_dates if date.module not in project.tests]
    places = Counter(place for date in dates if not date.frozen for place in _fields(date))
    for date in dates:
        operation, collection, field = date.reaches[0]
        span = project.span(date.module, date.row) if date.called else project.token(date.module, date.row)
        others = len({id(each) for each, _, _ in date.reaches}) - 1
        more = f" and {others} more" if others else ""
        if date.frozen:
            yield _frozen(project, date, span, f"{operation.name} on {collection}{more}", field)
            continue
        yield rule.finding(
            span,
            f"datetime.{date.name}() without a time zone is local time, and {operation.name} on {collection}{more} "
            f"takes it for UTC ({field}): where the clock is not UTC, it is hours off; use datetime.now(timezone.utc)"
            + _together(max((places[place] - 1, place[1]) for place in _fields(date))),
            severity=project.severity(rule.severity, date.module),
            confidence=operation.confidence,
            related=project.related(_places(project, date)),
            fix=rule.repair(
                "take the time in UTC",
                partial(_take_utc, date),
                text="datetime.now(timezone.utc)",
                reason="comparing it with naive dates, such as a client without tz_aware=True reads, raises TypeError",
            ),
        )


def _fields(date: Any) -> set[tuple[str, str]]:
    """The fields that a date is stored as or compared with, with their collections."""
    return {(collection, field) for _, collection, field in date.reaches}


def _together(others: tuple[int, str]) -> str:
    """That the dates of a field change together: one of them in UTC would no longer compare with the others."""
    count, field = others
    return f", at {f'all {count + 1}' if count > 1 else 'both'} places of {field} together" if count else ""


def _frozen(project: Project, date: Any, span: Span, stored: str, field: str) -> Finding:
    """The time as the default of a class."""
    return rule.finding(
        span,
        f"datetime.{date.name}() runs once, when the class is made: {stored} gives all documents the time at which the "
        f"process started as {field}; use Field(default_factory=lambda: datetime.now(timezone.utc))",
        severity=project.severity(rule.severity, date.module),
        confidence=date.reaches[0][0].confidence,
        related=project.related(_places(project, date)),
        fix=rule.repair(
            "take the time for each document",
            _no_factory,
            text="Field(default_factory=lambda: datetime.now(timezone.utc))",
        ),
    )


def _no_factory(draft: Draft) -> None:
    raise NoFix("how a field gets a factory is for its kind of class to say")


def _places(project: Project, date: Any) -> list[Any]:
    found = {project.operation_span(operation): field for operation, _, field in date.reaches}
    return [(span, f"as {field}") for span, field in found.items()]


def _take_utc(date: Any, draft: Draft) -> None:
    draft.take_utc(date)


EXAMPLES = [
    Bad(
        """\
        from datetime import datetime, timedelta

        from pymongo import MongoClient

        db = MongoClient(timeoutMS=5000).app
        db.visits.create_index("at")


        def visit(page: str):
            now = datetime.now().replace(microsecond=0)  # seconds are enough
            db.visits.insert_one({"page": page, "at": now})


        def recent():
            since = datetime.today() - timedelta(days=1)
            return list(db.visits.find({"at": {"$gte": since}}).limit(20))


        def at(page: str, seconds: int):
            db.visits.update_one({"_id": page}, {"$set": {"at": datetime.fromtimestamp(seconds)}})
        """,
        at=("datetime.now()", "datetime.today()", "datetime.fromtimestamp(seconds)"),
        message="and insert_one on visits takes it for UTC (at): where the clock is not UTC, it is hours off; "
        "use datetime.now(timezone.utc), at all 3 places of at together",
        fixed="""\
        from datetime import datetime, timedelta, timezone

        from pymongo import MongoClient

        db = MongoClient(timeoutMS=5000).app
        db.visits.create_index("at")


        def visit(page: str):
            now = datetime.now(timezone.utc).replace(microsecond=0)  # seconds are enough
            db.visits.insert_one({"page": page, "at": now})


        def recent():
            since = datetime.now(timezone.utc) - timedelta(days=1)
            return list(db.visits.find({"at": {"$gte": since}}).limit(20))


        def at(page: str, seconds: int):
            db.visits.update_one({"_id": page}, {"$set": {"at": datetime.fromtimestamp(seconds, timezone.utc)}})
        """,
    ),
    Bad(
        """\
        import datetime

        from pydantic import BaseModel, Field
        from pymongo import MongoClient

        db = MongoClient(timeoutMS=5000).app


        class Visit(BaseModel):
            page: str
            at: datetime.datetime = Field(default_factory=datetime.datetime.now)


        def visit(entry: Visit):
            db.visits.insert_one(entry.model_dump())
        """,
        at=("now",),
        fixed="""\
        import datetime

        from pydantic import BaseModel, Field
        from pymongo import MongoClient

        db = MongoClient(timeoutMS=5000).app


        class Visit(BaseModel):
            page: str
            at: datetime.datetime = Field(default_factory=lambda: datetime.datetime.now(datetime.timezone.utc))


        def visit(entry: Visit):
            db.visits.insert_one(entry.model_dump())
        """,
    ),
    Bad(
        """\
        from datetime import datetime, timezone

        from pydantic import BaseModel
        from pymongo import MongoClient

        db = MongoClient(timeoutMS=5000).app


        class Visit(BaseModel):
            page: str
            at: datetime = datetime.now(timezone.utc)


        def visit(page: str):
            db.visits.insert_one(Visit(page=page).model_dump())
        """,
        at=("datetime.now(timezone.utc)",),
        message="insert_one on visits gives all documents the time at which the process started as at",
    ),
    Bad(
        """\
        from datetime import datetime

        from pydantic import BaseModel
        from pymongo import MongoClient

        db = MongoClient(timeoutMS=5000).app


        class Job(BaseModel):
            name: str
            started: datetime
            shown: datetime


        def retry(key):
            job = Job(**db.jobs.find_one({"_id": key}))
            job.started = datetime.now()
            db.jobs.update_one({"_id": key}, {"$set": job.model_dump()})


        def show(key):
            job = Job(**db.jobs.find_one({"_id": key}))
            job.shown = datetime.now()
            return job
        """,
        at=("datetime.now()",),
        message="datetime.now() without a time zone is local time, and update_one on jobs takes it for UTC (started)",
        fixed="""\
        from datetime import datetime, timezone

        from pydantic import BaseModel
        from pymongo import MongoClient

        db = MongoClient(timeoutMS=5000).app


        class Job(BaseModel):
            name: str
            started: datetime
            shown: datetime


        def retry(key):
            job = Job(**db.jobs.find_one({"_id": key}))
            job.started = datetime.now(timezone.utc)
            db.jobs.update_one({"_id": key}, {"$set": job.model_dump()})


        def show(key):
            job = Job(**db.jobs.find_one({"_id": key}))
            job.shown = datetime.now()
            return job
        """,
    ),
    Good(
        """\
        from datetime import datetime, timezone

        from pymongo import MongoClient

        db = MongoClient(timeoutMS=5000).app


        def visit(page: str):
            started = datetime.now()
            db.visits.insert_one(
                {
                    "page": page,
                    "at": datetime.now(timezone.utc),
                    "created": datetime.utcnow(),
                    "day": datetime.now().strftime("%Y-%m-%d"),
                    "stamp": datetime.now().timestamp(),
                    "seen": datetime.now().astimezone(timezone.utc),
                }
            )
            return datetime.now() - started
        """,
        why="in UTC, or no date by the time it is stored; a duration is no date",
    ),
]
