"""A client that is made anew at each request, message, task or invocation.

What it flags
    A client made in code that a request or event runs each time, by way of dependencies and helpers as well; one kept
    for a request (``flask.g``); in a task; in the handler of a serverless function.

Why it hurts
    A client is a pool: each one opens its own connections, logs in on each, and starts threads that watch the
    servers. Under load the server runs out of connections, and every request pays for a handshake.

What it leaves alone
    Clients kept in a global, a cached function, a dict or an object made once; made where the application starts;
    whose server differs from call to call; in a task of Airflow, which has a process of its own; scripts, commands,
    tests.

Fix and its safety
    In a function of the module, the client moves before it, and all calls share it. Unsafe: it then is made on
    import, also in a process that forks later. An asynchronous client is bound to the loop in which it is used first:
    one of a task that is no coroutine needs a loop for all tasks. Anything else is for a person.

Sources
    PyMongo documentation, FAQ ("How does connection pooling work", "Is PyMongo fork-safe") and ``MongoClient``.
"""

from collections.abc import Iterator
from typing import Any

from mongolint.rule import Applicability, Bad, ClientSite, Finding, Good, Project, Rule, Severity

rule = Rule("MDB302", "client-per-call", Severity.HIGH, fix=Applicability.UNSAFE, concern="resilience")
_BY = {"request": "request", "event": "event", "task": "run of the task", "invocation": "invocation"}


@rule.on(ClientSite)
def check(client: ClientSite, project: Project) -> Iterator[Finding]:
    made = project.made_clients.per_call(client)
    if made is None:
        return
    shared = "for each worker process, with one event loop" if made.own_loop else "when the application starts"
    calls = [(project.token(*call), "the call that leads to it") for call in made.calls]
    yield rule.finding(
        project.token(client.module, client.row),
        f"a client is made at each {_who(project, made)}: each opens a pool and threads of its own, and waits for new "
        f"connections; make one {shared}, and share it",
        related=project.related(calls),
        fix=rule.repair(
            "make the client once",
            lambda draft: draft.hoist_client(made),
            text=f"make the client {shared}, and hand it on",
            reason="it is made on import, also in a process that forks later",
        ),
    )


def _who(project: Project, made: Any) -> str:
    name = project.function_name(*made.handler)
    called = f"{made.route} ({name})" if made.route and made.route != name else made.route or f"({name})"
    return f"{_BY[made.by]} {called}"


EXAMPLES = [
    Bad(
        """\
        from flask import Flask
        from pymongo import MongoClient

        app = Flask(__name__)
        URI = "mongodb://localhost"


        @app.get("/users/<user_id>")
        def show_user(user_id):
            client = MongoClient(URI, timeoutMS=5000)
            return client.app.users.find_one({"_id": user_id})
        """,
        at=("MongoClient",),
        message="a client is made at each request /users/<user_id> (show_user)",
        fixed="""\
        from flask import Flask
        from pymongo import MongoClient

        app = Flask(__name__)
        URI = "mongodb://localhost"


        client = MongoClient(URI, timeoutMS=5000)


        @app.get("/users/<user_id>")
        def show_user(user_id):
            return client.app.users.find_one({"_id": user_id})
        """,
    ),
    Bad(
        """\
        from fastapi import Depends, FastAPI
        from pymongo import AsyncMongoClient

        app = FastAPI()


        async def get_db():
            client = AsyncMongoClient("mongodb://localhost", timeoutMS=5000)
            try:
                yield client.app
            finally:
                await client.close()


        @app.get("/users")
        async def show_users(db=Depends(get_db)):
            return await db.users.find_one()
        """,
        at=("AsyncMongoClient",),
        message="a client is made at each request (get_db)",
        fixed="""\
        from fastapi import Depends, FastAPI
        from pymongo import AsyncMongoClient

        app = FastAPI()


        async def get_db():
            client = AsyncMongoClient("mongodb://localhost", timeoutMS=5000)
            try:
                yield client.app
            finally:
                await client.close()


        @app.get("/users")
        async def show_users(db=Depends(get_db)):
            return await db.users.find_one()
        """,
    ),
    Bad(
        """\
        from flask import Flask, g
        from pymongo import MongoClient

        app = Flask(__name__)


        def get_db():
            if "db" not in g:
                g.db = MongoClient(timeoutMS=5000).app
            return g.db


        @app.get("/users")
        def show_users():
            return get_db().users.find_one()
        """,
        at=("MongoClient",),
        message="a client is made at each request /users (show_users)",
    ),
    Bad(
        """\
        import asyncio

        from celery import Celery
        from pymongo import AsyncMongoClient

        celery = Celery()


        async def count_users():
            client = AsyncMongoClient("mongodb://localhost", timeoutMS=5000)
            return await client.app.users.count_documents({"active": True})


        @celery.task(name="report")
        def report():
            return asyncio.run(count_users())
        """,
        at=("AsyncMongoClient",),
        message="make one for each worker process, with one event loop, and share it",
    ),
    Good(
        """\
        from airflow.decorators import task
        from pymongo import MongoClient


        @task()
        def store(readings: list[dict]):
            with MongoClient(timeoutMS=5000) as client:
                client.app.readings.insert_many(readings)
        """,
        why="each run of an Airflow task has a process of its own",
    ),
    Good(
        """\
        from functools import lru_cache

        from fastapi import Depends, FastAPI
        from pymongo import MongoClient

        app = FastAPI()
        clients = {}
        client = None


        @lru_cache
        def get_client():
            return MongoClient("mongodb://localhost", timeoutMS=5000)


        def get_shared():
            global client
            if client is None:
                client = MongoClient("mongodb://localhost", timeoutMS=5000)
            return client


        def get_tenant(host):
            clients[host] = MongoClient(host, timeoutMS=5000)
            return clients[host]


        @app.get("/users")
        def show_users(first=Depends(get_client), second=Depends(get_shared), third=Depends(get_tenant)):
            return first.app.users.find_one()


        @app.get("/test")
        def test_connection(uri: str):
            return MongoClient(uri, timeoutMS=5000).admin.command("ping")
        """,
        why="cached; made once; kept for each host; another server for each request",
    ),
]
