"""Indexes that are made again and again: at each request, for each document, before each operation.

What it flags
    ``create_index`` in a route handler, in what it calls, or in what is injected into it; in a loop over documents
    that says nothing of the index; in a function that hands out a collection, called before each operation.

Why it hurts
    Each call is a round trip for an index that has been there since the first. Where it has not, a request waits
    until it is built, and a unique key that the data breaks fails that request instead of the start.

What it leaves alone
    Calls behind a flag, a question to the server or a kept result; singletons; routes that are there to make
    indexes, by their name or path; scripts; loops over specs or tenants.

Fix and its safety
    The calls move to a function that runs when the application starts. Unsafe: an index that is dropped while the
    application runs stays away until the next start.

Sources
    PyMongo documentation, "Migration Guide": ``create_index`` keeps no cache, "Applications should avoid frequent
    calls to ``create_index``".
"""

import re
from collections.abc import Iterator

from mongolint.rule import Applicability, Bad, Finding, Good, Project, Query, Rule, Severity, Span

rule = Rule("MDB205", "index-created-per-request", Severity.MEDIUM, fix=Applicability.UNSAFE, concern="speed")

# Handlers whose work it is
_MEANT = re.compile(r"index|setup|set_up|init|migrat|admin|install|bootstrap|seed", re.IGNORECASE)


@rule.on(Project)
def check(project: Project) -> Iterator[Finding]:
    for setup in project.setups:
        if not setup.scope or project.is_script(setup.module):
            continue
        in_loop = [call for call in setup.calls if project.document_loop(call)]
        each_time = [call for call in setup.calls if project.runs_each_time(call)]
        request = _request(project, setup.module, setup.scope) if each_time else None
        sites = project.getter_sites(setup)
        if in_loop:
            loops = [span for call in in_loop if (span := project.document_loop(call))]
            yield _finding(project, in_loop, "for each document of the loop", [(loops[0], "the loop")])
        elif request is not None:
            yield _finding(project, each_time, *request)
        elif sites:
            named = f"before each operation, by {project.function_name(setup.module, setup.scope)}"
            yield _finding(project, each_time, named, [(project.token(*site), "a call of it") for site in sites])


def _request(project: Project, module: int, scope: int) -> tuple[str, list[tuple[Span, str]]] | None:
    """When requests run a function each time, in words, and how they reach it."""
    path = project.request_path(module, scope, each=True)
    if path is None or _MEANT.search(path.route):
        return None
    handler = project.function_name(*path.handler)
    if _MEANT.search(handler.removesuffix(".__init__").rpartition(".")[2]):
        return None
    what = "event" if path.kind == "event" else "request"
    places = [(project.function_span(*path.handler), f"each {what} runs this")]
    return f"at each {what} that runs {handler}", places + [(project.token(*call), "the call") for call in path.calls]


def _finding(project: Project, calls: list[Query], when: str, places: list[tuple[Span, str]]) -> Finding:
    first = calls[0]
    return rule.finding(
        project.operation_span(first),
        f"{first.name} on {first.target} runs {when}: a round trip each time, and the first waits until the index is "
        "built; make it once, when the application starts",
        confidence=first.confidence,
        related=project.related(places),
        fix=rule.repair(
            "make the index when the application starts",
            lambda draft: draft.move_to_start(calls),
            text=f"move {first.name} to where the application starts",
            reason="an index that is dropped while the application runs stays away until the next start",
        ),
    )


EXAMPLES = [
    Bad(
        """\
        from contextlib import asynccontextmanager

        from fastapi import FastAPI
        from pymongo import AsyncMongoClient

        db = AsyncMongoClient(timeoutMS=5000).app


        @asynccontextmanager
        async def lifespan(app):
            yield


        app = FastAPI(lifespan=lifespan)


        @app.get("/users/{email}")
        async def by_email(email):
            await db.users.create_index("email", unique=True)
            return await db.users.find_one({"email": email})
        """,
        at=("create_index",),
        message="create_index on users runs at each request that runs by_email",
        fixed="""\
        from contextlib import asynccontextmanager

        from fastapi import FastAPI
        from pymongo import AsyncMongoClient

        db = AsyncMongoClient(timeoutMS=5000).app


        async def ensure_indexes() -> None:
            \"\"\"Build the indexes that queries need; one that exists already is left alone.\"\"\"
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
            "store.py": """\
            from pymongo import ASCENDING, MongoClient

            db = MongoClient(timeoutMS=5000).app


            def get_users():
                users = db.users
                users.create_index([("email", ASCENDING)], unique=True)
                return users
            """,
            "app.py": """\
            from flask import Flask

            from store import get_users

            app = Flask(__name__)


            @app.route("/users/<email>")
            def by_email(email):
                return get_users().find_one({"email": email})
            """,
        },
        at=("create_index",),
        fixed={
            "store.py": """\
            from pymongo import ASCENDING, MongoClient

            db = MongoClient(timeoutMS=5000).app


            def ensure_indexes() -> None:
                \"\"\"Build the indexes that queries need; one that exists already is left alone.\"\"\"
                db.users.create_index([("email", ASCENDING)], unique=True)


            def get_users():
                users = db.users
                return users
            """,
            "app.py": """\
            from flask import Flask

            from store import ensure_indexes, get_users

            app = Flask(__name__)
            ensure_indexes()


            @app.route("/users/<email>")
            def by_email(email):
                return get_users().find_one({"email": email})
            """,
        },
    ),
    Bad(
        """\
        from fastapi import Depends, FastAPI
        from pymongo import MongoClient

        app = FastAPI()
        db = MongoClient(timeoutMS=5000).app


        class Users:
            def __init__(self):
                self.users = db.users
                self.users.create_index("email")


        @app.get("/users/{email}")
        def by_email(email: str, users: Users = Depends()):
            return users.users.find_one({"email": email})
        """,
        at=("create_index",),
        message="at each request that runs Users.__init__",
    ),
    Bad(
        """\
        from pymongo import MongoClient

        db = MongoClient(timeoutMS=5000).app


        def users():
            db.users.create_index("email")
            return db.users


        def by_email(email):
            return users().find_one({"email": email})


        def remove(email):
            users().delete_one({"email": email})
        """,
        at=("create_index",),
        message="runs before each operation, by users",
    ),
    Bad(
        """\
        from pymongo import MongoClient

        db = MongoClient(timeoutMS=5000).app


        def copy():
            for user in db.users.find({}).limit(100):
                db.people.create_index("email")
                yield user
        """,
        at=("create_index",),
        message="runs for each document of the loop",
    ),
    Good(
        """\
        from flask import Flask
        from pymongo import MongoClient

        app = Flask(__name__)
        db = MongoClient(timeoutMS=5000).app
        ready = False


        def prepare():
            global ready
            if not ready:
                db.users.create_index("email")
                ready = True


        @app.route("/users/<email>")
        def by_email(email):
            prepare()
            return db.users.find_one({"email": email})
        """,
        why="only the first request makes it",
    ),
    Good(
        """\
        from flask import Flask
        from pymongo import MongoClient

        app = Flask(__name__)
        db = MongoClient(timeoutMS=5000).app


        @app.post("/admin/indexes")
        def rebuild():
            return db.users.create_index("email")


        def per_tenant():
            for tenant in db.tenants.find({}).limit(100):
                db[tenant["name"]].create_index("email")
        """,
        why="the work of that route; an index for each tenant",
    ),
]
