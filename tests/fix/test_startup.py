"""Fixes that run index builds where the application starts, and let their errors rise (MDB201, MDB205, MDB212)."""

from __future__ import annotations

import asyncio
import sys
import textwrap
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from pymongo.database import Database
from pymongo.errors import DuplicateKeyError

from mongolint.engine.load import Loaded, load
from mongolint.engine.mend import mend
from mongolint.engine.registry import all_rules
from mongolint.engine.run import Result, check
from mongolint.finding import Fix
from mongolint.testing import findings, project

Files = dict[str, str]

STORE = """\
from pymongo import AsyncMongoClient

db = AsyncMongoClient().app


async def ensure_indexes():
    await db.users.create_index("email")


async def by_email(email):
    return await db.users.find_one({"email": email})
"""
MAIN = """\
from fastapi import FastAPI

from store import by_email

app = FastAPI()
app.get("/users/{email}")(by_email)
"""
LIFESPAN = """\
@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    await ensure_indexes()
    yield
"""


def _check(rules: set[str], loaded: Loaded) -> Result:
    result = check(loaded, rules, loaded.project.config, fixes=True)
    assert not result.crashes
    return result


def apply(rule: str, files: Files, root: Path) -> tuple[Files, list[Fix]]:
    """The files after the fixes of a rule, and the fixes that are left to a person."""
    files = {name: textwrap.dedent(text) for name, text in files.items()}
    loaded = project(files, root)
    assert _check({rule}, loaded).findings
    tokens = [token for each in all_rules() for token in each.tokens]

    def reload(overlay: Mapping[str, bytes], previous: Loaded) -> Loaded:
        config = previous.project.config
        return load([root], config, root, overlay=overlay, tokens=tokens, jobs=1, previous=previous)

    mended = mend(loaded, partial(_check, {rule}), reload, unsafe=True)
    assert not mended.failures
    written = {
        name: mended.changed.get((root / name).as_posix(), text.encode()).decode() for name, text in files.items()
    }
    return written, [finding.fix for finding in mended.result.findings if isinstance(finding.fix, Fix)]


def refused(rule: str, files: Files, root: Path) -> str:
    """Why the one fix is left to a person, where nothing is changed."""
    written, left = apply(rule, files, root)
    assert written == {name: textwrap.dedent(text) for name, text in files.items()}
    (fix,) = left
    return fix.reason


# A new lifespan function

IMPORTS = "from collections.abc import AsyncIterator\nfrom contextlib import asynccontextmanager\n\n"
APPLICATIONS = {
    "plain": (
        MAIN,
        IMPORTS
        + MAIN.replace("import by_email", "import by_email, ensure_indexes")
        .replace("app = FastAPI()", LIFESPAN + "\n\napp = FastAPI(lifespan=lifespan)")
        .replace("\n@async", "\n\n@async"),
    ),
    "options on their own lines, a comment above": (
        MAIN.replace("app = FastAPI()", "# The application\napp = FastAPI(\n    title='Users',\n)"),
        IMPORTS
        + MAIN.replace("import by_email", "import by_email, ensure_indexes")
        .replace(
            "app = FastAPI()",
            LIFESPAN + "\n\n# The application\napp = FastAPI(\n    title='Users',\n    lifespan=lifespan,\n)",
        )
        .replace("\n@async", "\n\n@async"),
    ),
    "factory": (
        MAIN.replace('app = FastAPI()\napp.get("/users/{email}")(by_email)\n', "")
        + "\n\ndef create_app():\n    app = FastAPI()\n    app.get('/users')(by_email)\n    return app\n",
        IMPORTS
        + MAIN.replace('app = FastAPI()\napp.get("/users/{email}")(by_email)\n', "").replace(
            "import by_email", "import by_email, ensure_indexes"
        )
        + "\n\n"
        + LIFESPAN
        + "\n\ndef create_app():\n    app = FastAPI(lifespan=lifespan)\n"
        + "    app.get('/users')(by_email)\n    return app\n",
    ),
    "typing's iterator": (
        "from typing import AsyncIterator\n\n" + MAIN,
        "from contextlib import asynccontextmanager\nfrom typing import AsyncIterator\n\n"
        + MAIN.replace("import by_email", "import by_email, ensure_indexes")
        .replace("app = FastAPI()", LIFESPAN + "\n\napp = FastAPI(lifespan=lifespan)")
        .replace("\n@async", "\n\n@async"),
    ),
}


@pytest.mark.parametrize("case", APPLICATIONS)
def test_new_lifespan(case: str, tmp_path: Path) -> None:
    before, after = APPLICATIONS[case]
    written, left = apply("MDB201", {"store.py": STORE, "main.py": before}, tmp_path)
    assert not left
    assert written == {"store.py": STORE, "main.py": after}


def test_lifespan_builds_the_index(
    tmp_path: Path, mongod_uri: str, server_db: Database[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("fastapi")
    store = STORE.replace("AsyncMongoClient().app", f"AsyncMongoClient({mongod_uri!r})[{server_db.name!r}]")
    written, _ = apply("MDB201", {"store.py": store, "main.py": MAIN}, tmp_path)
    for name, text in written.items():
        (tmp_path / name).write_text(text)
    monkeypatch.syspath_prepend(str(tmp_path))
    import main  # type: ignore[import-not-found]  # the module just written

    async def start() -> None:
        async with main.app.router.lifespan_context(main.app):
            await sys.modules["store"].db.client.close()

    asyncio.run(start())
    for name in ("main", "store"):
        monkeypatch.delitem(sys.modules, name)
    assert sorted(server_db.users.index_information()) == ["_id_", "email_1"]


# What is called, and on what

CALLS = {
    "database as argument": ("async def ensure_indexes(db: AsyncDatabase):", "", "await ensure_indexes(db)"),
    "database by keyword only": ("async def ensure_indexes(*, database: AsyncDatabase):", "", "database=db"),
    "sync function": ("def ensure_indexes():", "", "    ensure_indexes()\n"),
    "method": (
        "class Indexes:\n    def __init__(self, db: AsyncDatabase):\n        self.db = db\n\n    async def make(self):",
        "self.",
        "await Indexes(db).make()",
    ),
    "class method": (
        "class Indexes:\n    @classmethod\n    async def make(cls, db: AsyncDatabase):",
        "",
        "await Indexes.make(db)",
    ),
    "static method": ("class Indexes:\n    @staticmethod\n    async def make():", "", "await Indexes.make()"),
}
NO_CALLS = {
    "other arguments": ("async def ensure_indexes(db: AsyncDatabase, prefix):", "what to pass as prefix"),
    "object of another kind": (
        "class Indexes:\n    def __init__(self, settings):\n        self.settings = settings\n\n"
        "    async def make(self):",
        "what to pass as settings",
    ),
    "writes as well": ("async def ensure_indexes():\n    await db.users.delete_many({})", "it also runs delete_many"),
    "generator": ("async def ensure_indexes():\n    yield 1", "it is no function that can be called"),
}
APP = """\
from contextlib import asynccontextmanager

from fastapi import FastAPI
from pymongo import AsyncMongoClient
from pymongo.asynchronous.database import AsyncDatabase

db = AsyncMongoClient().app


{function}


@asynccontextmanager
async def lifespan(app):
    yield


app = FastAPI(lifespan=lifespan)


@app.get("/users")
async def users(email: str):
    return await db.users.find_one({{"email": email}})
"""


def _app(head: str, receiver: str = "") -> str:
    indent = "        " if head.startswith("class") else "    "
    wait = "" if head.startswith("def") else "await "
    return APP.format(function=f'{head}\n{indent}{wait}{receiver}db.users.create_index("email")')


@pytest.mark.parametrize("case", CALLS)
def test_call(case: str, tmp_path: Path) -> None:
    head, receiver, line = CALLS[case]
    written, left = apply("MDB201", {"main.py": _app(head, receiver)}, tmp_path)
    assert not left
    assert line in written["main.py"].partition("async def lifespan")[2].partition("yield")[0]


def test_a_lifespan_function_that_is_set_afterwards(tmp_path: Path) -> None:
    set_there = APP.replace("FastAPI(lifespan=lifespan)", "FastAPI()\napp.router.lifespan_context = lifespan")
    code = set_there.format(function='async def ensure_indexes():\n    await db.users.create_index("email")')
    written, left = apply("MDB201", {"main.py": code}, tmp_path)
    assert not left
    assert written["main.py"] == code.replace("    yield\n", "    await ensure_indexes()\n    yield\n")


@pytest.mark.parametrize("case", NO_CALLS)
def test_no_call(case: str, tmp_path: Path) -> None:
    head, reason = NO_CALLS[case]
    assert reason in refused("MDB201", {"main.py": _app(head)}, tmp_path)


def test_kept_object(tmp_path: Path) -> None:
    store = """\
        from pymongo import AsyncMongoClient

        class Store:
            def __init__(self, uri):
                self.users = AsyncMongoClient(uri).app.users

            async def make_indexes(self):
                await self.users.create_index("email")

            async def by_email(self, email):
                return await self.users.find_one({"email": email})


        store = Store("mongodb://localhost")
        """
    main = MAIN.replace("import by_email", "import store").replace("(by_email)", "(store.by_email)")
    written, left = apply("MDB201", {"store.py": store, "main.py": main}, tmp_path)
    assert not left
    assert "    await store.make_indexes()\n    yield\n" in written["main.py"]


NOWHERE = {
    "handlers that a lifespan function turns off": (
        {"store.py": STORE, "main.py": MAIN + "\n\n@app.on_event('shutdown')\ndef stop(): ...\n"},
        "the application has handlers that a lifespan function would turn off",
    ),
    "a lifespan function of another kind, set afterwards": (
        {"store.py": STORE, "main.py": MAIN + "\n\napp.router.lifespan_context = wrapped(app)\n"},
        "what the application runs when it starts is not clear",
    ),
    "taken name": (
        {"store.py": STORE, "main.py": MAIN + "\n\ndef lifespan(): ...\n"},
        "the name lifespan means something else",
    ),
    "script": (
        {
            "store.py": STORE.replace('await db.users.create_index("email")', "..."),
            "main.py": MAIN,
            "scripts/indexes.py": "from store import db\n\ndef make():\n    db.users.create_index('email')\n\nmake()\n",
        },
        "it stands in a script",
    ),
    "async in Flask": (
        {
            "store.py": STORE,
            "main.py": "from flask import Flask\n\nfrom store import by_email\n\napp = Flask('x')\n"
            "app.add_url_rule('/', view_func=by_email)\n",
        },
        "the module cannot await it",
    ),
    "connected by something else": (
        {
            "store.py": STORE.replace("db = AsyncMongoClient().app", "db = None\n\ndef connect():\n    global db\n"
            "    db = AsyncMongoClient().app"),
            "main.py": MAIN,
        },
        "where its database is connected is not clear",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", NOWHERE)
def test_nowhere(case: str, tmp_path: Path) -> None:
    files, reason = NOWHERE[case]
    assert reason in refused("MDB201", files, tmp_path)


def test_connected_by_the_lifespan_function(tmp_path: Path) -> None:
    store = STORE.replace(
        "db = AsyncMongoClient().app", "db = None\n\ndef connect():\n    global db\n    db = AsyncMongoClient().app"
    )
    main = MAIN.replace(
        "app = FastAPI()",
        "@asynccontextmanager\nasync def lifespan(app):\n    connect()\n    yield\n\napp = FastAPI(lifespan=lifespan)",
    ).replace("import by_email", "import by_email, connect")
    main = "from contextlib import asynccontextmanager\n" + main
    written, left = apply("MDB201", {"store.py": store, "main.py": main}, tmp_path)
    assert not left
    assert "    connect()\n    await ensure_indexes()\n    yield\n" in written["main.py"]


# What each request runs

REQUESTS = """\
from flask import Flask
from pymongo import DESCENDING, MongoClient

db = MongoClient().app
app = Flask(__name__)


@app.route("/users/<email>")
def by_email(email):
    {calls}
    return db.users.find_one({{"email": email}})
"""
MOVED = {
    "two calls": (
        'db.users.create_index("email", unique=True)\n    db.users.create_index([("seen", DESCENDING)])',
        'db.users.create_index("email", unique=True)\n    db.users.create_index([("seen", DESCENDING)])\n',
    ),
    "through a variable": ('users = db.users\n    users.create_index("email")', 'db.users.create_index("email")\n'),
}
NOT_MOVED = {
    "argument from the request": ("db.users.create_index(email)", "its arguments are made where it stands"),
    "result": ('name = db.users.create_index("email")', "its result is used"),
    "comment": ('db.users.create_index("email")  # fast', "a comment goes with it"),
    "collection from the request": ('db[email].create_index("email")', "is known only at run time"),
    "guarded": (
        'try:\n        db.users.create_index("email")\n    finally:\n        pass',
        "part of another statement",
    ),
}


@pytest.mark.parametrize("case", MOVED)
def test_moved(case: str, tmp_path: Path) -> None:
    calls, moved = MOVED[case]
    written, left = apply("MDB205", {"main.py": REQUESTS.format(calls=calls)}, tmp_path)
    assert not left
    head, _, tail = written["main.py"].partition('@app.route("/users/<email>")')
    assert moved in head.partition("def ensure_indexes")[2]
    assert "\nensure_indexes()\n" in head
    assert "create_index" not in tail


@pytest.mark.parametrize("case", NOT_MOVED)
def test_not_moved(case: str, tmp_path: Path) -> None:
    calls, reason = NOT_MOVED[case]
    assert reason in refused("MDB205", {"main.py": REQUESTS.format(calls=calls)}, tmp_path)


# Errors of builds

CLAUSES = {
    "pass": ("except Exception:\n        pass", "except Exception:\n        {log}\n        raise"),
    "one line": ("except Exception: pass", "except Exception:\n        {log}\n        raise"),
    "bare": ("except:\n        pass", "except:\n        {log}\n        raise"),
    "return": ("except Exception:\n        return False", "except Exception:\n        {log}\n        raise"),
    "comment": (
        "except Exception:\n        # there already\n        pass",
        "except Exception:\n        # there already\n        {log}\n        raise",
    ),
    "log line": (
        "except Exception:\n        logger.error('no index')",
        "except Exception:\n        logger.error('no index')\n        raise",
    ),
    "log line and return": (
        "except Exception as e:\n        logger.error('no index: %s', e)\n        return None",
        "except Exception as e:\n        logger.error('no index: %s', e)\n        raise",
    ),
    "debug": (
        "except Exception:\n        logger.debug('no index')",
        "except Exception:\n        logger.debug('no index')\n        raise",
    ),
}
TRY = """\
import logging

from pymongo import MongoClient

logger = logging.getLogger(__name__)
client = MongoClient()
db = client.app


def prepare():
    try:
        db.users.create_index("email", unique=True)
    {clause}


prepare()
"""
LOG = 'logger.exception("cannot build the unique index on users")'


@pytest.mark.parametrize("case", CLAUSES)
def test_raised(case: str, tmp_path: Path) -> None:
    before, after = CLAUSES[case]
    written, left = apply("MDB212", {"main.py": TRY.format(clause=before)}, tmp_path)
    assert not left
    assert written["main.py"] == TRY.format(clause=after.format(log=LOG))


def test_the_program_stops(mongod_uri: str, server_db: Database[dict[str, Any]], tmp_path: Path) -> None:
    server_db.users.insert_many([{"email": "a"}, {"email": "a"}])
    before = TRY.replace("MongoClient()", f"MongoClient({mongod_uri!r})").replace("client.app", "client[NAME]")
    before = before.format(clause="except Exception:\n        pass")
    written, _ = apply("MDB212", {"main.py": before}, tmp_path)
    names: dict[str, Any] = {"__name__": "service", "NAME": server_db.name}
    exec(before, names)
    with names["client"], pytest.raises(DuplicateKeyError):
        exec(written["main.py"].replace(f"client = MongoClient({mongod_uri!r})\n", ""), names)


# What makes the index and does something else: no start of the application may do that
MIXED = """\
from fastapi import FastAPI
from pymongo import MongoClient

app = FastAPI()
db = MongoClient(timeoutMS=5000).app


def reset():
    {does}
    db.users.create_index("email")


@app.get("/users")
def show(email: str):
    return db.users.find_one({{"email": email}})
"""


@pytest.mark.parametrize(
    ("does", "is_called"),
    [
        ("db.users.delete_many({})", False),
        ("db.users.drop()", False),
        ("db.users.index_information()", True),
        ("print('indexes')", True),
    ],
)
def test_only_what_makes_nothing_but_indexes_is_called_at_start(does: str, is_called: bool, tmp_path: Path) -> None:
    (found,) = findings(MIXED.format(does=does), tmp_path, rules={"MDB201"})
    assert ("call reset when the application starts" in found.message) is is_called
    assert ("make them when the application starts" in found.message) is not is_called


def test_a_command_is_not_called_at_start(tmp_path: Path) -> None:
    code = MIXED.format(does="for user in read(path): user.load()").replace(
        "def reset():", "@click.command()\ndef load(path):"
    )
    for name, todo in (("load", "make them"), ("load_indexes", "call load_indexes")):
        text = "import click\n" + code.replace("def load(", f"def {name}(")
        (found,) = findings(text, tmp_path, rules={"MDB201"})
        assert f"; {todo} when the application starts" in found.message


# Flask-PyMongo

QUERIES = """

def by_email(email):
    return mongo.db.users.find_one({"email": email})
"""
FLASK = {
    "made with the application": (
        "app = Flask(__name__)\nmongo = PyMongo(app)\n",
        "app = Flask(__name__)\nmongo = PyMongo(app)\n\n\n%s\n\nwith app.app_context():\n    ensure_indexes()\n",
    ),
    "given the application": (
        "mongo = PyMongo()\n\n\ndef create_app(name):\n    app = Flask(name)\n    mongo.init_app(app)\n"
        "    return app\n",
        "mongo = PyMongo()\n\n\n%s\n\ndef create_app(name):\n    app = Flask(name)\n    mongo.init_app(app)\n"
        "    with app.app_context():\n        ensure_indexes()\n    return app\n",
    ),
}
BUILT = '''\
def ensure_indexes() -> None:
    """Build the indexes that queries need; one that exists already is left alone."""
    mongo.db.users.create_index([("email", 1)])
'''
WITH_FLASK = "from flask import Flask\nfrom flask_pymongo import PyMongo\n\n"
NO_FLASK = {
    "several": "app = Flask(__name__)\nmongo = PyMongo(app)\nother = PyMongo(app)\n",
    "on some ways": "mongo = PyMongo()\n\n\ndef create_app(app):\n    if app:\n        mongo.init_app(app)\n",
    "an application without a name": "mongo = PyMongo(Flask(__name__))\n",
}


@pytest.mark.parametrize("case", FLASK)
def test_behind_the_extension(case: str, tmp_path: Path) -> None:
    before, after = FLASK[case]
    written, left = apply("MDB104", {"app.py": WITH_FLASK + before + QUERIES}, tmp_path)
    assert not left
    assert written["app.py"] == WITH_FLASK + after % BUILT + QUERIES


@pytest.mark.parametrize("case", NO_FLASK)
def test_not_behind_the_extension(case: str, tmp_path: Path) -> None:
    reason = refused("MDB104", {"app.py": WITH_FLASK + NO_FLASK[case] + QUERIES}, tmp_path)
    assert reason.startswith("the project declares no index, and ")
