"""A database error that is caught and goes no further: no log, no re-raise, no answer that tells.

What it flags
    ``except:``, ``except Exception`` or ``except PyMongoError`` around a driver call, in whose body the error is
    neither logged, raised nor handed on; ``print`` tells in programs only. Where the call is one helper away: low.

Why it hurts
    An outage looks like missing data: the caller gets None or False, answers 404, and nobody is paged. Where a write
    failed, no log says why.

What it leaves alone
    Handlers that log, raise (by a helper that always does, too), retry after a sleep, use the error, or answer that
    something failed; those that ask the database something else, which fails as well in an outage; errors that are an
    answer in themselves (DuplicateKeyError, InvalidId; OperationFailure, but for writes where it is printed); driver
    calls more than one helper away.

Fix and its safety
    The driver's narrower error where the body tells which (in a clause of its own, where no result is an error as
    well), and ``logger.exception(…)``; the returned value stays, so that callers still take it for missing data.
    Unsafe: other errors now pass.

Sources
    PyMongo documentation, ``pymongo.errors``: what each class means; InvalidId is not a PyMongoError.
"""

from collections.abc import Iterator

from mongolint.rule import Applicability, Bad, ExceptSite, Finding, Good, Project, Rule, Severity

rule = Rule(
    "MDB502",
    "swallowed-database-error",
    Severity.MEDIUM,
    fix=Applicability.UNSAFE,
    supersedes=("MDB501", "MDB503", "MDB505"),
    concern="visibility",
)

_HARM = {"read": "an outage looks like missing data", "write": "a write may be lost, and no log says why"}


@rule.on(ExceptSite)
def check(site: ExceptSite, project: Project) -> Iterator[Finding]:
    if site.catches == "other" or site.uses_error or site.asks_again or project.is_answered(site):
        return
    # What an operation loses says more than the session around it
    ranked = {(len(call.chain), project.operation_at(call.module, call.row) is None): call for call in site.calls[::-1]}
    nearest = ranked[min(ranked)] if ranked else None
    if nearest is None or len(nearest.chain) > 1:
        return
    name = project.callee_name(nearest.module, nearest.row)
    through = f" (through {name})" if nearest.chain else ""
    done = "only printed" if site.prints else "dropped"
    call, kind = project.driver_call_name(nearest), project.driver_call_kind(nearest)
    if site.refusals and not (kind == "write" and site.prints):
        return  # that it is refused may be the answer
    harm, taken = _HARM.get(kind, "no log tells that it failed"), ""
    if kind == "write" and project.writes.is_hushed(site):
        harm = "a write may be lost, and neither a log nor the caller learns of it"
        operation = project.operation_at(nearest.module, nearest.row)
        taken = ", even that the _id is taken" if operation and project.writes.names_its_id(operation) else ""
    wider = " and catch PyMongoError" if site.catches != "driver" else ""
    # What a write leaves undone is as wrong in a script
    usual = rule.severity if kind == "write" else project.severity(rule.severity, nearest.module, nearest.row)
    yield rule.finding(
        project.offsets_span(site.module, site.handler.span),
        f"an error of {call}{through} is {done} here{taken}, so {harm}; log it with logger.exception(…){wider}, or let "
        "it rise",
        severity=Severity.LOW if nearest.chain else usual,
        related=project.related([(project.token(nearest.module, nearest.row), "the call that may fail")]),
        fix=rule.repair(
            "log the error",
            lambda draft: draft.log_error(site),
            text=f'{"catch PyMongoError, and " if wider else ""}begin the body with logger.exception("{call} failed")',
        ),
    )


EXAMPLES = [
    Bad(
        """\
        from pymongo import MongoClient

        users = MongoClient(timeoutMS=5000).app.users


        def load(user_id):
            try:
                return users.find_one({"_id": user_id})
            except Exception:
                return None
        """,
        at=("except Exception",),
        message="an error of find_one on users is dropped here, so an outage looks like missing data; log it",
        fixed="""\
        import logging

        from pymongo import MongoClient
        from pymongo.errors import PyMongoError

        logger = logging.getLogger(__name__)

        users = MongoClient(timeoutMS=5000).app.users


        def load(user_id):
            try:
                return users.find_one({"_id": user_id})
            except PyMongoError:
                logger.exception("find_one on users failed")
                return None
        """,
    ),
    Bad(
        """\
        from motor.motor_asyncio import AsyncIOMotorClient

        db = AsyncIOMotorClient(timeoutMS=5000).app


        async def remove(user_id):
            try:
                await db.users.delete_one({"_id": user_id})
            except Exception as error:
                print(f"cannot remove: {error}")
                return False
            return True
        """,
        at=("except Exception",),
        message="is only printed here, so a write may be lost, and no log says why; log it",
        fixed="""\
        import logging

        from motor.motor_asyncio import AsyncIOMotorClient
        from pymongo.errors import PyMongoError

        logger = logging.getLogger(__name__)

        db = AsyncIOMotorClient(timeoutMS=5000).app


        async def remove(user_id):
            try:
                await db.users.delete_one({"_id": user_id})
            except PyMongoError as error:
                logger.exception("cannot remove: %s", error)
                return False
            return True
        """,
    ),
    Bad(
        """\
        from pymongo import MongoClient

        users = MongoClient(timeoutMS=5000).app.users


        def load(user_id):
            return users.find_one({"_id": user_id})


        def page(user_id):
            try:
                return load(user_id)
            except Exception:
                return {}
        """,
        at=("except Exception",),
        message="(through load)",
        fixed="""\
        import logging

        from pymongo import MongoClient

        logger = logging.getLogger(__name__)

        users = MongoClient(timeoutMS=5000).app.users


        def load(user_id):
            return users.find_one({"_id": user_id})


        def page(user_id):
            try:
                return load(user_id)
            except Exception:
                logger.exception("error in page")
                return {}
        """,
    ),
    Bad(
        """\
        from bson import ObjectId
        from pymongo import MongoClient

        users = MongoClient(timeoutMS=5000).app.users


        def load(user_id):
            try:
                return users.find_one({"_id": ObjectId(user_id)})
            except:
                return None
        """,
        at=("except",),
        fixed="""\
        import logging

        from bson import ObjectId
        from bson.errors import InvalidId
        from pymongo import MongoClient
        from pymongo.errors import PyMongoError

        logger = logging.getLogger(__name__)

        users = MongoClient(timeoutMS=5000).app.users


        def load(user_id):
            try:
                return users.find_one({"_id": ObjectId(user_id)})
            except (InvalidId, TypeError):
                return None
            except PyMongoError:
                logger.exception("find_one on users failed")
                return None
        """,
    ),
    Bad(
        """\
        from pymongo import MongoClient

        urls = MongoClient(timeoutMS=5000).app.urls


        def store(code, url):
            try:
                urls.insert_one({"_id": code, "url": url})
            except Exception:
                pass
        """,
        at=("except Exception",),
        message="even that the _id is taken, so a write may be lost, and neither a log nor the caller learns of it",
        fixed="""\
        import logging

        from pymongo import MongoClient
        from pymongo.errors import PyMongoError

        logger = logging.getLogger(__name__)

        urls = MongoClient(timeoutMS=5000).app.urls


        def store(code, url):
            try:
                urls.insert_one({"_id": code, "url": url})
            except PyMongoError:
                logger.exception("insert_one on urls failed")
        """,
    ),
    Good(
        """\
        import logging

        from pymongo import MongoClient
        from pymongo.errors import DuplicateKeyError, PyMongoError

        logger = logging.getLogger(__name__)
        users = MongoClient(timeoutMS=5000).app.users


        def load(user_id):
            try:
                return users.find_one({"_id": user_id})
            except PyMongoError:
                logger.exception("cannot load %s", user_id)
                return None


        def create(user):
            try:
                return users.insert_one(user).inserted_id
            except DuplicateKeyError:
                return None
        """,
        why="it logs; a duplicate is an answer, not an outage",
    ),
]
