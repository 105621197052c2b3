"""What the fix of MDB104 writes, where, and what a server makes of it."""

from __future__ import annotations

import asyncio
import textwrap
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import pymongo
import pytest
from pymongo.database import Database

from mongolint.engine.load import Loaded, load
from mongolint.engine.mend import applicable, mend
from mongolint.engine.registry import all_rules
from mongolint.engine.run import Result, check
from mongolint.finding import Fix
from mongolint.testing import project

Files = dict[str, str]

HEAD = """\
from pymongo import ASCENDING, DESCENDING, IndexModel, MongoClient

db = MongoClient().app
"""
VISITS = """

def visits_of(user_id):
    return db.visits.find({"user_id": user_id}).sort("seen", -1)
"""
BY_NAME = """

def by_name(name):
    return db.users.find_one({"name": name})
"""


def _check(loaded: Loaded) -> Result:
    return check(loaded, {"MDB104"}, loaded.project.config, fixes=True)


def _load(root: Path, overlay: Mapping[str, bytes], previous: Loaded) -> Loaded:
    tokens = [token for rule in all_rules() for token in rule.tokens]
    return load([root], previous.project.config, root, overlay=overlay, tokens=tokens, jobs=1, previous=previous)


def apply(files: Files, root: Path) -> tuple[Files, list[Fix]]:
    """The files after all fixes, and the fixes that are left to a person. A second run has to change nothing."""
    loaded = project(files, root)
    mended = mend(loaded, _check, partial(_load, root), unsafe=True)
    assert not mended.failures
    assert not mended.result.crashes
    written = {
        name: mended.changed.get((root / name).as_posix(), text.encode()).decode() for name, text in files.items()
    }
    again = _check(project(written, root))
    assert not [finding for finding in again.findings if applicable(finding, True)]
    assert len(again.findings) == len(mended.result.findings)
    return written, [finding.fix for finding in mended.result.findings if isinstance(finding.fix, Fix)]


def fixed(tmp_path: Path, code: str) -> str:
    """One file with all findings fixed."""
    files, left = apply({"app.py": code}, tmp_path)
    assert not left
    return files["app.py"]


def displayed(tmp_path: Path, files: Files) -> Fix:
    """The one fix that is only shown, where nothing is changed."""
    written, left = apply(files, tmp_path)
    assert written == files
    assert len({(fix.text, fix.reason) for fix in left}) == 1
    return left[0]


def code(declarations: str, queries: str = VISITS) -> str:
    return HEAD + textwrap.dedent(declarations) + queries


# Styles: what is declared, what is added behind it. The query needs (user_id, seen -1) on visits.
STYLES = {
    "statement of the collection": (
        'db.visits.create_index("page")\n',
        'db.visits.create_index([("user_id", 1), ("seen", -1)])\n',
    ),
    "statement of another collection": (
        'db.users.create_index([("email", ASCENDING)], unique=True)\n',
        'db.visits.create_index([("user_id", ASCENDING), ("seen", DESCENDING)])\n',
    ),
    "subscript": (
        "db['users'].create_index([('email', 1)])\n",
        "db['visits'].create_index([('user_id', 1), ('seen', -1)])\n",
    ),
    "get_collection": (
        'db.get_collection("users").create_index("email")\n',
        'db.get_collection("visits").create_index([("user_id", 1), ("seen", -1)])\n',
    ),
    "name of the server": (
        'db.users.create_index("email", name="email_1")\n',
        'db.visits.create_index([("user_id", 1), ("seen", -1)], name="user_id_1_seen_-1")\n',
    ),
    "scheme of names": (
        'db.users.create_index("email", name="idx_users_email", unique=True, background=True)\n'
        'db.users.create_index("age", name="idx_users_age", background=True)\n',
        'db.visits.create_index([("user_id", 1), ("seen", -1)], name="idx_visits_user_id_seen")\n',
    ),
    "suffix": (
        'db.users.create_index("email", name="email_idx")\n',
        'db.visits.create_index([("user_id", 1), ("seen", -1)], name="user_id_seen_idx")\n',
    ),
    "several lines": (
        'db.users.create_index(\n    [("email", 1)],\n    unique=True,\n)\n',
        'db.visits.create_index([("user_id", 1), ("seen", -1)])\n',
    ),
    "dict of keys": (
        'db.users.create_index({"email": 1})\n',
        'db.visits.create_index({"user_id": 1, "seen": -1})\n',
    ),
    "create_indexes": (
        'db.users.create_indexes([IndexModel([("email", ASCENDING)], unique=True)])\n',
        'db.visits.create_indexes([IndexModel([("user_id", ASCENDING), ("seen", DESCENDING)])])\n',
    ),
    "assigned": (
        'made = db.users.create_index("email")\n',
        'db.visits.create_index([("user_id", 1), ("seen", -1)])\n',
    ),
}


@pytest.mark.parametrize("style", STYLES)
def test_statement(style: str, tmp_path: Path) -> None:
    declared, added = STYLES[style]
    assert fixed(tmp_path, code(declared)) == code(declared + added)


# Lists: the code with a mark where the new index goes, and the index
LISTS = {
    "IndexModel": (
        """
        db.visits.create_indexes([
            IndexModel([("page", ASCENDING)], name="page_idx"),@
        ])
        """,
        '\n    IndexModel([("user_id", ASCENDING), ("seen", DESCENDING)], name="user_id_seen_idx"),',
    ),
    "IndexModel on one line": (
        """
        db.visits.create_indexes([IndexModel("page")@])
        """,
        ', IndexModel([("user_id", 1), ("seen", -1)])',
    ),
    "without a last comma": (
        """
        MODELS = [
            IndexModel("page", unique=True)@  # by page
        @]
        db.visits.create_indexes(MODELS)
        """,
        (",", '    IndexModel([("user_id", 1), ("seen", -1)]),\n'),
    ),
    "dicts": (
        """
        SPECS = [
            {"keys": [("page", 1)], "name": "visits_page"},
            {"keys": [("at", 1)], "name": "visits_at", "expireAfterSeconds": 60},  # a minute
        @]
        for spec in SPECS:
            keys = spec.pop("keys")
            db.visits.create_index(keys, **spec)
        """,
        '    {"keys": [("user_id", 1), ("seen", -1)], "name": "visits_user_id_seen"},\n',
    ),
    "long dicts": (
        """
        SPECS = [
            {
                "keys": [("page", 1)],
                "background": True,
            },@
        ]
        for spec in SPECS:
            keys = spec.pop("keys")
            db.visits.create_index(keys, **spec)
        """,
        '\n    {\n        "keys": [("user_id", 1), ("seen", -1)],\n    },',
    ),
    "tuples": (
        """
        SPECS = [
            ("visits", [("page", 1)], {"unique": True}),
            ("visits", [("at", 1)], {}),@
            ("users", [("email", 1)], {"unique": True}),
        ]
        for name, keys, options in SPECS:
            db[name].create_index(keys, **options)
        """,
        '\n    ("visits", [("user_id", 1), ("seen", -1)], {}),',
    ),
    "tuples of other collections": (
        """
        SPECS = [
            ("users", [("email", 1)], {"unique": True}),
            ("pages", [("path", 1)], {}),@
        ]
        for name, keys, options in SPECS:
            db[name].create_index(keys, **options)
        """,
        '\n    ("visits", [("user_id", 1), ("seen", -1)], {}),',
    ),
    "keys alone": (
        """
        for keys in [[("page", 1)], [("at", -1)]@]:
            db.visits.create_index(keys)
        """,
        ', [("user_id", 1), ("seen", -1)]',
    ),
    "dict of lists": (
        """
        INDEXES = {
            "users": [[("email", 1)]],
            "visits": [
                [("page", 1)],@
            ],
        }
        for name, patterns in INDEXES.items():
            for keys in patterns:
                db[name].create_index(keys)
        """,
        '\n        [("user_id", 1), ("seen", -1)],',
    ),
    "dict of lists without the collection": (
        """
        INDEXES = {
            "users": [
                [("email", 1)],
            ],
            "pages": [[("path", 1)]],@
        }
        for name, patterns in INDEXES.items():
            for keys in patterns:
                db[name].create_index(keys)
        """,
        '\n    "visits": [\n        [("user_id", 1), ("seen", -1)],\n    ],',
    ),
    "helper": (
        """
        def ensure(name, keys, **options):
            db[name].create_index(keys, **options)


        ensure("users", [("email", 1)], unique=True)@
        """,
        '\nensure("visits", [("user_id", 1), ("seen", -1)])',
    ),
}


@pytest.mark.parametrize("style", LISTS)
def test_list(style: str, tmp_path: Path) -> None:
    marked, added = LISTS[style]
    parts = code(marked).split("@")
    inserts = (added,) if isinstance(added, str) else added
    expected = parts[0] + "".join(new + rest for new, rest in zip(inserts, parts[1:], strict=True))
    assert fixed(tmp_path, "".join(parts)) == expected


METHOD = """\
from pymongo import AsyncMongoClient


class Store:
    def __init__(self, db):
        self.users = db["users"]
        self.visits = db["visits"]

    async def init_index(self):
        await self.users.create_index("email", unique=True)

        await self.users.create_index(
            [("country", 1), ("city", 1)]
        )
@
    async def of(self, user_id):
        return await self.visits.find_one({"user_id": user_id})


store = Store(AsyncMongoClient()["app"])
"""


def test_attribute_of_the_class(tmp_path: Path) -> None:
    expected = METHOD.replace("@", '\n        await self.visits.create_index("user_id")\n')
    assert fixed(tmp_path, METHOD.replace("@", "")) == expected


def test_attribute_that_the_class_lacks(tmp_path: Path) -> None:
    files = {
        "app.py": METHOD.replace("@", "")
        .replace('        self.visits = db["visits"]\n', "")
        .replace("        return await self.visits", "        return await self.users.database.visits")
    }
    files["app.py"] = (
        files["app.py"].replace("self.users.database.visits", 'db["visits"]') + '\ndb = AsyncMongoClient()["app"]\n'
    )
    fix = displayed(tmp_path, files)
    assert fix.text == 'await db.visits.create_index([("user_id", 1)])'
    assert fix.reason == "the class that declares the indexes does not hold visits"


def test_local_variables(tmp_path: Path) -> None:
    before = """
        def ensure():
            users, visits = db["users"], 1
            pages = db["pages"]
            pages.create_index("path")@
        """
    parts = code(before).split("@")
    assert fixed(tmp_path, "".join(parts)) == parts[0] + (
        '\n    db["visits"].create_index([("user_id", 1), ("seen", -1)])' + parts[1]
    )


def test_own_local_variable(tmp_path: Path) -> None:
    before = """
        def ensure():
            seen = db["visits"]
            pages = db["pages"]
            pages.create_index("path")@
        """
    parts = code(before).split("@")
    added = '\n    seen.create_index([("user_id", 1), ("seen", -1)])'
    assert fixed(tmp_path, "".join(parts)) == parts[0] + added + parts[1]


def test_names_of_the_module(tmp_path: Path) -> None:
    before = code("users = db.users\nvisits = db.visits\nusers.create_index('email')\n")
    after = before.replace("('email')\n", "('email')\nvisits.create_index([('user_id', 1), ('seen', -1)])\n")
    assert fixed(tmp_path, before) == after


def test_name_that_the_module_lacks(tmp_path: Path) -> None:
    fix = displayed(tmp_path, {"app.py": code("users = db.users\nusers.create_index('email')\n")})
    assert fix.text == 'db.visits.create_index([("user_id", 1), ("seen", -1)])'
    assert fix.reason == "visits has no name in the module that declares the indexes"


def test_behind_a_question_for_absence(tmp_path: Path) -> None:
    before = """
        def ensure():
            if "page_1" not in db.visits.index_information():
                db.visits.create_index("page")
        """
    added = '    db.visits.create_index([("user_id", 1), ("seen", -1)])\n'
    assert fixed(tmp_path, code(before)) == code(before).replace('"page")\n', '"page")\n' + added)


def test_before_a_return(tmp_path: Path) -> None:
    before = """
        def ensure():
            return db.visits.create_index("page")
        """
    added = '    db.visits.create_index([("user_id", 1), ("seen", -1)])\n'
    assert fixed(tmp_path, code(before)) == code(before).replace(
        "    return db.visits.cr", added + "    return db.visits.cr"
    )


def test_behind_one_whose_name_is_collected(tmp_path: Path) -> None:
    before = """
        def ensure():
            names = []
            names += [db.visits.create_index("page")]
            names += db.visits.create_index("at")
            return names
        """
    added = '    db.visits.create_index([("user_id", 1), ("seen", -1)])\n'
    assert fixed(tmp_path, code(before)) == code(before).replace('"at")\n', '"at")\n' + added)


DISPLAYED = {
    "under a condition": (
        'if db.name == "app":\n    db.visits.create_index("page")\n',
        "the indexes are declared under a condition or in a loop",
    ),
    "in a loop": (
        'for name in ["visits", "users"]:\n    db[name].create_index("page")\n',
        "the indexes are declared under a condition or in a loop",
    ),
    "handled one by one": (
        'try:\n    db.visits.create_index("page")\nexcept ValueError:\n    pass\n',
        "each declared index has its own error handling",
    ),
    "made again by a function of its own": (
        'def ensure():\n    def page():\n        return db.visits.create_index("page")\n\n'
        '    try:\n        page()\n    except ValueError:\n        db.visits.drop_index("page_1")\n        page()\n',
        "the declared index has a function of its own",
    ),
    "same fields, hidden": (
        'db.visits.create_index([("user_id", 1), ("seen", -1)], hidden=True)\n',
        "an index on the same fields is declared with options that keep this filter from using it",
    ),
    "every element has an option": (
        'SPECS = [{"keys": [("page", 1)], "unique": True}]\nfor s in SPECS:\n'
        '    db.visits.create_index(s["keys"], unique=s["unique"])\n',
        "every declared index has unique, and what the new one needs is not clear",
    ),
    "list of names": (
        'for name in ["page", "at"]:\n    db.visits.create_index(name)\n',
        "the keys of the declared indexes are not spelled out in the call",
    ),
}


@pytest.mark.parametrize("case", DISPLAYED)
def test_displayed(case: str, tmp_path: Path) -> None:
    declared, reason = DISPLAYED[case]
    fix = displayed(tmp_path, {"app.py": code(declared)})
    assert fix.text == 'db.visits.create_index([("user_id", 1), ("seen", -1)])'
    assert fix.reason == reason


QUERIES = {
    "array": ('{"tags": {"$elemMatch": {"$gt": 1}}}', "which fields of the elements to index is not clear"),
    "geo": ('{"at": {"$near": [1, 2]}}', "an ordinary index on these fields would not serve it"),
}


@pytest.mark.parametrize("case", QUERIES)
def test_no_ordinary_index_serves(case: str, tmp_path: Path) -> None:
    query, reason = QUERIES[case]
    text = code('db.visits.create_index("page")\n', f"\n\ndef find():\n    return db.visits.find_one({query})\n")
    assert displayed(tmp_path, {"app.py": text}).reason == reason


def test_fields_of_the_elements_of_an_array(tmp_path: Path) -> None:
    query = '{"tags": {"$elemMatch": {"name": 1}}}'
    text = code('db.visits.create_index("page")\n', f"\n\ndef find():\n    return db.visits.find_one({query})\n")
    assert 'db.visits.create_index("tags.name")\n' in fixed(tmp_path, text)


def test_migrations(tmp_path: Path) -> None:
    files = {
        "app.py": code("", VISITS),
        "migrations/one.py": 'from app import db\n\n\ndef run():\n    db.visits.create_index("page")\n',
    }
    assert displayed(tmp_path, files).reason == "the indexes are declared in migrations, which run once"


def test_query_of_a_script(tmp_path: Path) -> None:
    files = {
        "app.py": code('db.visits.create_index("page")\n', ""),
        "scripts/one.py": 'from app import db\n\n\ndef run():\n    db.visits.delete_many({"old": True})\n',
    }
    reason = "only a script or migration runs this, and the index would outlive it"
    assert displayed(tmp_path, files).reason == reason


def test_name_is_a_setting(tmp_path: Path) -> None:
    text = code(
        'users = db["users"]\nusers.create_index("email")\nvisits = db[os.getenv("VISITS", "seen_pages")]\n',
        '\n\ndef by_page(page):\n    return visits.find_one({"page": page})\n',
    )
    fix = displayed(tmp_path, {"app.py": "import os\n\n" + text})
    assert fix.reason == "the name of the collection is a setting"


def test_names_that_would_be_the_same(tmp_path: Path) -> None:
    declared = 'db.visits.create_index([("page_id", 1), ("book_id", 1)], name="page_book_idx")\n'
    queries = """

def one(x):
    db.visits.find_one({"user_id": x})
    db.visits.find_one({"user": x})
    db.visits.find_one({"page": x, "book": x})
"""
    added = "".join(
        f"db.visits.create_index({keys}, name={name})\n"
        for keys, name in [
            ('[("user_id", 1)]', '"user_id_1"'),
            ('[("user", 1)]', '"user_1"'),
            ('[("page", 1), ("book", 1)]', '"page_1_book_1"'),
        ]
    )
    assert fixed(tmp_path, code(declared, queries)) == code(declared + added, queries)


# Merging


def test_longer_pattern_serves_the_others(tmp_path: Path) -> None:
    queries = """

def one(user_id, status):
    db.visits.find_one({"user_id": user_id})
    db.visits.find_one({"status": status, "user_id": user_id})
    db.visits.find({"user_id": user_id, "status": status}).sort("seen", -1)
    db.visits.find({"user_id": user_id, "status": status, "at": {"$gt": 1}}).sort("seen", 1)
"""
    declared = 'db.visits.create_index("page")\n'
    added = 'db.visits.create_index([("user_id", 1), ("status", 1), ("seen", 1), ("at", 1)])\n'
    assert fixed(tmp_path, code(declared, queries)) == code(declared + added, queries)


def test_same_index_for_two_files(tmp_path: Path) -> None:
    files = {
        "app.py": code('db.users.create_index("email")\n', BY_NAME),
        "other.py": 'from app import db\n\n\ndef rename(old):\n    db.users.update_one({"name": old}, {"$set": {}})\n',
    }
    written, left = apply(files, tmp_path)
    assert not left
    assert written == {
        **files,
        "app.py": code('db.users.create_index("email")\ndb.users.create_index("name")\n', BY_NAME),
    }


# Where none is declared

LIFESPAN = """\
from contextlib import asynccontextmanager

from fastapi import FastAPI

from store import users


@asynccontextmanager
async def lifespan(app: FastAPI):
    print("starting")
    try:
        yield
    finally:
        print("stopped")


app = FastAPI(lifespan=lifespan)
"""
STORE = """\
from pymongo import AsyncMongoClient

client = AsyncMongoClient()
db = client["app"]
users = db["users"]


# Users
async def by_name(name):
    return await users.find_one({"name": name})


async def by_email(email):
    return await users.find_one({"email": email})
"""
ENSURE = '''\
async def ensure_indexes() -> None:
    """Build the indexes that queries need; one that exists already is left alone."""
    await db.users.create_index([("name", 1)])
    await db.users.create_index([("email", 1)])


# Users
'''


def test_lifespan(tmp_path: Path) -> None:
    written, left = apply({"store.py": STORE, "main.py": LIFESPAN}, tmp_path)
    assert not left
    assert written["store.py"] == STORE.replace("# Users\n", ENSURE)
    assert written["main.py"] == LIFESPAN.replace("import users", "import ensure_indexes, users").replace(
        "    try:", "    await ensure_indexes()\n    try:"
    ) or written["main.py"] == LIFESPAN.replace("import users", "import users, ensure_indexes").replace(
        "    try:", "    await ensure_indexes()\n    try:"
    )


def test_declared_function_runs(tmp_path: Path, mongod_uri: str, server_db: Database[dict[str, Any]]) -> None:
    written, _ = apply({"store.py": STORE, "main.py": LIFESPAN}, tmp_path)
    names: dict[str, Any] = {}
    exec(
        written["store.py"]
        .replace("AsyncMongoClient()", f"AsyncMongoClient({mongod_uri!r})")
        .replace('"app"', repr(server_db.name)),
        names,
    )

    async def run() -> None:
        await names["ensure_indexes"]()
        await names["ensure_indexes"]()
        await names["client"].close()

    asyncio.run(run())
    assert sorted(server_db.users.index_information()) == ["_id_", "email_1", "name_1"]


def test_lifespan_that_makes_the_database(tmp_path: Path) -> None:
    main = """\
from contextlib import asynccontextmanager

from fastapi import FastAPI, Request
from pymongo import AsyncMongoClient


@asynccontextmanager
async def lifespan(app: FastAPI):
    client = AsyncMongoClient()
    app.state.db = client["app"]
    yield
    await client.close()


app = FastAPI(lifespan=lifespan)


@app.get("/{name}")
async def by_name(request: Request, name: str):
    return await request.app.state.db.users.find_one({"name": name})
"""
    function = '''\
async def ensure_indexes(db):
    """Build the indexes that queries need; one that exists already is left alone."""
    await db.users.create_index([("name", 1)])


@asynccontextmanager
'''
    assert fixed(tmp_path, main) == main.replace("@asynccontextmanager\n", function).replace(
        "    yield", "    await ensure_indexes(app.state.db)\n    yield"
    )


def test_start_event(tmp_path: Path) -> None:
    main = """\
from fastapi import FastAPI

import store

app = FastAPI()


@app.on_event("startup")
async def start():
    print("starting")


@app.on_event("shutdown")
async def stop():
    print("stopped")
"""
    written, left = apply({"store.py": STORE, "main.py": main}, tmp_path)
    assert not left
    assert written["store.py"] == STORE.replace("# Users\n", ENSURE)
    assert written["main.py"] == main.replace('starting")\n', 'starting")\n    await store.ensure_indexes()\n')


FUNCTION = '''\
def ensure_indexes() -> None:
    """Build the indexes that queries need; one that exists already is left alone."""
    db.users.create_index([("name", 1)])
'''


SCRIPT = '''\
from pymongo import MongoClient

client = MongoClient()
db = client["app"]


def by_name(name):
    return db.users.find_one({"name": name})


def main():
    """Look somebody up."""
    print(by_name("Ann"))


if __name__ == "__main__":
    main()
'''


def test_flask_module(tmp_path: Path) -> None:
    before = """\
from flask import Flask
from pymongo import MongoClient

app = Flask(__name__)
db = MongoClient()["app"]


@app.route("/<name>")
def by_name(name):
    return db.users.find_one({"name": name})
"""
    after = before.replace("@app.route", FUNCTION + "\n\nensure_indexes()\n\n\n@app.route")
    assert fixed(tmp_path, before) == after


def test_flask_factory(tmp_path: Path) -> None:
    files = {
        "shop/__init__.py": """\
from flask import Flask

from shop.store import by_name


def create_app():
    app = Flask(__name__)
    app.add_url_rule("/<name>", view_func=by_name)
    return app
""",
        "shop/store.py": """\
from pymongo import MongoClient

db = MongoClient()["app"]


def by_name(name):
    return db.users.find_one({"name": name})
""",
    }
    written, left = apply(files, tmp_path)
    assert not left
    assert written["shop/store.py"] == files["shop/store.py"].replace("def by_name", FUNCTION + "\n\ndef by_name")
    assert "import by_name, ensure_indexes\n" in written["shop/__init__.py"]
    assert "    app = Flask(__name__)\n    ensure_indexes()\n" in written["shop/__init__.py"]


def test_script(tmp_path: Path, mongod_uri: str, server_db: Database[dict[str, Any]]) -> None:
    after = fixed(tmp_path, SCRIPT)
    expected = SCRIPT.replace("def by_name", FUNCTION + "\n\ndef by_name")
    assert after == expected.replace("    print(", "    ensure_indexes()\n    print(")
    after = after.replace("MongoClient()", f"MongoClient({mongod_uri!r})").replace('"app"', repr(server_db.name))
    names: dict[str, Any] = {"__name__": "script"}
    exec(after, names)
    with names["client"]:
        names["main"]()
    assert sorted(server_db.users.index_information()) == ["_id_", "name_1"]


def test_main_block_without_a_function(tmp_path: Path) -> None:
    before = SCRIPT.replace("    main()", '    print(db.users.find_one({"name": "Ann"}))').replace(
        'print(by_name("Ann"))', 'print("Ann")'
    )
    expected = before.replace("def by_name", FUNCTION + "\n\ndef by_name")
    assert fixed(tmp_path, before) == expected.replace("    print(db", "    ensure_indexes()\n    print(db")


def test_function_that_the_main_block_calls_may_be_called_again(tmp_path: Path) -> None:
    fix = displayed(tmp_path, {"app.py": SCRIPT.replace("    main()", '    by_name("Ann")')})
    assert fix.reason == "the project declares no index, and by_name does not run just once"


MAIN = """

async def main():
    print(await by_name("Ann"))


if __name__ == "__main__":
    asyncio.run(main())
"""


def test_script_with_a_main_coroutine(tmp_path: Path) -> None:
    store = "import asyncio\n\n" + STORE
    main = MAIN.replace("    print", "    await ensure_indexes()\n    print")
    assert fixed(tmp_path, store + MAIN) == store.replace("# Users\n", ENSURE) + main


NOWHERE = {
    "a library": ({"store.py": STORE}, "where the program starts is not clear"),
    "no lifespan, and handlers that one would turn off": (
        {
            "store.py": STORE,
            "main.py": "from fastapi import FastAPI\n\nimport store\n\n"
            "app = FastAPI()\napp.add_event_handler('shutdown', print)\n",
        },
        "the application has handlers that a lifespan function would turn off",
    ),
    "async driver in Flask": (
        {"store.py": STORE, "main.py": "from flask import Flask\n\nimport store\n\napp = Flask('x')\nprint(app)\n"},
        "the module cannot await one",
    ),
    "another server": (
        {
            "store.py": STORE,
            "main.py": "import web\n\nimport store\n\nif __name__ == '__main__':\n    web.run_app(store)\n",
        },
        "what a server runs when it starts is not clear",
    ),
    "two applications": (
        {"store.py": STORE, "main.py": LIFESPAN + "admin = FastAPI(lifespan=lifespan)\n"},
        "there are several applications",
    ),
}


@pytest.mark.parametrize("case", NOWHERE)
def test_nowhere_to_start(case: str, tmp_path: Path) -> None:
    files, reason = NOWHERE[case]
    written, left = apply(files, tmp_path)
    assert written == files
    assert {fix.reason for fix in left} == {f"the project declares no index, and {reason}"}
    told = "# Call it where the application starts: await ensure_indexes()\n"
    assert (
        left[0].text == told + textwrap.dedent(ENSURE.partition('\n    await db.users.create_index([("email')[0]) + "\n"
    )


def test_new_lifespan_function(tmp_path: Path) -> None:
    main = "from fastapi import FastAPI\n\nimport store\n\napp = FastAPI()\nprint(store)\n"
    written, left = apply({"store.py": STORE, "main.py": main}, tmp_path)
    assert not left
    after = written["main.py"]
    assert "async def lifespan(app: FastAPI) -> AsyncIterator[None]:\n    await store.ensure_indexes()\n" in after
    assert "\napp = FastAPI(lifespan=lifespan)\n" in after


def test_other_file_not_given(tmp_path: Path) -> None:
    files = {"store.py": STORE, "main.py": LIFESPAN}
    loaded = project(files, tmp_path)
    tokens = [token for rule in all_rules() for token in rule.tokens]
    alone = load([tmp_path / "store.py"], loaded.project.config, tmp_path, tokens=tokens, jobs=1)
    fixes = [finding.fix for finding in _check(alone).findings if isinstance(finding.fix, Fix)]
    assert {fix.applicability.value for fix in fixes} == {"display"}
    assert "main.py, which is not among the given paths" in fixes[0].reason


def test_indexes_are_those_of_the_server(tmp_path: Path, server_db: Database[dict[str, Any]]) -> None:
    """Names and directions come out on a server as mongolint reads them."""
    text = fixed(tmp_path, code('db.visits.create_index("page", name="visits_page")\n'))
    lines = [line for line in text.splitlines() if ".create_index" in line]
    for line in lines:
        exec(line, {"db": server_db, "pymongo": pymongo})
    information = server_db.visits.index_information()
    assert information["visits_user_id_seen"]["key"] == [("user_id", 1), ("seen", -1)]
