"""Clients: their options, how often they are made, what watches them, and which dates they read."""

from __future__ import annotations

from pathlib import Path

import pytest

from mongolint.engine.run import check
from mongolint.finding import Severity
from mongolint.testing import findings, project
from mongolint.testing.projects import run

# The arguments of a client; the options that are found, whether there may be others, what is known of the URI
OPTIONS: dict[str, tuple[str, set[str], bool, str]] = {
    "none": ("", set(), False, "all"),
    "keywords": ("URI, timeoutMS=5, tz_aware=True", {"timeoutMS", "tz_aware"}, False, "all"),
    "position": ("'localhost', 27017, dict, True", {"document_class", "tz_aware"}, False, "all"),
    "uri": ("'mongodb://a/x?timeoutMS=5&w=1'", {"timeoutMS", "w"}, False, "all"),
    "uri with semicolons": ("'mongodb://a/?timeoutMS=5;w=1'", {"timeoutMS", "w"}, False, "all"),
    "host as a keyword": ("host='mongodb+srv://a/?w=1'", {"w"}, False, "all"),
    "constant of the module": ("URI", set(), False, "all"),
    "a dict": ("URI, **OPTIONS", {"timeoutMS"}, False, "all"),
    "a dict of the call": ("URI, **{'w': 1}", {"w"}, False, "all"),
    "an empty dict": ("URI, **{}", set(), True, "all"),
    "an unknown dict": ("URI, **settings.OPTIONS", set(), True, "all"),
    "environment with a default": ("os.getenv('URI', 'mongodb://a/?w=1')", {"w"}, False, "part"),
    "environment": ("os.environ['URI']", set(), False, "nothing"),
    "setting": ("settings.URI", set(), False, "nothing"),
    "a name of an f-string": ("f'mongodb://{settings.HOST}/?w=1'", {"w"}, False, "all"),
    "options of an f-string": ("f'mongodb://a/?{settings.MORE}'", set(), False, "part"),
    "the beginning of an f-string": ("f'{settings.URI}/?w=1'", {"w"}, False, "part"),
    "a sum": ("settings.URI + '/?w=1&j=true'", {"w", "j"}, False, "nothing"),
    "a format": ("'mongodb://{}/?w=1'.format(settings.HOST)", {"w"}, False, "nothing"),
    "a text with other signs": ("settings.get('a=b')", set(), False, "nothing"),
}
HEAD = """\
import os

import settings
from pymongo import MongoClient

URI = "mongodb://localhost"
OPTIONS = {"timeoutMS": 5}
"""


@pytest.mark.parametrize(("given", "names", "is_open", "uri"), OPTIONS.values(), ids=OPTIONS)
def test_options(given: str, names: set[str], is_open: bool, uri: str, tmp_path: Path) -> None:
    model = project(HEAD + f"client = MongoClient({given})\n", tmp_path).project
    options = model.made_clients.options(model.clients[0])
    assert {option.name for option in options.given} == names
    assert (options.open, options.uri) == (is_open, uri)


@pytest.mark.parametrize(("change", "is_open"), [("self.options['timeoutMS'] = 5", True), ("self.name = 'x'", False)])
def test_options_of_an_object_that_are_set_one_by_one(change: str, is_open: bool, tmp_path: Path) -> None:
    code = "class Store:\n    def __init__(self):\n        self.options = {'w': 1}\n        self.start()\n\n"
    code += f"    def start(self):\n        {change}\n        self.client = MongoClient(**self.options)\n\n\nStore()\n"
    model = project(HEAD + code, tmp_path).project
    assert model.made_clients.options(model.clients[0]).open == is_open


LIMITED = {
    "timeoutMS=5": True,
    "TIMEOUTMS=5": True,
    "socketTimeoutMS=5": True,
    "serverSelectionTimeoutMS=0": True,
    "connectTimeoutMS=settings.MS": True,
    "'mongodb://a/?sockettimeoutms=9'": True,
    "timeoutMS=None": False,
    "socketTimeoutMS=0": False,
    "'mongodb://a/?timeoutMS=0'": False,
    "'mongodb://a/?timeoutMS=5', timeoutMS=None": False,
    "maxPoolSize=5, maxIdleTimeMS=9, waitQueueTimeoutMS=9": False,
}


@pytest.mark.parametrize(("given", "limited"), LIMITED.items(), ids=LIMITED)
def test_limits_time(given: str, limited: bool, tmp_path: Path) -> None:
    model = project(HEAD + f"client = MongoClient({given})\n", tmp_path).project
    assert model.made_clients.options(model.clients[0]).limits_time is limited


# What stands where; whether a client is made each time
WEB = """\
from fastapi import Depends, FastAPI
from pymongo import MongoClient

app = FastAPI()
URI = "mongodb://localhost"


"""
PER_CALL: dict[str, tuple[str, bool]] = {
    "handler": ("@app.get('/')\ndef show():\n    return MongoClient(URI).app.users.find_one()\n", True),
    "with": ("@app.get('/')\ndef show():\n    with MongoClient(URI) as c:\n        return c.app.a.find_one()\n", True),
    "helper": ("def get():\n    return MongoClient(URI)\n\n@app.get('/')\ndef show():\n    return get().a.b\n", True),
    "helper with a given constant": (
        "def get(uri):\n    return MongoClient(uri)\n\n@app.get('/')\ndef show():\n    return get(URI).a.b\n",
        True,
    ),
    "constructor": (
        "class Store:\n    def __init__(self):\n        self.client = MongoClient(URI)\n\n"
        "@app.get('/')\ndef show():\n    return Store().client.a.b.find_one()\n",
        True,
    ),
    "object of the module": (
        "class Store:\n    def __init__(self):\n        self.client = MongoClient(URI)\n\nstore = Store()\n\n"
        "@app.get('/')\ndef show():\n    return store.client.a.b.find_one()\n",
        False,
    ),
    "lambda handler": ("def lambda_handler(event, context):\n    return MongoClient(URI).a.b.find_one()\n", True),
    "start": ("@app.on_event('startup')\ndef start():\n    app.state.client = MongoClient(URI)\n", False),
    "module": ("client = MongoClient(URI)\n", False),
    "application factory": ("def create_app():\n    app.client = MongoClient(URI)\n    return app\n", False),
    "main": ("def main():\n    MongoClient(URI)\n\nif __name__ == '__main__':\n    main()\n", False),
    "cached": (
        "from functools import cache\n\n@cache\ndef get():\n    return MongoClient(URI)\n\n"
        "@app.get('/')\ndef show():\n    return get().a.b.find_one()\n",
        False,
    ),
    "kept in a global": (
        "client = None\n\ndef get():\n    global client\n    if client is None:\n        client = MongoClient(URI)\n"
        "    return client\n\n@app.get('/')\ndef show():\n    return get().a.b.find_one()\n",
        False,
    ),
    "kept on the object": (
        "class Store:\n    client = None\n    def get(self):\n        if not self.client:\n"
        "            self.client = MongoClient(URI)\n        return self.client\n\nstore = Store()\n\n"
        "@app.get('/')\ndef show():\n    return store.get().a.b.find_one()\n",
        False,
    ),
    "kept by key": (
        "held = {}\n\ndef get(host):\n    held[host] = MongoClient(URI)\n    return held[host]\n\n"
        "@app.get('/')\ndef show(host: str):\n    return get(host).a.b.find_one()\n",
        False,
    ),
    "another server each time": (
        "@app.post('/check')\ndef check(uri: str):\n    return MongoClient(uri).admin.command('ping')\n",
        False,
    ),
    "task": (
        "def get():\n    return MongoClient(URI).app\n\n@celery.task\ndef work():\n    return get().a.find_one()\n",
        True,
    ),
    "middleware": (
        "class Audit:\n    def __init__(self, app):\n        self.client = MongoClient(URI)\n"
        "    async def __call__(self, scope, receive, send):\n        self.client.a.b.insert_one({})\n\n"
        "app.add_middleware(Audit)\n",
        False,
    ),
    "injected class": (
        "class Store:\n    def __init__(self):\n        self.client = MongoClient(URI)\n\n"
        "@app.get('/')\ndef show(store=Depends(Store)):\n    return store.client.a.b.find_one()\n",
        True,
    ),
    "injected object": (
        "class Store:\n    def __init__(self):\n        self.client = MongoClient(URI)\n"
        "    def __call__(self):\n        return self.client\n\nstore = Store()\n\n"
        "@app.get('/')\ndef show(client=Depends(store)):\n    return client.a.b.find_one()\n",
        False,
    ),
    "attempts at the start": (
        "def connect():\n    for _ in range(3):\n        try:\n            return MongoClient(URI)\n"
        "        except OSError:\n            pass\n\n@app.on_event('startup')\ndef start():\n    app.c = connect()\n",
        False,
    ),
    "singleton": (
        "class Store:\n    _one = None\n    def __new__(cls):\n        if cls._one is None:\n"
        "            cls._one = super().__new__(cls)\n            cls._one.client = MongoClient(URI)\n"
        "        return cls._one\n\n@app.get('/')\ndef show():\n    return Store().client.a.b.find_one()\n",
        False,
    ),
}


@pytest.mark.parametrize(("code", "expected"), PER_CALL.values(), ids=PER_CALL)
def test_per_call(code: str, expected: bool, tmp_path: Path) -> None:
    found = findings(WEB + code, tmp_path, rules={"MDB302"})
    assert [finding.code for finding in found] == ["MDB302"] * expected


def test_a_test_may_make_a_client(tmp_path: Path) -> None:
    files = {"tests/test_app.py": WEB + PER_CALL["handler"][0]}
    assert findings(files, tmp_path, rules={"MDB301", "MDB302", "MDB801"}) == []


WATCHED = {
    "keyword": "client = MongoClient(event_listeners=[])",
    "dict": "client = MongoClient(**{'event_listeners': []})",
    "register": "import pymongo\n\npymongo.monitoring.register(object())\nclient = MongoClient()",
    "tracing": "import ddtrace\n\nclient = MongoClient()",
    "a part of a package": "from sentry_sdk.integrations import pymongo\n\nclient = MongoClient()",
    "log": "import logging\n\nlogging.getLogger('pymongo.command').setLevel('DEBUG')\nclient = MongoClient()",
    "profiler": "client = MongoClient()\nclient.app.command('profile', 1)",
}


@pytest.mark.parametrize("code", WATCHED.values(), ids=WATCHED)
def test_watched(code: str, tmp_path: Path) -> None:
    assert findings("from pymongo import MongoClient\n\n" + code + "\n", tmp_path, rules={"MDB801"}) == []


def test_watched_by_a_module_without_the_driver(tmp_path: Path) -> None:
    files = {"app.py": "from pymongo import MongoClient\n\nclient = MongoClient()\n", "traces.py": "import ddtrace\n"}
    assert findings(files, tmp_path, rules={"MDB801"}) == []


UNWATCHED = {
    "an attribute of the program's own": {
        "load.py": "class Load:\n    def __init__(self):\n        self.monitoring = False\n\n"
        "    def runs(self):\n        return self.monitoring\n"
    },
    "a test": {"tests/test_app.py": "import pymongo\n\npymongo.monitoring.register(object())\n"},
}


@pytest.mark.parametrize("files", UNWATCHED.values(), ids=UNWATCHED)
def test_unwatched(files: dict[str, str], tmp_path: Path) -> None:
    app = {"app.py": "from pymongo import MongoClient\n\nclient = MongoClient()\n"}
    assert len(findings({**app, **files}, tmp_path, rules={"MDB801"})) == 1


def test_told_once(tmp_path: Path) -> None:
    code = "from pymongo import MongoClient\n\na = MongoClient()\nb = MongoClient()\n"
    assert len(findings(code, tmp_path, rules={"MDB801"})) == 1


# An expression of the date, and one of now; whether they meet badly
AWARE: dict[str, tuple[str, bool]] = {
    "less": ("doc['at'] < datetime.now(timezone.utc)", True),
    "greater, turned": ("datetime.now(tz=timezone.utc) > doc['at']", True),
    "difference": ("datetime.now(timezone.utc) - doc.get('at')", True),
    "in a variable": ("(at := doc['at']) and at < datetime.now(timezone.utc) - timedelta(days=1)", True),
    "naive": ("doc['at'] < datetime.utcnow()", False),
    "naive now": ("doc['at'] < datetime.now()", False),
    "no zone": ("doc['at'] < datetime.now(None)", False),
    "equality": ("doc['at'] == datetime.now(timezone.utc)", False),
    "made aware": ("doc['at'].replace(tzinfo=timezone.utc) < datetime.now(timezone.utc)", True),
    "made naive": ("doc['at'].replace(tzinfo=None) < datetime.utcnow()", False),
    "another date made aware": ("limit.replace(tzinfo=timezone.utc), doc['at'].year", False),
    "parsed": ("datetime.fromisoformat(doc['at']) < datetime.now(timezone.utc)", False),
    "another value": ("limit < datetime.now(timezone.utc) and doc['at']", False),
}
CLIENTS = {"": True, "tz_aware=True": False, "tz_aware=False": True, "**options": False}


@pytest.mark.parametrize(("code", "expected"), AWARE.values(), ids=AWARE)
def test_aware_uses(code: str, expected: bool, tmp_path: Path) -> None:
    assert len(_aware("", code, tmp_path)) == expected


@pytest.mark.parametrize(("given", "expected"), CLIENTS.items(), ids=CLIENTS)
def test_clients_that_read_naive_dates(given: str, expected: bool, tmp_path: Path) -> None:
    assert len(_aware(given, AWARE["less"][0], tmp_path)) == expected


def _aware(given: str, code: str, tmp_path: Path) -> list[str]:
    text = (
        "from datetime import datetime, timedelta, timezone\n\nfrom pymongo import MongoClient\n\n"
        f"def connect(limit, **options):\n    db = MongoClient({given}).app\n"
        f"    doc = db.a.find_one()\n    return {code}\n"
    )
    return [finding.message for finding in findings(text, tmp_path, rules={"MDB305"})]


# What the requirements ask for, and the option that limits all operations of a client with that driver
LIMITS = {"pymongo~=3.11.0": "socketTimeoutMS", "motor==2.5": "socketTimeoutMS", "pymongo>=4.6": "timeoutMS"}
LIMITS |= {"pymongo>=3.6.1, <4": "socketTimeoutMS", "pymongo<5,>=4.6": "timeoutMS"}
USED = """\
from pymongo import MongoClient

client = MongoClient({given})


def used(name):
    client.app.users.insert_one({{"name": name}})
    return client.app.users.find({{"name": name}})
"""


@pytest.mark.parametrize(("required", "option"), LIMITS.items(), ids=LIMITS)
@pytest.mark.parametrize("rule", ["MDB103", "MDB301"])
def test_only_limits_that_the_driver_knows_are_advised(rule: str, required: str, option: str, tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text(required + "\n")
    told = " ".join(finding.message for finding in findings(USED.format(given=""), tmp_path, rules={rule}))
    assert f"set {option}" in told
    assert (" timeoutMS" in told) is (option == "timeoutMS")


@pytest.mark.parametrize(("required", "option"), [("pymongo==4.16.0", "timeoutMS"), ("pymongo", "socketTimeoutMS")])
def test_a_pin_says_more_than_a_method_that_is_gone(required: str, option: str, tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text(required + "\n")
    code = USED.format(given="") + "    client.app.users.remove({})\n"
    told = " ".join(finding.message for finding in findings(code, tmp_path, rules={"MDB301"}))
    assert f"set {option}" in told


@pytest.mark.parametrize(("required", "option"), LIMITS.items(), ids=LIMITS)
def test_a_client_that_has_the_limit_is_not_told_of(required: str, option: str, tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text(required + "\n")
    told = findings(USED.format(given=f"{option}=5000"), tmp_path, rules={"MDB103"})
    assert not [finding for finding in told if "of this client" in finding.message]


def test_what_the_socket_gives_up_is_told_of_once_at_the_client(tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text("pymongo==4.6.1\n")
    (told,) = findings(USED.format(given="socketTimeoutMS=5000"), tmp_path, rules={"MDB103"})
    assert told.severity is Severity.LOW
    assert "2 operations of this client (insert_one, find) may be given up by socketTimeoutMS alone" in told.message
    assert "set timeoutMS on the client" in told.message


ANNOTATED = """
from typing import Optional

from motor.motor_asyncio import AsyncIOMotorClient, AsyncIOMotorDatabase

import settings

database: Optional[AsyncIOMotorDatabase] = None
other = AsyncIOMotorClient(settings.OTHER)


async def connect():
    global database
    database = AsyncIOMotorClient(settings.URL, socketTimeoutMS=5000)[settings.NAME]


async def get_database() -> AsyncIOMotorDatabase:
    return database


async def load():
    db = await get_database()
    return await db.users.count_documents({})
"""


def test_a_database_is_of_the_client_that_makes_it_whatever_its_annotation(tmp_path: Path) -> None:
    (told,) = findings(ANNOTATED, tmp_path, rules={"MDB103"})
    assert "1 operation of this client (count_documents) " in told.message


def test_what_cannot_be_traced_is_not_told_of_a_client_with_a_limit(tmp_path: Path) -> None:
    code = USED.format(given="timeoutMS=5000") + "\n\ndef other(store):\n    store.users.insert_one({})\n"
    assert not findings(code, tmp_path, rules={"MDB103"})


@pytest.mark.parametrize(("around", "told"), [("pymongo.timeout(5)", 0), ("open(5)", 1)])
def test_an_unknown_client_may_run_within_a_limit_of_another_place(around: str, told: int, tmp_path: Path) -> None:
    code = f"""\
import pymongo


def ask(question, client):
    with {around}:
        return question(client)


def names(held):
    held.estimated_document_count()
    return list(held.aggregate([{{"$group": {{"_id": "$name"}}}}]))
"""
    assert len(findings(code, tmp_path, rules={"MDB103"})) == told


REQUIRED = {
    "pymongo==4.16.0": True,
    "pymongo>=4.6": True,
    "pymongo!=4.7,>=4.6": True,
    "pymongo>=3": False,
    "pymongo": False,
    "": False,
}


@pytest.mark.parametrize(("required", "is_new"), REQUIRED.items(), ids=REQUIRED)
def test_a_required_new_driver_outranks_calls_that_are_gone(required: str, is_new: bool, tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text(required + "\n")
    text = USED.format(given="") + "\n\ndef dropped(name):\n    client.app.users.remove({'name': name})\n"
    told = " ".join(finding.message for finding in findings(text, tmp_path, rules={"MDB301"}))
    assert (" timeoutMS" in told) is is_new


BY_HAND = {
    "main.py": """\
from flask import Flask

import store

app = Flask(__name__)


@app.route("/<name>")
def by_name(name):
    return store.by_name(name)
""",
    "store.py": """\
from pymongo import MongoClient

client = MongoClient()


def by_name(name):
    return str(list(client.app.users.find({"name": name})))
""",
    "copy_users.py": """\
from pymongo import MongoClient

if __name__ == "__main__":
    other = MongoClient()
    for user in other.old.users.find():
        print(user)
""",
}


def test_what_a_person_runs_by_hand_may_take_its_time(tmp_path: Path) -> None:
    loaded = project(BY_HAND, tmp_path)
    found = check(loaded, {"MDB103", "MDB301"}, loaded.project.config, fixes=True).findings
    assert [(f.code, f.span.file, f.severity.name, bool(f.fix and f.fix.edits)) for f in found] == [
        ("MDB301", "copy_users.py", "LOW", True),
        ("MDB103", "copy_users.py", "LOW", False),
        ("MDB301", "store.py", "HIGH", True),
        ("MDB103", "store.py", "MEDIUM", True),
    ]


FLASK = """
from flask import Flask
from flask_pymongo import PyMongo

mongo = PyMongo()


def create_app():
    app = Flask(__name__)
    app.config["MONGO_URI"] = "mongodb://localhost/app{options}"
    mongo.init_app(app)
    return app


def names():
    return list(mongo.db.users.find({{}}))
"""


@pytest.mark.parametrize(
    ("options", "found"),
    [
        ("", ["MDB103", "MDB301"]),
        ("?connectTimeoutMS=5000", ["MDB103"]),
        ("?timeoutMS=5000", []),
        ("?w=1&socketTimeoutMS=5000", []),
    ],
)
def test_the_settings_of_an_extension_limit_what_its_client_waits_for(
    options: str, found: list[str], tmp_path: Path
) -> None:
    loaded = project(FLASK.format(options=options), tmp_path)
    assert sorted(each.code for each in run(loaded, ["MDB103", "MDB301"])) == found


@pytest.mark.parametrize(("asked", "known"), [("pymongo==3.6.1\n", False), ("pymongo==3.7.0\n", True), ("", True)])
def test_an_old_driver_knows_no_transactions(asked: str, known: bool, tmp_path: Path) -> None:
    code = """
        from pymongo import MongoClient

        db = MongoClient().app


        def remove(book_id):
            db.books.delete_one({"_id": book_id})
            db.questions.delete_many({"book_id": book_id})
        """
    loaded = project({"app.py": code, "requirements.txt": asked}, tmp_path)
    (found,) = check(loaded, {"MDB404"}, loaded.project.config, fixes=True).findings
    assert found.fix is not None
    assert ("PyMongo 3.7" not in found.fix.reason) is known


def test_one_setting_limits_what_several_extensions_make(tmp_path: Path) -> None:
    store = (
        "from flask_pymongo import PyMongo\n\n\ndef one(app):\n    return PyMongo(app).db.{0}.find_one({{'_id': 1}})\n"
    )
    files = {f"{name}.py": store.format(name) for name in ("carts", "users")}
    (found,) = run(project(files, tmp_path), ["MDB301"])
    assert found.span.file.endswith("carts.py")
    assert [each.span.file.rpartition("/")[2] for each in found.related] == ["users.py"]


WIRED = """\
from motor.motor_asyncio import AsyncIOMotorClient, AsyncIOMotorDatabase


class Mongo:
    client: AsyncIOMotorClient = None
    db: AsyncIOMotorDatabase = None


mongo = Mongo()


def connect(uri):
    mongo.client = AsyncIOMotorClient(uri)
    mongo.db = mongo.client["shop"]


def database() -> AsyncIOMotorDatabase:
    return mongo.db


async def find(name):
    return await database()["users"].find_one({"name": name})
"""


def test_what_is_wired_late_says_more_than_the_annotation(tmp_path: Path) -> None:
    loaded = project(WIRED, tmp_path).project
    (client,) = loaded.clients
    (query,) = loaded.operations_of(client)
    assert [(each.database.name, each.name) for each in query.collections] == [("shop", "users")]
