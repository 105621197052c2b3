"""A function that deletes what is old, and that nothing runs.

What it flags
    ``delete_many`` of documents whose date lies before now, or before a time ago, in a function that only deletes and
    that no request, start, task, command or script runs, not even through others.

Why it hurts
    Whoever wrote it believes that old sessions and tokens go away. They stay: the collection and its indexes grow, and
    what has expired is still found.

What it leaves alone
    Functions that something runs, or may run by name; those of libraries that make no client; fields with a TTL index;
    collections with an index known only at run time. A date that an insert sets is told by missing-ttl instead.

Fix and its safety
    Shown only: a TTL index on the date, where the age is known, or a call by a scheduler; which of them, the code
    does not show. A job outside of the project, such as cron, is not seen.

Sources
    MongoDB manual, "TTL Indexes".
"""

from collections.abc import Iterator

from mongolint.rule import Applicability, Bad, Draft, Finding, Good, NoFix, Project, Rule, Severity

rule = Rule(
    "MDB802",
    "cleanup-never-scheduled",
    Severity.MEDIUM,
    fix=Applicability.DISPLAY,
    concern="resilience",
    asks_documents=True,
    of_idle=True,
)


@rule.on(Project)
def check(project: Project) -> Iterator[Finding]:
    for idle in project.writes.idle_cleanups:
        operation = idle.operation
        name = project.function_name(operation.module, operation.scope)
        above = [project.function_name(*caller) for caller in idle.callers]
        also = f", nor {' or '.join(above[:2])}, which calls it" if above else ""
        collection = operation.target
        schedule = f"run {above[-1] if above else name} from a scheduler"
        ttl = f'db["{collection}"].create_index("{idle.field}", expireAfterSeconds={idle.seconds})'
        use_ttl = idle.only and idle.seconds is not None
        yield rule.finding(
            project.operation_span(operation),
            f"{name} deletes the documents of {collection} that are over by {idle.field}, but nothing runs it{also}: "
            f"they pile up; {'declare a TTL index, or ' if use_ttl else ''}{schedule}",
            confidence=operation.confidence,
            related=project.related([(project.function_span(*caller), "never run") for caller in idle.callers[:2]]),
            fix=rule.repair("let it run", _by_hand, text=f"{ttl}, or {schedule}" if use_ttl else schedule),
        )


def _by_hand(draft: Draft) -> None:
    raise NoFix("whether the server or a job shall delete them, the code does not show")


EXAMPLES = [
    Bad(
        """\
        import datetime

        from fastapi import FastAPI
        from pymongo import MongoClient

        app = FastAPI()
        db = MongoClient(timeoutMS=5000).app


        @app.get("/visits")
        def visits():
            return db.visits.estimated_document_count(maxTimeMS=500)


        def purge_visits():
            before = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(days=30)
            return db.visits.delete_many({"seen_at": {"$lt": before}}).deleted_count


        def clean_up():
            return purge_visits()
        """,
        at=("delete_many",),
        message="that are over by seen_at, but nothing runs it, nor clean_up, which calls it",
    ),
    Good(
        """\
        import datetime

        from fastapi import FastAPI
        from pymongo import MongoClient

        app = FastAPI()
        db = MongoClient(timeoutMS=5000).app
        db.visits.create_index("seen_at")


        @app.post("/purge")
        def purge_visits():
            before = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(days=30)
            return db.visits.delete_many({"seen_at": {"$lt": before}}).deleted_count
        """,
        why="a request runs it",
    ),
]
