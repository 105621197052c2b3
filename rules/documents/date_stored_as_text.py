"""A date that is stored as text, and by which documents are ordered or compared.

What it flags
    A field into which all writes put the text of a moment (``str(utcnow())``, ``at.isoformat()``), and that a sort or
    a range in a filter asks for. One finding per field, at its first write. Review tier: many a team does so knowingly.

Why it hurts
    The server compares the letters: right only as long as all that is written has the same form and the same zone. No
    TTL index ends such documents, no ``$dateTrunc`` counts them by day, and a filter that is given a datetime finds
    none of them.

What it leaves alone
    Days without a time, which are keys; texts by ``strftime``; fields by which nothing is ordered; those of which some
    write is not seen to be a date.

Fix and its safety
    Shown only: what is stored already has to be converted, and what reads the field has to take a datetime.

Sources
    MongoDB manual, "Comparison/Sort Order", "TTL Indexes" and ``$toDate``; PyMongo documentation, "Datetimes and
    Timezones".
"""

from collections.abc import Iterator

from mongolint.rule import Applicability, Bad, Draft, Finding, Good, NoFix, Project, Rule, Severity

rule = Rule(
    "MDB230",
    "date-stored-as-text",
    Severity.LOW,
    tier="review",
    fix=Applicability.DISPLAY,
    concern="integrity",
    migrates=("store dates",),
    asks_documents=True,
)


@rule.on(Project)
def check(project: Project) -> Iterator[Finding]:
    for found in project.fields.text_dates:
        writes = [use for use in found.writes if use.operation and not project.is_script(use.operation.module)]
        operation = writes[0].operation if writes else None
        if operation is None:
            continue
        first, asked = writes[0], found.asked[0]
        does = "sorts by" if asked.how == "sort" else "compares"
        who = asked.operation.name if asked.operation else ""
        spans = {use.span: "written here, too" for use in writes[1:] if use.span != first.span}
        spans |= {use.span: "sorted by" if use.how == "sort" else "compared" for use in found.asked}
        yield rule.finding(
            first.span,
            f"{found.field} of {found.collection} holds dates as text: {who} {does} it letter by letter, and no TTL "
            "index ends such documents; store the datetime itself",
            confidence=operation.confidence,
            related=project.related(spans.items()),
            fix=rule.repair(
                "store dates",
                _by_hand,
                text="store the datetime, compare with one, and convert what is stored with $toDate",
            ),
        )


def _by_hand(draft: Draft) -> None:
    raise NoFix("what is stored has to be converted, and what reads it has to take a datetime")


EXAMPLES = [
    Bad(
        """\
        from datetime import datetime, timezone

        from pymongo import MongoClient

        db = MongoClient(timeoutMS=5000).app
        db.logs.create_index("at")


        def write(text: str):
            db.logs.insert_one({"text": text, "at": str(datetime.now(timezone.utc))})


        def drop(before: datetime):
            db.logs.delete_many({"at": {"$lt": str(before)}})
        """,
        at=("insert_one",),
        message="at of logs holds dates as text: delete_many compares it letter by letter, and no TTL",
    ),
    Bad(
        """\
        from datetime import datetime, timezone

        from pymongo import MongoClient

        db = MongoClient(timeoutMS=5000).app
        db.logs.create_index([("user", 1), ("at", -1)])


        def stamp():
            return {"at": datetime.now(timezone.utc).isoformat()}


        def write(user: str):
            db.logs.insert_one({"user": user, **stamp()})


        def latest(user: str):
            return db.logs.find_one({"user": user}, sort=[("at", -1)])
        """,
        at=("insert_one",),
        message="holds dates as text: find_one sorts by it",
    ),
    Bad(
        """\
        from datetime import datetime, timezone

        from pymongo import MongoClient

        db = MongoClient(timeoutMS=5000).app
        db.orders.create_index([("created_at", -1)])


        def now_iso() -> str:
            return datetime.now(timezone.utc).isoformat()


        def order(number: int):
            placed = {"number": number, "created_at": now_iso()}
            db.orders.insert_one(placed)


        def latest():
            return list(db.orders.find().sort("created_at", -1).limit(20))
        """,
        at=("insert_one",),
        message="created_at of orders holds dates as text",
    ),
    Good(
        """\
        from datetime import date, datetime, timezone

        from pymongo import MongoClient

        db = MongoClient(timeoutMS=5000).app
        db.visits.create_index([("day", 1), ("label", 1)])


        def text(day: date) -> str:
            return day.isoformat()


        def label(at: datetime, names: dict) -> str:
            return names.get(at.weekday()) or at.isoformat()


        def visit(names: dict):
            now = datetime.now(timezone.utc)
            db.visits.insert_one({"day": text(now.date()), "label": label(now, names)})


        def visits():
            return list(db.visits.find().sort([("day", 1), ("label", 1)]).limit(20))
        """,
        why="helpers that give a day, and what is not always the text of a moment",
    ),
    Good(
        """\
        from datetime import datetime, timezone

        from pymongo import MongoClient

        db = MongoClient(timeoutMS=5000, tz_aware=True).app
        db.logs.create_index([("day", 1), ("at", -1)])


        def write(text: str):
            now = datetime.now(timezone.utc)
            db.logs.insert_one({"text": str(now), "at": now, "day": now.date().isoformat()})


        def since(day: str):
            return db.logs.find({"day": {"$gte": day}}).sort([("day", 1), ("at", -1)]).limit(10)
        """,
        why="a day is a key; a date; nothing is ordered by the text",
    ),
]
