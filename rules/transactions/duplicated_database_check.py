"""The same ``try`` around database calls, word for word, in several functions of a module.

What it flags
    At least three functions of a module that hold the same ``try`` statement around driver calls, such as a check
    whether the server is a replica set. One finding, at the first.

Why it hurts
    What is learned in one place, an error that should be logged, a check that is wrong, is mended there and forgotten
    in the others. Each copy asks the server once more.

What it leaves alone
    Statements that return, those with a single call, copies that differ in more than comments and layout, tests.

Fix and its safety
    A function that all of them call, where the code shows what goes in and what comes out. Unsafe: a traceback has one
    more line, and what patches the copies in a test no longer finds them.

Sources
    Martin Fowler, "Refactoring": Duplicated Code, Extract Function.
"""

from collections.abc import Iterator
from functools import partial

from mongolint.rule import Applicability, Bad, Draft, ExceptSite, Finding, Good, Project, Rule, Severity

rule = Rule("MDB405", "duplicated-database-check", Severity.LOW, fix=Applicability.UNSAFE)


@rule.on(Project)
def check(project: Project) -> Iterator[Finding]:
    for repeated in project.sessions.repeated:
        first = repeated.copies[0]
        names = [project.function_name(copy.module, copy.scope) for copy in repeated.copies]
        shown = ", ".join(names[:3]) + (" …" if len(names) > 3 else "")
        call = project.driver_call_name(first.calls[0])
        yield rule.finding(
            project.offsets_span(first.module, first.handler.span),
            f"the same try around {call} stands in {len(names)} functions ({shown}): what is mended in one is "
            "forgotten in the others; make it one function that all call",
            related=project.related(
                [(project.offsets_span(copy.module, copy.handler.span), "again here") for copy in repeated.copies[1:]]
            ),
            fix=rule.repair(
                "make it one function",
                partial(_write, repeated.copies),
                text="move the try into a function that returns what it finds out, and call that",
                reason="it is another function that calls the driver",
            ),
        )


def _write(copies: tuple[ExceptSite, ...], draft: Draft) -> None:
    draft.extract_check(copies)


EXAMPLES = [
    Bad(
        """\
        import logging

        from pymongo import AsyncMongoClient
        from pymongo.errors import PyMongoError

        logger = logging.getLogger(__name__)
        client = AsyncMongoClient(timeoutMS=5000)


        # What the start page shows
        async def banner():
            try:
                # only the primary knows
                info = await client.admin.command("hello")
                name = info.get("setName")
            except PyMongoError:
                logger.exception("cannot ask for the replica set")
                name = None
            return f"replica set {name}"


        async def title(prefix):
            name = ""
            try:
                info = await client.admin.command("hello")
                name = info.get("setName")
            except PyMongoError:
                logger.exception("cannot ask for the replica set")
                name = None
            return prefix + str(name)


        async def has_set():
            try:
                info = await client.admin.command("hello")
                name = info.get("setName")
            except PyMongoError:
                logger.exception("cannot ask for the replica set")
                name = None
            return name is not None
        """,
        at=("except PyMongoError",),
        message="the same try around command stands in 3 functions (banner, title, has_set)",
        fixed="""\
        import logging

        from pymongo import AsyncMongoClient
        from pymongo.errors import PyMongoError

        logger = logging.getLogger(__name__)
        client = AsyncMongoClient(timeoutMS=5000)


        async def _find_name():
            try:
                # only the primary knows
                info = await client.admin.command("hello")
                name = info.get("setName")
            except PyMongoError:
                logger.exception("cannot ask for the replica set")
                name = None
            return name


        # What the start page shows
        async def banner():
            name = await _find_name()
            return f"replica set {name}"


        async def title(prefix):
            name = await _find_name()
            return prefix + str(name)


        async def has_set():
            name = await _find_name()
            return name is not None
        """,
    ),
    Good(
        """\
        import logging

        from pymongo import MongoClient
        from pymongo.errors import PyMongoError

        logger = logging.getLogger(__name__)
        client = MongoClient(timeoutMS=5000)


        def version():
            try:
                return client.admin.command("buildInfo").get("version")
            except PyMongoError:
                logger.exception("cannot ask for the version")
                return None


        def engine():
            try:
                engine = client.admin.command("serverStatus").get("storageEngine")
            except PyMongoError:
                logger.exception("cannot ask for the engine")
                engine = None
            return engine


        def host():
            try:
                host = client.admin.command("serverStatus").get("host")
            except PyMongoError:
                logger.exception("cannot ask for the host")
                host = None
            return host
        """,
        why="each asks for something else",
    ),
]
