"""Indexes that are declared in code which no start of the application runs.

What it flags
    A function that makes indexes and that nothing calls, or only a script, migration or command that a person runs.
    One finding per function, at its first index; collections that no query uses, or not by name, are left out.

Why it hurts
    A database in which nobody ran it has none of these indexes: each query that relies on them reads the whole
    collection, keys that should be unique repeat, and what should expire stays. One forgotten run is enough.

What it leaves alone
    Whatever the application runs: lifespan and start-up hooks, application factories, routes, tasks, the module level
    of what it imports, a main block that serves. Scripts that a shell script, an image or a service starts. Functions
    that are handed on, registered, decorated or named in a string; methods of classes that no code makes (plug-ins);
    libraries. Indexes that a mapper, a mongosh script or a snapshot has, too; those of what only that script fills.

Fix and its safety
    The call in the lifespan function, start-up handler or main block, or a new lifespan function, where it changes
    nothing else. Unsafe: the indexes are built at the next start, which takes time on a large collection.

Sources
    PyMongo documentation, ``create_index``: an index that exists already is left as it is, so that each start may ask.
"""

from collections.abc import Iterable, Iterator, Sequence
from functools import partial

from mongolint.rule import Applicability, Bad, Draft, Finding, Good, IndexDeclaration, NoFix, Project, Rule, Severity

rule = Rule("MDB201", "index-never-created", Severity.CRITICAL, fix=Applicability.UNSAFE, concern="speed", of_idle=True)


@rule.on(Project)
def check(project: Project) -> Iterator[Finding]:
    for setup in project.idle_setups():
        first = setup.calls[0]
        reached = project.reached(setup.module, setup.scope, setup.context)
        start = project.outermost(setup.module, setup.scope) if setup.scope else (setup.module, 0)
        name = project.function_name(*start)
        if reached.runner == "script":
            made = f"made only when somebody runs {_scripts(project, reached.by)}, and until then"
        else:
            made = f"never made, because nothing calls {name}:" if name else "never made:"
        is_safe = not setup.scope or project.makes_only_indexes(*start)
        todo = f"call {name}" if name and is_safe and not project.is_script(setup.module) else "make them"
        moved = "move what makes them into the application, and " if project.is_script(setup.module) else ""
        verb, them = ("are", "them") if len(setup.indexes) > 1 or setup.words.startswith("the") else ("is", "it")
        yield rule.finding(
            project.operation_span(first),
            f"{setup.words} {verb} declared here and {made} each query that relies on {them} reads the whole "
            f"collection{_more(setup.indexes)}; {todo} when the application starts",
            confidence=first.confidence,
            related=project.related((project.token(*call), "the call, run by hand") for call in reached.path[:1]),
            fix=rule.repair(
                "make the indexes when the application starts",
                partial(_write, start, is_safe, setup.indexes),
                text=f"{moved}{todo} where the application starts",
                reason=_reason(setup.indexes),
            ),
        )


def _write(start: tuple[int, int], is_safe: bool, indexes: Sequence[IndexDeclaration], draft: Draft) -> None:
    draft.call_at_start(*start)
    if not is_safe:
        raise NoFix("what makes them does other things, too")
    draft.reason = f"{_reason(indexes)}{_but(draft.project, indexes)}"


def _reason(indexes: Iterable[IndexDeclaration]) -> str:
    reason = "the indexes are built at the next start, which takes time on a large collection"
    return reason + (", and the TTL index begins to delete what is old" if _expires(indexes) else "")


def _scripts(project: Project, by: Iterable[tuple[int, int]]) -> str:
    """The scripts and commands by name, the first two."""
    paths = [(project.path(module), scope and project.function_name(module, scope)) for module, scope in by]
    return " or ".join([f"the command {name} of {path}" if name else path for path, name in paths][:2])


def _more(indexes: Iterable[IndexDeclaration]) -> str:
    """What else goes wrong without the indexes."""
    options = [index.options for index in indexes]
    unique = ", unique keys may repeat" if any(held.get("unique") is True for held in options) else ""
    return unique + (", nothing expires" if _expires(indexes) else "")


def _but(project: Project, indexes: Iterable[IndexDeclaration]) -> str:
    """What of them costs each write and serves nothing."""
    idle = [index.name for index in indexes if index.name and project.served.is_idle(index)]
    return f"; leave {' and '.join(idle)} out, which no query that the code shows can use" if idle else ""


def _expires(indexes: Iterable[IndexDeclaration]) -> bool:
    return any("expireAfterSeconds" in index.options for index in indexes)


EXAMPLES = [
    Bad(
        """\
        from contextlib import asynccontextmanager

        from fastapi import FastAPI
        from pymongo import AsyncMongoClient

        db = AsyncMongoClient(timeoutMS=5000).app


        async def ensure_indexes():
            await db.users.create_index("email", unique=True)


        @asynccontextmanager
        async def lifespan(app):
            yield


        app = FastAPI(lifespan=lifespan)


        @app.get("/users/{email}")
        async def by_email(email):
            return await db.users.find_one({"email": email})
        """,
        at=("create_index",),
        message="an index on users is declared here and never made, because nothing calls ensure_indexes: "
        "each query that relies on it reads the whole collection, unique keys may repeat",
        fixed="""\
        from contextlib import asynccontextmanager

        from fastapi import FastAPI
        from pymongo import AsyncMongoClient

        db = AsyncMongoClient(timeoutMS=5000).app


        async def ensure_indexes():
            await db.users.create_index("email", unique=True)


        @asynccontextmanager
        async def lifespan(app):
            await ensure_indexes()
            yield


        app = FastAPI(lifespan=lifespan)


        @app.get("/users/{email}")
        async def by_email(email):
            return await db.users.find_one({"email": email})
        """,
    ),
    Bad(
        {
            "app/db.py": """\
            from pymongo import AsyncMongoClient

            database = AsyncMongoClient(timeoutMS=5000).app
            """,
            "app/indexes.py": """\
            class IndexManager:
                def __init__(self, database):
                    self.database = database

                async def create_all(self):
                    await self._users()

                async def _users(self):
                    await self.database.users.create_index("email")
            """,
            "app/main.py": """\
            from fastapi import FastAPI

            from app.db import database

            app = FastAPI(title="Users")


            @app.get("/users/{email}")
            async def by_email(email):
                return await database.users.find_one({"email": email})
            """,
            "scripts/migrate.py": """\
            import asyncio

            from app.db import database
            from app.indexes import IndexManager

            asyncio.run(IndexManager(database).create_all())
            """,
        },
        at=("create_index",),
        message="made only when somebody runs scripts/migrate.py",
        fixed={
            "app/main.py": """\
            from collections.abc import AsyncIterator
            from contextlib import asynccontextmanager

            from fastapi import FastAPI

            from app.db import database
            from app.indexes import IndexManager


            @asynccontextmanager
            async def lifespan(app: FastAPI) -> AsyncIterator[None]:
                await IndexManager(database).create_all()
                yield


            app = FastAPI(title="Users", lifespan=lifespan)


            @app.get("/users/{email}")
            async def by_email(email):
                return await database.users.find_one({"email": email})
            """,
        },
    ),
    Bad(
        """\
        from flask import Flask
        from pymongo import MongoClient

        db = MongoClient(timeoutMS=5000).app
        app = Flask(__name__)


        @app.route("/users/<email>")
        def by_email(email):
            return db.users.find_one({"email": email})


        @app.cli.command("create-indexes")
        def create_indexes():
            db.users.create_index("email")
        """,
        at=("create_index",),
        message="made only when somebody runs the command create_indexes of example.py",
    ),
    Good(
        """\
        from aiohttp import web
        from pymongo import AsyncMongoClient

        db = AsyncMongoClient(timeoutMS=5000).app


        async def ensure_indexes(app):
            await db.users.create_index("email")


        async def by_email(request):
            return web.json_response(await db.users.find_one({"email": request.match_info["email"]}))


        app = web.Application()
        app.on_startup.append(ensure_indexes)
        app.add_routes([web.get("/users/{email}", by_email)])
        """,
        why="the application starts it",
    ),
    Good(
        """\
        from flask import Flask
        from plugins import setup
        from pymongo import MongoClient

        db = MongoClient(timeoutMS=5000).app
        app = Flask(__name__)


        @setup
        def ensure_indexes():
            db.users.create_index("email")


        @app.route("/users/<email>")
        def by_email(email):
            return db.users.find_one({"email": email})
        """,
        why="who decorates a function may run it",
    ),
    Good(
        """\
        from pymongo.database import Database


        def ensure_indexes(db: Database):
            db.users.create_index("email")


        def by_email(db: Database, email):
            return db.users.find_one({"email": email})
        """,
        why="a library: who uses it calls it",
    ),
]
