"""What runs a function: program shapes, and who is found to run ``ensure_indexes`` in each."""

from __future__ import annotations

from pathlib import Path

import pytest

from mongolint.project.model import Project
from mongolint.source.deepstack import with_deep_stack
from mongolint.testing import project

Files = dict[str, str]

STORE = """\
from pymongo import AsyncMongoClient

db = AsyncMongoClient().app


async def ensure_indexes():
    await db.users.create_index("email")
"""
SYNC_STORE = STORE.replace("AsyncMongoClient", "MongoClient").replace("async ", "").replace("await ", "")
# An application that does not run the function
APP = "from fastapi import FastAPI\n\nimport store\n\napp = FastAPI()\n"
FLASK = "from flask import Flask\n\nimport store\n\napp = Flask(__name__)\n"

RUN_BY_THE_APP: dict[str, Files | str] = {
    "FastAPI lifespan": """\
        from contextlib import asynccontextmanager
        from fastapi import FastAPI
        from store import ensure_indexes

        @asynccontextmanager
        async def lifespan(app):
            await ensure_indexes()
            yield

        app = FastAPI(lifespan=lifespan)
        """,
    "FastAPI start-up event": """\
        from fastapi import FastAPI
        import store

        app = FastAPI()

        @app.on_event("startup")
        async def start():
            await store.ensure_indexes()
        """,
    "FastAPI event handler that is added": APP + 'app.add_event_handler("startup", store.ensure_indexes)\n',
    "Starlette list": """\
        from starlette.applications import Starlette
        from store import ensure_indexes

        app = Starlette(on_startup=[ensure_indexes])
        """,
    "app factory that nobody calls": """\
        from fastapi import FastAPI
        import store

        def create_app():
            app = FastAPI()
            store.ensure_indexes()
            return app
        """,
    "module level of the application": FLASK + "store.ensure_indexes()\n",
    "module level of an imported module": {
        "main.py": "from flask import Flask\n\nimport setup_db\n\napp = Flask(__name__)\n",
        "setup_db.py": "import store\n\nstore.ensure_indexes()\n",
    },
    "module named in a string": {
        "main.py": 'from celery import Celery\n\nimport store\n\napp = Celery("app", include=["jobs.clean"])\n',
        "jobs/clean.py": "import store\n\nstore.ensure_indexes()\n",
        "jobs/__init__.py": "",
    },
    "Flask before the first request": FLASK + "@app.before_first_request\ndef first():\n    store.ensure_indexes()\n",
    "aiohttp list": """\
        from aiohttp import web
        from store import ensure_indexes

        async def prepare(app):
            await ensure_indexes()

        app = web.Application()
        app.on_startup.append(prepare)
        """,
    "aiohttp list, extended": """\
        from aiohttp import web
        import store

        def make(argv):
            app = web.Application()
            app.on_startup.extend([store.ensure_indexes])
            return app
        """,
    "Sanic listener": """\
        from sanic import Sanic
        import store

        app = Sanic("app")

        @app.listener("before_server_start")
        async def prepare(app, loop):
            await store.ensure_indexes()
        """,
    "Django's AppConfig.ready": {
        "manage.py": "from django.core.management import execute_from_command_line\n\nexecute_from_command_line()\n",
        "users/apps.py": """\
            from django.apps import AppConfig

            class UsersConfig(AppConfig):
                def ready(self):
                    from store import ensure_indexes
                    ensure_indexes()
            """,
    },
    "Celery signal": """\
        from celery import Celery
        from celery.signals import worker_init
        import store

        app = Celery("app")

        @worker_init.connect
        def prepare(**kwargs):
            store.ensure_indexes()
        """,
    "Celery task": FLASK
    + "from celery import shared_task\n\n@shared_task\ndef nightly():\n    store.ensure_indexes()\n",
    "bot's setup_hook": """\
        from discord.ext import commands
        import store

        class Bot(commands.Bot):
            async def setup_hook(self):
                await store.ensure_indexes()

        Bot().run("token")
        """,
    "route of an administrator": APP + '@app.post("/indexes")\nasync def make():\n    await store.ensure_indexes()\n',
    "Depends": """\
        from fastapi import Depends, FastAPI
        from store import ensure_indexes

        app = FastAPI()

        @app.get("/users")
        async def users(made=Depends(ensure_indexes)):
            return []
        """,
    "main block that serves": """\
        import uvicorn
        import store

        if __name__ == "__main__":
            store.ensure_indexes()
            uvicorn.run("store:app")
        """,
    "main block of the only program": """\
        import asyncio
        import store

        async def main():
            await store.ensure_indexes()

        if __name__ == "__main__":
            asyncio.run(main())
        """,
    "worker beside an application": {
        "main.py": APP,
        "worker.py": """\
            import asyncio
            import store

            async def work():
                await store.ensure_indexes()
                while True:
                    await asyncio.sleep(1)

            if __name__ == "__main__":
                asyncio.run(work())
            """,
    },
    "script that then serves": {
        "main.py": APP,
        "scripts/serve.py": """\
            import os
            import store

            if __name__ == "__main__":
                store.ensure_indexes()
                os.execvp("uvicorn", ["uvicorn", "main:app"])
            """,
    },
    "program that starts a worker": {
        "main.py": APP,
        "worker.py": """\
            import asyncio
            import sys
            from subprocess import Popen

            import store

            if __name__ == "__main__":
                asyncio.run(store.ensure_indexes())
                Popen(["celery", "worker"] + sys.argv[1:])
            """,
    },
    "program that starts a server by a line of the shell": {
        "main.py": APP,
        "begin.py": """\
            import asyncio
            import os

            import store

            if __name__ == "__main__":
                asyncio.run(store.ensure_indexes())
                os.system("cd app && gunicorn main:app")
            """,
    },
    "program that starts a server of whatever name": {
        "main.py": APP,
        "begin.py": """\
            import asyncio
            import subprocess

            import store

            if __name__ == "__main__":
                asyncio.run(store.ensure_indexes())
                subprocess.run(["granian", "main:app"])
            """,
    },
    "worker that asks before it begins": {
        "main.py": APP,
        "worker.py": """\
            import asyncio
            import store

            async def work():
                if input("begin? ") != "y":
                    return
                await store.ensure_indexes()
                while True:
                    await asyncio.sleep(1)

            if __name__ == "__main__":
                asyncio.run(work())
            """,
    },
    "program that starts what it is told to": {
        "main.py": APP,
        "begin.py": """\
            import asyncio
            import subprocess
            import sys

            import store

            def begin(command):
                subprocess.run(command)

            if __name__ == "__main__":
                asyncio.run(store.ensure_indexes())
                begin(sys.argv[1:])
            """,
    },
    "constructor of what the app builds": """\
        from fastapi import FastAPI
        import store

        class Users:
            def __init__(self):
                store.ensure_indexes()

        app = FastAPI()
        app.state.users = Users()
        """,
    "constructor of a subclass": """\
        from fastapi import FastAPI
        import store

        class Base:
            def __init__(self):
                store.ensure_indexes()

        class Users(Base):
            pass

        app = FastAPI()
        app.state.users = Users()
        """,
    "abstract method": """\
        from abc import ABC, abstractmethod
        from fastapi import FastAPI
        import store

        class Repository(ABC):
            def __init__(self):
                self.prepare()

            @abstractmethod
            def prepare(self): ...

        class Users(Repository):
            def prepare(self):
                store.ensure_indexes()

        app = FastAPI()
        app.state.users = Users()
        """,
    "task of the event loop": """\
        import asyncio
        from fastapi import FastAPI
        import store

        app = FastAPI()

        @app.on_event("startup")
        async def start():
            asyncio.create_task(store.ensure_indexes())
        """,
    "command of a bot": {
        "bot.py": "from discord.ext import commands\n\nbot = commands.Bot('!')\n",
        "cog.py": """\
            from discord.ext import commands
            import store

            class Logs(commands.Cog):
                @commands.group(invoke_without_command=True)
                async def logs(self, ctx): ...

                @logs.group(name="of")
                async def logs_of(self, ctx): ...

                @logs_of.command(name="key")
                async def logs_key(self, ctx):
                    await store.ensure_indexes()
            """,
    },
    "command of a bot of a class": """\
        from discord.ext import commands
        import store

        class Client(commands.Bot):
            pass

        client = Client("!")

        @client.command()
        async def logs(ctx):
            await store.ensure_indexes()
        """,
    "thread": FLASK + "from threading import Thread\n\nThread(target=store.ensure_indexes).start()\n",
    "lambda": FLASK + "app.before_serving(lambda: store.ensure_indexes())\n",
    "factory that a command runs, too": {
        "main.py": """\
            from flask import Flask
            import store

            def create_app():
                app = Flask(__name__)
                store.ensure_indexes()
                return app
            """,
        "manage.py": """\
            import click
            from main import create_app

            @click.command()
            def serve():
                create_app().run()
            """,
    },
    "partial": FLASK + "from functools import partial\n\nrun = partial(store.ensure_indexes)\nrun()\n",
    "other name": FLASK + "from store import ensure_indexes as prepare\n\ndef boot():\n    prepare()\n\nboot()\n",
    "alias of a module": {
        "main.py": FLASK + "from prepare import build\n\nbuild()\n",
        "prepare.py": "import store\n\nbuild = store.ensure_indexes\n",
    },
    "registry": FLASK + 'HOOKS = {"indexes": store.ensure_indexes}\n\nfor hook in HOOKS.values():\n    hook()\n',
    "command that starts a worker beside the application": {
        "main.py": APP,
        "cli.py": """\
            import click
            from redis import Redis
            from rq import Worker
            from store import ensure_indexes

            @click.group()
            def main():
                pass

            @main.command()
            def run_worker():
                ensure_indexes()
                Worker(["default"], connection=Redis()).work()
            """,
    },
    "command of an application that is one": """\
        import click
        import store

        @click.command()
        def init():
            store.ensure_indexes()

        if __name__ == "__main__":
            init()
        """,
    "gunicorn's configuration": {
        "main.py": FLASK,
        "gunicorn.conf.py": "import main\n",
        "hooks.py": "import main\n\nmain.store.ensure_indexes()\n",
        "wsgi.py": "import hooks\n\nfrom main import app\n",
    },
}

RUN_BY_SCRIPTS: dict[str, tuple[Files, list[tuple[str, str]]]] = {
    "script in the folder of scripts": (
        {"main.py": APP, "scripts/indexes.py": "import asyncio\nimport store\n\nasyncio.run(store.ensure_indexes())\n"},
        [("scripts/indexes.py", "")],
    ),
    "migration": (
        {"main.py": APP, "migrations/m0001.py": "import store\n\ndef upgrade(db):\n    store.ensure_indexes()\n"},
        [("migrations/m0001.py", "")],
    ),
    "main block of another file": (
        {
            "main.py": APP,
            "create_db.py": """\
                import asyncio
                import store

                async def main():
                    await store.ensure_indexes()

                if __name__ == "__main__":
                    asyncio.run(main())
                """,
        },
        [("create_db.py", "")],
    ),
    "main block of a program that runs others which end": (
        {
            "main.py": APP,
            "install.py": """\
                import asyncio
                import sys
                from subprocess import PIPE, run

                import store

                def named(prompt):
                    while True:
                        name = input(prompt)
                        if name:
                            return name

                def keys(path):
                    run(["/usr/bin/ssh-keygen", "-q", "-f", path], stdout=PIPE)
                    run("git --version")
                    run([sys.executable, "-m", "pip", "install"] + list(path))

                async def main():
                    keys(named("key: "))
                    await store.ensure_indexes()

                if __name__ == "__main__":
                    asyncio.run(main())
                """,
        },
        [("install.py", "")],
    ),
    "main block of a file that is named like a part of a route": (
        {
            "main.py": APP + "\n\nimport importlib\nviews = importlib.import_module('x')\nroute = '/<id>/update'\n",
            "update.py": """\
                import asyncio
                import store

                if __name__ == "__main__":
                    asyncio.run(store.ensure_indexes())
                """,
        },
        [("update.py", "")],
    ),
    "file that is named after what it does": (
        {"main.py": APP, "create_indexes.py": "import asyncio\nimport store\n\nasyncio.run(store.ensure_indexes())\n"},
        [("create_indexes.py", "")],
    ),
    "click command": (
        {
            "main.py": APP,
            "manage.py": """\
                import click
                import store

                @click.group()
                def cli(): ...

                @cli.command("create-indexes")
                def create_indexes():
                    store.ensure_indexes()
                """,
        },
        [("manage.py", "create_indexes")],
    ),
    "command that runs the tests": (
        {
            "main.py": APP,
            "manage.py": """\
                import click
                import store
                import unittest

                @click.group()
                def cli(): ...

                @cli.command("itests")
                def itests():
                    store.ensure_indexes()
                    unittest.TextTestRunner(verbosity=2).run(unittest.TestLoader().discover("tests"))
                """,
        },
        [("manage.py", "itests")],
    ),
    "Typer command": (
        {
            "main.py": APP,
            "cli.py": """\
                import typer
                import store

                cli = typer.Typer()

                @cli.command()
                def indexes():
                    store.ensure_indexes()
                """,
        },
        [("cli.py", "indexes")],
    ),
    "Invoke task": (
        {
            "main.py": APP,
            "tasks.py": """\
                import invoke
                import store

                ns = invoke.Collection()

                @invoke.task
                def indexes(_):
                    store.ensure_indexes()

                ns.add_task(indexes)
                """,
        },
        [("tasks.py", "indexes")],
    ),
    "Flask command": (
        {"main.py": FLASK + '@app.cli.command("indexes")\ndef indexes():\n    store.ensure_indexes()\n'},
        [("main.py", "indexes")],
    ),
    "command that is named like an attribute": (
        {
            "main.py": FLASK
            + '@app.get("/")\ndef who(request):\n    return request.users.names()\n\n\n'
            + '@app.cli.command("users")\ndef users():\n    store.ensure_indexes()\n'
        },
        [("main.py", "users")],
    ),
    "Django command": (
        {
            "main.py": APP,
            "users/management/commands/indexes.py": """\
                from django.core.management.base import BaseCommand
                import store

                class Command(BaseCommand):
                    def handle(self, *args, **options):
                        store.ensure_indexes()
                """,
        },
        [("users/management/commands/indexes.py", "Command.handle")],
    ),
    "through methods": (
        {
            "main.py": APP,
            "scripts/migrate.py": """\
                import store

                class Migration:
                    def __init__(self):
                        self.db = store.db

                    async def run(self):
                        await store.ensure_indexes()

                async def main():
                    await Migration().run()

                if __name__ == "__main__":
                    import asyncio
                    asyncio.run(main())
                """,
        },
        [("scripts/migrate.py", "")],
    ),
    "two scripts": (
        {
            "main.py": APP,
            "scripts/one.py": "import store\n\nstore.ensure_indexes()\n",
            "scripts/two.py": "import store\n\nif __name__ == '__main__':\n    store.ensure_indexes()\n",
        },
        [("scripts/one.py", ""), ("scripts/two.py", "")],
    ),
}

RUN_BY_NOTHING: dict[str, Files | str] = {
    "application beside": APP,
    "imported and re-exported": {
        "main.py": "from fastapi import FastAPI\n\nfrom db import ensure_indexes\n\napp = FastAPI()\n",
        "db/__init__.py": 'from store import ensure_indexes\n\n__all__ = ["ensure_indexes"]\n',
    },
    "re-exported by a list that grows": {
        "main.py": "from fastapi import FastAPI\n\nfrom db import ensure_indexes\n\napp = FastAPI()\n",
        "db/__init__.py": '__all__ = ["other"]\n\nfrom store import ensure_indexes\n\n__all__ += ["ensure_indexes"]\n',
    },
    "called by what nothing calls": APP + "\n\nasync def prepare():\n    await store.ensure_indexes()\n",
    "only tests": {"main.py": APP, "tests/test_store.py": "import store\n\nstore.ensure_indexes()\n"},
    "method of a class that nothing makes": APP
    + "\n\nclass Indexes:\n    async def create(self):\n        await store.ensure_indexes()\n",
    "constructor that only annotations name": APP
    + """

class UserIndexes:
    def __init__(self):
        store.ensure_indexes()


def names(users: UserIndexes | None) -> list[UserIndexes]:
    return isinstance(users, UserIndexes)
""",
    "a function of the same name": APP + "\n\ndef start():\n    ensure_indexes()\n\n\ndef ensure_indexes(): ...\n",
    "no start at all, but its own client": {},
}

RUN_BY_SOMEBODY: dict[str, Files | str] = {
    "library": {
        "store.py": "from pymongo.database import Database\n\n\ndef ensure_indexes(db: Database):\n"
        '    db.users.create_index("email")\n'
    },
    "handed to who knows whom": "import store\nfrom plugins import register\n\nregister(store.ensure_indexes)\n",
    "decorated": {
        "main.py": APP,
        "store.py": "import plugins\n" + STORE.replace("async def", "@plugins.hook\nasync def"),
    },
    "method of a framework's class": APP
    + """
from plugins import Plugin


class Indexes(Plugin):
    def install(self):
        store.ensure_indexes()
""",
    "named in a string": APP + '\nHOOK = "store:ensure_indexes"\n',
    "script, and nothing to compare with": {"scripts/indexes.py": "import store\n\nstore.ensure_indexes()\n"},
    "script that another program runs": {
        "main.py": APP,
        "update.py": 'import subprocess\n\nimport store\n\nSTEPS = ["python3 scripts/indexes.py"]\n',
        "scripts/indexes.py": "import store\n\nstore.ensure_indexes()\n",
    },
    "migrations that the application imports by name": {
        "main.py": APP + '\nimport importlib\n\nimportlib.import_module("migrations." + "m0001")\n',
        "migrations/m0001.py": "import store\n\nstore.ensure_indexes()\n",
    },
    "class that settings name": {
        "main.py": APP,
        "pipelines.py": """\
            import store

            class MongoPipeline:
                def open_spider(self, spider):
                    self._prepare()

                def _prepare(self):
                    store.ensure_indexes()
            """,
    },
    "override of a method with a body": APP
    + """

class Repository:
    async def prepare(self):
        await store.db.command("ping")


class Users(Repository):
    async def prepare(self):
        await store.ensure_indexes()


async def prepare_all(repositories: list[Repository]):
    for repository in repositories:
        await repository.prepare()


app.add_event_handler("startup", prepare_all)
""",
    "interface that is not inherited from": APP
    + """
from typing import Protocol


class Prepared(Protocol):
    async def prepare(self): ...


class Users:
    async def prepare(self):
        await store.ensure_indexes()


async def prepare_all(repositories: list[Prepared]):
    for repository in repositories:
        await repository.prepare()


app.add_event_handler("startup", prepare_all)
""",
    "read by a name put together": APP
    + """

class Indexes:
    def run(self):
        for name in ("users", "visits"):
            getattr(self, f"make_{name}")()

    def make_users(self):
        store.ensure_indexes()


Indexes().run()
""",
    "read from the module": APP + "\nfor name in dir(store):\n    getattr(store, name)()\n",
    "called on an object that is not traced": APP
    + """

def start(manager):
    manager.create()


class Manager:
    def create(self):
        store.ensure_indexes()


start(app.state.manager)
""",
}


def _load(files: Files | str, tmp_path: Path) -> Project:
    named = {"main.py": files} if isinstance(files, str) else files
    return project({"store.py": STORE, **named}, tmp_path).project


def _declaring(of: Project) -> tuple[int, int]:
    """The function that declares the index."""
    (index,) = of.declared_in_code
    operation = of.operation_at(index.module, index.row)
    assert operation is not None
    return operation.module, operation.scope


def _reached(files: Files | str, tmp_path: Path) -> tuple[str, list[tuple[str, str]]]:
    def ask() -> tuple[str, list[tuple[str, str]]]:
        loaded = _load(files, tmp_path)
        found = loaded.reached(*_declaring(loaded))
        return found.runner, [(loaded.path(module), loaded.function_name(module, scope)) for module, scope in found.by]

    return with_deep_stack(ask)


@pytest.mark.parametrize("case", RUN_BY_THE_APP)
def test_run_by_the_app(case: str, tmp_path: Path) -> None:
    assert _reached(RUN_BY_THE_APP[case], tmp_path) == ("app", [])


@pytest.mark.parametrize("case", RUN_BY_SCRIPTS)
def test_run_only_by_scripts(case: str, tmp_path: Path) -> None:
    files, scripts = RUN_BY_SCRIPTS[case]
    assert _reached(files, tmp_path) == ("script", scripts)


@pytest.mark.parametrize("case", RUN_BY_NOTHING)
def test_run_by_nothing(case: str, tmp_path: Path) -> None:
    assert _reached(RUN_BY_NOTHING[case], tmp_path) == ("nothing", [])


@pytest.mark.parametrize("case", RUN_BY_SOMEBODY)
def test_unknown(case: str, tmp_path: Path) -> None:
    assert _reached(RUN_BY_SOMEBODY[case], tmp_path)[0] in ("unknown", "app")


# Requests

HANDLERS = {
    "FastAPI": APP + '@app.get("/users")\nasync def users():\n    await store.ensure_indexes()\n',
    "FastAPI router": """\
        from fastapi import APIRouter
        import store

        router = APIRouter()

        @router.post("")
        async def users():
            await store.ensure_indexes()
        """,
    "FastAPI, without a decorator": APP
    + 'async def users():\n    await store.ensure_indexes()\n\napp.get("/users")(users)\n',
    "Starlette route": """\
        from starlette.applications import Starlette
        from starlette.routing import Route
        import store

        async def users(request):
            await store.ensure_indexes()

        app = Starlette(routes=[Route("/users", users)])
        """,
    "Flask": FLASK + '@app.route("/users", methods=["POST"])\ndef users():\n    store.ensure_indexes()\n',
    "Flask rule": FLASK + 'def users():\n    store.ensure_indexes()\n\napp.add_url_rule("/users", view_func=users)\n',
    "Flask before each request": FLASK + "@app.before_request\ndef users():\n    store.ensure_indexes()\n",
    "Flask view": FLASK
    + "from flask import views\n\nclass Users(views.MethodView):\n    def get(self):\n        store.ensure_indexes()\n",
    "Django path": """\
        from django.urls import path
        import store

        def users(request):
            store.ensure_indexes()

        urlpatterns = [path("users/", users)]
        """,
    "aiohttp": """\
        from aiohttp import web
        import store

        async def users(request):
            await store.ensure_indexes()

        app = web.Application()
        app.add_routes([web.get("/users", users)])
        """,
    "python-telegram-bot": """\
        from telegram.ext import Application, CommandHandler
        import store

        async def users(update, context):
            await store.ensure_indexes()

        application = Application.builder().token("…").build()
        application.add_handler(CommandHandler(["users", "all"], users, block=False))
        """,
    "Pyrogram": """\
        from pyrogram import Client, filters
        import store

        bot = Client("bot")

        @bot.on_callback_query(filters.regex("users"))
        async def users(client, query):
            await store.ensure_indexes()
        """,
    "Telethon": """\
        from telethon import TelegramClient, events
        import store

        bot = TelegramClient("bot", 1, "…")

        @bot.on(events.NewMessage(pattern="/users"))
        async def users(event):
            await store.ensure_indexes()
        """,
    "aiohttp table": """\
        from aiohttp import web
        import store

        routes = web.RouteTableDef()

        @routes.get("/users")
        async def users(request):
            await store.ensure_indexes()
        """,
    "Sanic": """\
        from sanic import Sanic
        import store

        app = Sanic("app")

        @app.route("/users")
        async def users(request):
            await store.ensure_indexes()
        """,
    "Tornado": """\
        from tornado.web import Application, RequestHandler
        import store

        class Users(RequestHandler):
            async def post(self):
                await store.ensure_indexes()

        app = Application([(r"/users", Users)])
        """,
    "injected function": """\
        from typing import Annotated
        from fastapi import Depends, FastAPI
        import store

        app = FastAPI()

        async def users():
            await store.ensure_indexes()
            return store.db.users

        @app.get("/")
        async def names(found: Annotated[object, Depends(users)]):
            return []
        """,
    "injected class": """\
        from fastapi import Depends, FastAPI
        import store

        app = FastAPI()

        class Users:
            def __init__(self):
                store.ensure_indexes()

        @app.get("/")
        async def names(users: Users = Depends()):
            return []
        """,
    "object made by what is injected": """\
        from fastapi import Depends, FastAPI
        import store

        app = FastAPI()

        class Users:
            def __init__(self):
                store.ensure_indexes()

        def users():
            return Users()

        @app.get("/")
        async def names(found=Depends(users)):
            return []
        """,
    "two calls deep": APP
    + """
def prepare():
    store.ensure_indexes()


class Users:
    def all(self):
        prepare()


@app.get("/users")
async def users():
    Users().all()
""",
}
# Reached by a request, but not by each one
SOMETIMES = {
    "cached": APP
    + "from functools import lru_cache\n\n@lru_cache\ndef made():\n    store.ensure_indexes()\n\n"
    + '@app.get("/users")\nasync def users():\n    made()\n',
    "flag": APP
    + 'READY = False\n\n@app.get("/users")\nasync def users():\n    global READY\n    if not READY:\n'
    + "        await store.ensure_indexes()\n        READY = True\n",
    "flag that ends the function": APP
    + "READY = False\n\nasync def prepare():\n    global READY\n    if READY:\n        return\n"
    + '    await store.ensure_indexes()\n\n@app.get("/users")\nasync def users():\n    await prepare()\n',
    "singleton": APP
    + """
_users = None


class Users:
    def __init__(self):
        store.ensure_indexes()


def get_users():
    global _users
    if _users is None:
        _users = Users()
    return _users


@app.get("/users")
async def users():
    get_users()
""",
}


def _request(files: str, tmp_path: Path, *, each: bool) -> str | None:
    def ask() -> str | None:
        loaded = _load(files, tmp_path)
        found = loaded.request_path(*_declaring(loaded), each=each)
        return loaded.function_name(*found.handler) if found is not None else None

    return with_deep_stack(ask)


@pytest.mark.parametrize("case", HANDLERS)
def test_each_request(case: str, tmp_path: Path) -> None:
    handler = _request(HANDLERS[case], tmp_path, each=True)
    assert handler is not None
    assert handler.lower().startswith("users")


@pytest.mark.parametrize("case", SOMETIMES)
def test_the_first_request(case: str, tmp_path: Path) -> None:
    assert _request(SOMETIMES[case], tmp_path, each=True) is None
    assert _request(SOMETIMES[case], tmp_path, each=False) == "users"


@pytest.mark.parametrize("case", ["FastAPI lifespan", "module level of the application", "Celery signal", "registry"])
def test_no_request(case: str, tmp_path: Path) -> None:
    files = RUN_BY_THE_APP[case]
    assert isinstance(files, str)
    assert _request(files, tmp_path, each=False) is None


# Files beside an application, with what they print, and whether that is the output of a program
PRINTING = {
    "parses its arguments": ("show.py", "from argparse import ArgumentParser\nArgumentParser().parse_args()", True),
    "reads its arguments": ("show.py", "import sys\nif sys.argv[1:]:\n    shown()", True),
    "in a folder of programs": ("bin/show.py", "shown()", True),
    "talks to a person": ("show.py", "def asked():\n    print(input('more? '))", True),
    "is named after printing": ("show.py", "def print_all():\n    print(1)", True),
    "standard output is a file": (
        "show.py",
        "import fileinput\nwith fileinput.FileInput('a', inplace=True) as text:\n    for line in text: print(line)",
        True,
    ),
    "a file is read": (
        "show.py",
        "import fileinput\nfor line in fileinput.input('a', inplace=False):\n    print(line)",
        False,
    ),
    "writes a log": (
        "show.py",
        "import logging\nclass Lines(logging.StreamHandler):\n    def emit(self, record):\n        print(record)",
        True,
    ),
    "configures logs": (
        "show.py",
        "from logging.config import dictConfig\ndef ready(folder):\n    print(folder)\n"
        "def configure():\n    ready('logs')\n    dictConfig({})",
        True,
    ),
    "anything": ("show.py", "shown()", False),
    "serves": ("bin/show.py", "from flask import Flask\napp = Flask(__name__)", False),
}


@pytest.mark.parametrize(("path", "code", "is_output"), PRINTING.values(), ids=PRINTING)
def test_what_programs_print_is_their_output(path: str, code: str, is_output: bool, tmp_path: Path) -> None:
    text = code if "print" in code else f"def shown():\n    print(1)\n\n\n{code}\n"
    built = project({"store.py": STORE, "main.py": APP, path: f"import store\n\n\n{text}\n"}, tmp_path).project
    module = next(number for number, facts in enumerate(built.modules) if facts.path.endswith(path))
    (call,) = (call for at, call in built.builtin_calls("print") if at == module)
    assert built.prints_output(module, call.scope, call.context) is is_output


SPREAD = """\
from fastapi import Depends, FastAPI
from pymongo import MongoClient

app = FastAPI()
db = MongoClient().app


class Users:
    def load(self, key):
        db.users.create_index("email")


class Books:
    def load(self, key):
        return key


def current():
    return CALL


def active(user=Depends(current)):
    return user


@app.get("/a")
def a(user=Depends(active)):
    return user


@app.get("/b")
def b(user=Depends(active)):
    return user


@app.get("/c")
def c():
    return current()
"""


@pytest.mark.parametrize(("call", "number"), [("Users().load(1)", 3), ("(Users() if app else Books()).load(1)", 0)])
def test_how_many_requests(call: str, number: int, tmp_path: Path) -> None:
    """With those that depend on it by several steps, and without those that may call another function."""
    loaded = project({"main.py": SPREAD.replace("CALL", call)}, tmp_path).project
    asks = with_deep_stack(lambda: loaded.reachability.requests(*_declaring(loaded)))
    assert (asks.number, asks.before_all) == (number, None)


FILLED = {
    "main.py": """\
from fastapi import FastAPI

import store

app = FastAPI()


@app.get("/users/{email}")
async def by_email(email):
    return await store.db.users.find_one({"email": email})
""",
    "scripts/copy_users.py": """\
import asyncio

from store import db, ensure_indexes


async def main(users):
    await db.users.insert_many(users)
    await ensure_indexes()


if __name__ == "__main__":
    asyncio.run(main([]))
""",
}
ADDED = '\n\n@app.post("/users")\nasync def add(user: dict):\n    await store.db.users.insert_one(user)\n'


@pytest.mark.parametrize(
    ("changed", "idle"),
    [
        ({}, 0),
        ({"main.py": FILLED["main.py"] + ADDED}, 1),
        ({"scripts/copy_users.py": FILLED["scripts/copy_users.py"].replace("insert_many", "delete_many")}, 1),
    ],
    ids=["only by the script", "by the application too", "by nobody"],
)
def test_what_fills_a_collection_makes_its_indexes(changed: dict[str, str], idle: int, tmp_path: Path) -> None:
    of = _load({"store.py": STORE, **FILLED, **changed}, tmp_path)
    assert len(of.idle_setups()) == idle


HELPER = "\n\nasync def put(name, documents):\n    await db[name].insert_many(documents)\n"
TOLD = '\n\n@app.post("/NAME")\nasync def add(document: dict):\n    await store.put("NAME", [document])\n'


@pytest.mark.parametrize(("name", "idle"), [("events", 0), ("users", 1)])
def test_a_helper_fills_the_collection_that_it_is_told(name: str, idle: int, tmp_path: Path) -> None:
    files = {
        "store.py": STORE + HELPER,
        "main.py": FILLED["main.py"] + TOLD.replace("NAME", name),
        "scripts/copy_users.py": FILLED["scripts/copy_users.py"]
        .replace("import db, ", "import put, ")
        .replace("db.users.insert_many(", 'put("users", '),
    }
    assert len(_load(files, tmp_path).idle_setups()) == idle


SCRIPT = """\
import asyncio

from store import ensure_indexes

if __name__ == "__main__":
    asyncio.run(ensure_indexes())
"""
SERVED = '\n\n@app.get("/users")\nasync def users(email):\n    return await store.by_email(email)\n'


@pytest.mark.parametrize(
    ("name", "text", "idle"),
    [
        ("run.sh", 'python -c "from store import ensure_indexes; ensure_indexes()"\nuvicorn main:app\n', 0),
        ("run.sh", "# python -m scripts.create_indexes\nuvicorn main:app\n", 1),
        ("run.sh", "python -m scripts.create_indexes && uvicorn main:app\n", 0),
        ("Dockerfile", 'RUN pip install .\nCMD ["python", "-u", "/code/scripts/create_indexes.py"]\n', 0),
        ("compose.yaml", "services:\n  setup:\n    command: uv run scripts/create_indexes.py\n", 0),
        ("Makefile", "setup:\n\tpython scripts/create_indexes.py\n", 1),
        ("run.sh", "python -m scripts.other\nuvicorn main:app\n", 1),
    ],
)
def test_what_a_container_runs_at_its_start_is_no_script_of_a_person(
    name: str, text: str, idle: int, tmp_path: Path
) -> None:
    (tmp_path / name).write_text(text)
    of = _load({"main.py": FILLED["main.py"] + SERVED, "scripts/create_indexes.py": SCRIPT}, tmp_path)
    assert len(of.idle_setups()) == idle
