"""A log line that says that the database failed, and not how.

What it flags
    ``logger.error("failed")`` in ``except Exception`` or ``except PyMongoError`` around a driver call, where the error
    is neither in the message nor in ``exc_info``, and goes no further: the clause returns, goes on, or answers with
    an HTTPException. Told at the first such line; also where the driver call is one helper away.

Why it hurts
    "Failed" is all that is left of a time-out, a duplicate key, a wrong password and a typo: whoever reads the log has
    to wait for the next time, with better logging.

What it leaves alone
    Clauses that raise (the new exception has the old one as its context) other than a response, which no framework
    logs; those that name the class of errors (ConnectionFailure says it), retry after a sleep, or hand the error to a
    helper; health checks. A clause that logs nothing is swallowed-database-error.

Fix and its safety
    ``logger.exception(…)``, or ``exc_info=True`` at another level. Unsafe: the traceback may hold values of documents.

Sources
    Python documentation, ``logging.exception``, "Exception Chaining"; Starlette, ``ExceptionMiddleware``.
"""

from collections.abc import Iterator

from mongolint.rule import Applicability, Bad, ExceptSite, Finding, Good, Project, Rule, Severity

rule = Rule("MDB505", "exception-detail-lost", Severity.LOW, fix=Applicability.UNSAFE, concern="visibility")


@rule.on(ExceptSite)
def check(site: ExceptSite, project: Project) -> Iterator[Finding]:
    nearest = min(site.calls, key=lambda call: len(call.chain), default=None)
    if not site.vague or nearest is None or len(nearest.chain) > 1:
        return
    name = project.callee_name(site.module, site.vague[0])
    todo = "use exception(…)" if name == "error" else "add exc_info=True"
    yield rule.finding(
        project.token(site.module, site.vague[0]),
        f"the log line tells that {project.driver_call_name(nearest)} failed, but not how, and the error ends here: "
        f"a time-out, a duplicate and a typo look the same; {todo}",
        related=project.related([(project.token(nearest.module, nearest.row), "the call that may fail")]),
        fix=rule.repair(
            "log the error with its traceback",
            lambda draft: draft.log_detail(site),
            text=f"{todo}, or put the error into the message",
            reason="the traceback may hold values of documents",
        ),
    )


EXAMPLES = [
    Bad(
        """\
        import logging

        from pymongo import MongoClient

        logger = logging.getLogger(__name__)
        users = MongoClient(timeoutMS=5000).app.users


        def remove(user_id):
            try:
                users.delete_one({"_id": user_id})
            except Exception:
                logger.error("cannot remove %s", user_id)
                return False
            return True
        """,
        at=("error",),
        message="tells that delete_one on users failed, but not how",
        fixed="""\
        import logging

        from pymongo import MongoClient

        logger = logging.getLogger(__name__)
        users = MongoClient(timeoutMS=5000).app.users


        def remove(user_id):
            try:
                users.delete_one({"_id": user_id})
            except Exception:
                logger.exception("cannot remove %s", user_id)
                return False
            return True
        """,
    ),
    Bad(
        """\
        import logging

        from fastapi import HTTPException
        from pymongo import AsyncMongoClient
        from pymongo.errors import PyMongoError

        logger = logging.getLogger(__name__)
        users = AsyncMongoClient(timeoutMS=5000).app.users


        async def load(user_id):
            try:
                return await users.find_one({"_id": user_id})
            except PyMongoError as error:
                logger.warning(
                    "cannot load a user",
                )
                logger.info("asked to come again")
                raise HTTPException(503, "try again later")
        """,
        at=("warning",),
        message="add exc_info=True",
        fixed="""\
        import logging

        from fastapi import HTTPException
        from pymongo import AsyncMongoClient
        from pymongo.errors import PyMongoError

        logger = logging.getLogger(__name__)
        users = AsyncMongoClient(timeoutMS=5000).app.users


        async def load(user_id):
            try:
                return await users.find_one({"_id": user_id})
            except PyMongoError as error:
                logger.warning(
                    "cannot load a user",
                    exc_info=True,
                )
                logger.info("asked to come again")
                raise HTTPException(503, "try again later")
        """,
    ),
    Good(
        """\
        import logging

        from pymongo import MongoClient
        from pymongo.errors import ConnectionFailure, PyMongoError

        logger = logging.getLogger(__name__)
        users = MongoClient(timeoutMS=5000).app.users


        class StoreError(Exception):
            pass


        def load(user_id):
            try:
                return users.find_one({"_id": user_id})
            except ConnectionFailure:
                logger.error("cannot reach the database")
            except PyMongoError:
                logger.error("cannot load %s", user_id)
                raise StoreError("cannot load")


        def count():
            try:
                return users.count_documents({}, maxTimeMS=500)
            except Exception as error:
                logger.error(f"cannot count: {error}")
                return 0


        def remove(user_id):
            try:
                users.delete_one({"_id": user_id})
            except Exception:
                logger.warning("cannot remove %s", user_id, exc_info=True)
        """,
        why="the class says it, the error rises as the context of another, or the log line tells it",
    ),
]
