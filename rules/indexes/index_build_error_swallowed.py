"""An index that cannot be built, and a program that starts without it and tells nobody.

What it flags
    ``except`` around ``create_index`` or a helper that makes indexes, where the error is dropped, printed or logged
    as debug only. A clause that logs it and goes on: where one of the indexes is unique.

Why it hurts
    A build fails when the data holds duplicates, when an index with other options is there, when rights lack. Queries
    then read the whole collection; without a unique index each day brings more duplicates, and no later start can
    build it.

What it leaves alone
    Clauses that raise, retry, mend (drop the old index, remove duplicates), ask which error it is, or keep or return
    it; those around a whole program; scripts; CollectionInvalid, which speaks of collections.

Fix and its safety
    ``logger.exception(…)`` where nothing is logged, and ``raise``; none where the ``try`` connects, too, and may be
    there for that. Unsafe: the application no longer starts while an index cannot be built.

Sources
    MongoDB manual, ``createIndexes``: errors of options that differ (85, 86) and of duplicate keys (11000).
"""

from collections.abc import Iterator
from functools import partial
from typing import Any

from mongolint.rule import Applicability, Bad, Draft, Finding, Good, NoFix, Project, Rule, Severity

rule = Rule(
    "MDB212",
    "index-build-error-swallowed",
    Severity.MEDIUM,
    fix=Applicability.UNSAFE,
    supersedes=("MDB502",),
    concern="visibility",
)


@rule.on(Project)
def check(project: Project) -> Iterator[Finding]:
    for lost in project.lost_builds:
        site = lost.site
        only_unique = lost.fate == "logged" or site.catches == "other"
        if only_unique and not lost.unique:
            continue
        done = "only logged" if lost.fate == "logged" else "only printed" if site.prints else "dropped"
        harm = "and duplicates get in" if lost.unique else "and its queries read the whole collection"
        related = [(project.operation_span(call), "the build that may fail") for call in lost.calls[:3]]
        if lost.through is not None:
            related.insert(0, (project.token(site.module, lost.through), "the call that makes them"))
        todo = "raise it" if lost.fate == "logged" else "log it with logger.exception(…) and raise it"
        if lost.connects:
            todo = "build them behind this try, which may be there for a database that is not up yet"
        yield rule.finding(
            project.offsets_span(site.module, site.handler.span),
            f"an error in building {lost.words} is {done} here: the application goes on without, {harm}; {todo}",
            confidence=lost.calls[0].confidence,
            related=project.related(related),
            fix=rule.repair(
                "let the error rise",
                partial(_write, lost),
                text=todo,
                reason="the application no longer starts while an index cannot be built",
            ),
        )


def _write(lost: Any, draft: Draft) -> None:
    if lost.connects:
        raise NoFix("it may be there for a database that is not up yet")
    draft.log_and_raise(lost.site, f"cannot build {lost.words}")


EXAMPLES = [
    Bad(
        """\
        from pymongo import MongoClient

        users = MongoClient(timeoutMS=5000).app.users


        def prepare():
            try:
                users.create_index("email", unique=True)
            except Exception:
                pass


        prepare()
        """,
        at=("except Exception",),
        message="an error in building the unique index on users is dropped here: the application goes on without, "
        "and duplicates get in",
        fixed="""\
        import logging

        from pymongo import MongoClient

        logger = logging.getLogger(__name__)

        users = MongoClient(timeoutMS=5000).app.users


        def prepare():
            try:
                users.create_index("email", unique=True)
            except Exception:
                logger.exception("cannot build the unique index on users")
                raise


        prepare()
        """,
    ),
    Bad(
        """\
        import logging
        from contextlib import asynccontextmanager

        from fastapi import FastAPI
        from pymongo import AsyncMongoClient
        from pymongo.errors import PyMongoError

        logger = logging.getLogger(__name__)
        db = AsyncMongoClient(timeoutMS=5000).app


        async def ensure_indexes():
            await db.users.create_index("email", unique=True)
            await db.users.create_index("name")


        @asynccontextmanager
        async def lifespan(app):
            try:
                await ensure_indexes()
            except PyMongoError as error:
                logger.warning("no indexes: %s", error)
            yield


        app = FastAPI(lifespan=lifespan)
        """,
        at=("except PyMongoError",),
        message="the unique index on users is only logged here",
        fixed="""\
        import logging
        from contextlib import asynccontextmanager

        from fastapi import FastAPI
        from pymongo import AsyncMongoClient
        from pymongo.errors import PyMongoError

        logger = logging.getLogger(__name__)
        db = AsyncMongoClient(timeoutMS=5000).app


        async def ensure_indexes():
            await db.users.create_index("email", unique=True)
            await db.users.create_index("name")


        @asynccontextmanager
        async def lifespan(app):
            try:
                await ensure_indexes()
            except PyMongoError as error:
                logger.warning("no indexes: %s", error)
                raise
            yield


        app = FastAPI(lifespan=lifespan)
        """,
    ),
    Bad(
        """\
        from pymongo import MongoClient
        from pymongo.errors import OperationFailure

        db = MongoClient(timeoutMS=5000).app


        def prepare():
            for name, keys in (("users", "name"), ("visits", "seen")):
                try:
                    db[name].create_index(keys)
                except OperationFailure as error:
                    print(f"no index on {name}: {error}")
                    continue


        prepare()
        """,
        at=("except OperationFailure",),
        message="an error in building 2 indexes on users and visits is only printed here",
        fixed="""\
        import logging

        from pymongo import MongoClient
        from pymongo.errors import OperationFailure

        logger = logging.getLogger(__name__)

        db = MongoClient(timeoutMS=5000).app


        def prepare():
            for name, keys in (("users", "name"), ("visits", "seen")):
                try:
                    db[name].create_index(keys)
                except OperationFailure as error:
                    logger.exception("no index on %s: %s", name, error)
                    raise


        prepare()
        """,
    ),
    Bad(
        """\
        import logging
        from contextlib import asynccontextmanager

        from fastapi import FastAPI
        from pymongo import AsyncMongoClient

        logger = logging.getLogger(__name__)
        client = AsyncMongoClient(timeoutMS=5000)


        @asynccontextmanager
        async def lifespan(app):
            try:
                await client.admin.command("ping")
                await client.app.users.create_index("email", unique=True)
            except Exception:
                logger.warning("starting without the database", exc_info=True)
            yield


        app = FastAPI(lifespan=lifespan)
        """,
        at=("except Exception",),
        message="build them behind this try, which may be there for a database that is not up yet",
    ),
    Good(
        """\
        import logging

        from pymongo import MongoClient
        from pymongo.errors import OperationFailure, PyMongoError

        logger = logging.getLogger(__name__)
        users = MongoClient(timeoutMS=5000).app.users


        def prepare():
            try:
                users.create_index("name")
            except PyMongoError:
                logger.exception("no index on users")
            try:
                users.create_index("email", unique=True)
            except OperationFailure as error:
                if error.code not in (85, 86):
                    raise


        prepare()
        """,
        why="the first only makes queries slow, and is told; the second asks which error it is",
    ),
    Good(
        """\
        import logging

        from pymongo import MongoClient
        from pymongo.errors import OperationFailure

        logger = logging.getLogger(__name__)
        users = MongoClient(timeoutMS=5000).app.users


        def prepare():
            try:
                users.create_index("email", name="email", unique=True)
            except OperationFailure:
                logger.warning("the index has other options")
                users.drop_index("email")
                users.create_index("email", name="email", unique=True)


        prepare()
        """,
        why="it mends what is wrong",
    ),
]
