"""What the data of a program needs: upsert keys, keys that are made, dates on which documents end, values that lack."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest

from mongolint.engine.run import check
from mongolint.source.deepstack import with_deep_stack
from mongolint.testing import findings, project

HEAD = """\
import secrets
import time
import uuid
from datetime import datetime, timedelta, timezone
from typing import Optional

from pydantic import BaseModel, Field
from pymongo import MongoClient
from pymongo.errors import DuplicateKeyError

db = MongoClient().app
db.other.create_index("a")

"""


def needed(tmp_path: Path, code: str) -> list[str]:
    """The indexes that the data of a program needs, its keys without an index as the collection's name alone."""
    loaded = project(HEAD + dedent(code), tmp_path)

    def found() -> list[str]:
        writes = loaded.project.writes
        every = [*writes.upserts, *writes.made_keys, *writes.handled_duplicates, *writes.expiring]
        constraints = dict.fromkeys(need.constraint for need in every)
        return [f"{each.name} {each.code}" if each.keys else each.name for each in constraints]

    return with_deep_stack(found)


UPSERTS = {
    "update_one": (
        'def save(a):\n    db.t.update_one({"a": a}, {"$set": {"b": 1}}, upsert=True)\n',
        ['t create_index([("a", 1)], unique=True)'],
    ),
    "replace_one": (
        'def save(a):\n    db.t.replace_one({"a": a}, {"a": a}, upsert=True)\n',
        ['t create_index([("a", 1)], unique=True)'],
    ),
    "find_one_and_update": (
        'def save(a, b):\n    return db.t.find_one_and_update({"a": a, "b": b}, {"$inc": {"n": 1}}, upsert=True)\n',
        ['t create_index([("a", 1), ("b", 1)], unique=True)'],
    ),
    "with a collation": (
        'def save(a):\n    db.t.update_one({"a": a}, {"$set": {"b": 1}}, upsert=True, '
        'collation={"locale": "en", "strength": 2})\n',
        ['t create_index([("a", 1)], unique=True, collation={"locale": "en", "strength": 2})'],
    ),
    "with a collation that is not known": (
        'def save(a, how):\n    db.t.update_one({"a": a}, {"$set": {"b": 1}}, upsert=True, collation=how)\n',
        [],
    ),
    "a filter in a variable": (
        'def save(a):\n    key = {"a": a}\n    db.t.update_one(key, {"$set": {"b": 1}}, upsert=True)\n',
        ['t create_index([("a", 1)], unique=True)'],
    ),
    "a value that may be None": (
        'def save(a=None):\n    db.t.update_one({"a": a}, {"$set": {"b": 1}}, upsert=True)\n',
        ['t create_index([("a", 1)], unique=True, partialFilterExpression={"a": {"$gt": ""}})'],
    ),
    "a value that may be None, and is not where it is stored": (
        'def save(a=None):\n    if a:\n        db.t.update_one({"a": a}, {"$set": {"b": 1}}, upsert=True)\n',
        ['t create_index([("a", 1)], unique=True)'],
    ),
    "a value that may be None in one of two": (
        'def save(a=None):\n    if a:\n        db.t.update_one({"a": a}, {"$set": {"b": 1}}, upsert=True)\n'
        '    db.t.update_one({"a": a}, {"$set": {"b": 2}}, upsert=True)\n',
        ['t create_index([("a", 1)], unique=True, partialFilterExpression={"a": {"$gt": ""}})'],
    ),
    "one kind of documents": (
        'def save(a):\n    db.t.update_one({"a": a, "kind": "x"}, {"$set": {"b": 1}}, upsert=True)\n',
        ['t create_index([("a", 1), ("kind", 1)], unique=True, partialFilterExpression={"kind": "x"})'],
    ),
    "two kinds of documents": (
        'def save(a):\n    db.t.update_one({"a": a, "kind": "x"}, {"$set": {"b": 1}}, upsert=True)\n'
        '    db.t.update_one({"a": a, "kind": "y"}, {"$set": {"b": 1}}, upsert=True)\n',
        ['t create_index([("a", 1), ("kind", 1)], unique=True)'],
    ),
    "two kinds of documents among others": (
        'def save(a):\n    db.t.update_one({"a": a, "kind": "x"}, {"$set": {"b": 1}}, upsert=True)\n'
        '    db.t.update_one({"a": a, "kind": "y"}, {"$set": {"b": 1}}, upsert=True)\n\n\n'
        'def add(a):\n    db.t.insert_one({"a": a, "kind": "z"})\n',
        ['t create_index([("a", 1), ("kind", 1)], unique=True, partialFilterExpression={"kind": {"$in": ["x", "y"]}})'],
    ),
    "one kind of documents, where any is looked for": (
        'def save(a):\n    db.t.update_one({"a": a, "kind": "x"}, {"$set": {"b": 1}}, upsert=True)\n\n\n'
        'def get(a, kind):\n    return db.t.find_one({"a": a, "kind": kind})\n',
        ['t create_index([("a", 1), ("kind", 1)], unique=True)'],
    ),
    "no upsert": ('def save(a):\n    db.t.update_one({"a": a}, {"$set": {"b": 1}})\n', []),
    "upsert by a variable": (
        'def save(a, new):\n    db.t.update_one({"a": a}, {"$set": {"b": 1}}, upsert=new)\n',
        [],
    ),
    "_id": ('def save(a):\n    db.t.update_one({"_id": a}, {"$set": {"b": 1}}, upsert=True)\n', []),
    "one of its values becomes the _id": (
        'def save(a):\n    db.t.update_one({"a": a}, {"$setOnInsert": {"_id": a}}, upsert=True)\n',
        [],
    ),
    "a constant alone": (
        'def save():\n    db.t.update_one({"a": "settings"}, {"$set": {"b": 1}}, upsert=True)\n',
        [],
    ),
    "nothing": ('def save():\n    db.t.update_one({}, {"$set": {"b": 1}}, upsert=True)\n', []),
    "a bucket": (
        'def save(a, b):\n    db.t.update_one({"a": a, "n": {"$lt": 9}}, {"$push": {"b": b}}, upsert=True)\n',
        [],
    ),
    "a nested field": (
        'def save(a):\n    db.t.update_one({"a.b": a}, {"$set": {"b": 1}}, upsert=True)\n',
        [],
    ),
    "a field that may be there": (
        'def save(a, b):\n    key = {"a": a}\n    if b:\n        key["b"] = b\n'
        '    db.t.update_one(key, {"$set": {"c": 1}}, upsert=True)\n',
        [],
    ),
    "a collation": (
        'def save(a, c):\n    db.t.update_one({"a": a}, {"$set": {"b": 1}}, upsert=True, collation=c)\n',
        [],
    ),
    "a unique index on a part": (
        'db.t.create_index("a", unique=True)\n\n\n'
        'def save(a, b):\n    db.t.update_one({"a": a, "b": b}, {"$set": {"c": 1}}, upsert=True)\n',
        [],
    ),
    "a unique index on more": (
        'db.t.create_index([("a", 1), ("b", 1)], unique=True)\n\n\n'
        'def save(a):\n    db.t.update_one({"a": a}, {"$set": {"c": 1}}, upsert=True)\n',
        ['t create_index([("a", 1)], unique=True)'],
    ),
}

MADE = {
    "secrets": (
        """
        def begin():
            token = secrets.token_urlsafe(32)
            db.t.insert_one({"token": token})


        def read(token):
            return db.t.find_one({"token": token})
        """,
        ['t create_index([("token", 1)], unique=True)'],
    ),
    "uuid in a helper": (
        """
        def make():
            return str(uuid.uuid4())[:12]


        def begin(data):
            data["token"] = "t-" + make()
            db.t.insert_one(data)


        def close(token):
            db.t.delete_one({"token": token, "open": True})
        """,
        ['t create_index([("token", 1)], unique=True)'],
    ),
    "a model's default": (
        """
        class Session(BaseModel):
            token: str = Field(default_factory=lambda: uuid.uuid4().hex)
            user: str


        def begin(user):
            db.t.insert_one(Session(user=user).model_dump())


        def read(token):
            return db.t.find_one({"token": token})
        """,
        ['t create_index([("token", 1)], unique=True)'],
    ),
    "another library of the standard one's name": (
        """
        import uuid_utils as uuid


        def begin():
            db.t.insert_one({"token": str(uuid.uuid7())})


        def read(token):
            return db.t.find_one({"token": token})
        """,
        ['t create_index([("token", 1)], unique=True)'],
    ),
    "looked up in a branch": (
        """
        def begin():
            db.t.insert_one({"number": "N" + str(uuid.uuid4().int)[:6], "run": uuid.uuid4().hex, "a": 1})


        def read(key):
            return db.t.find_one({"$or": [{"number": key}, {"a": key}]})


        def lines(key):
            return db.t.find_one({"$or": [{"run": key, "a": 1}, {"a": 2}]})
        """,
        ['t create_index([("number", 1)], unique=True)'],
    ),
    "never looked up": (
        'def begin():\n    db.t.insert_one({"token": secrets.token_hex()})\n',
        [],
    ),
    "listed": (
        """
        def begin():
            db.t.insert_one({"run": uuid.uuid4().hex})


        def first(run):
            return db.t.find_one({"run": run})


        def lines(run):
            return list(db.t.find({"run": run}))
        """,
        [],
    ),
    "the same in a loop": (
        """
        def begin(lines):
            run = uuid.uuid4().hex
            for line in lines:
                db.t.insert_one({"run": run, "line": line})


        def first(run):
            return db.t.find_one({"run": run})
        """,
        [],
    ),
    "the _id, too": (
        """
        def begin():
            key = secrets.token_hex(6)
            db.t.insert_one({"_id": key, "key": key})


        def read(key):
            return db.t.find_one({"key": key})
        """,
        [],
    ),
    "not random": (
        """
        def begin(name):
            db.t.insert_one({"key": name.lower()})


        def read(key):
            return db.t.find_one({"key": key})
        """,
        [],
    ),
}

HANDLED = {
    "one key": (
        """
        def add(email):
            try:
                db.t.insert_one({"email": email})
            except DuplicateKeyError:
                return False


        def read(email):
            return db.t.find_one({"email": email})
        """,
        ['t create_index([("email", 1)], unique=True)'],
    ),
    "no key": (
        """
        def add(email):
            try:
                db.t.insert_one({"email": email})
            except DuplicateKeyError:
                return False
        """,
        ["t"],
    ),
    "any unique index": (
        """
        db.t.create_index("name", unique=True)


        def add(email):
            try:
                db.t.insert_one({"email": email})
            except DuplicateKeyError:
                return False
        """,
        [],
    ),
    "an _id of its own": (
        """
        def add(email):
            try:
                db.t.insert_one({"_id": email})
            except DuplicateKeyError:
                return False
        """,
        [],
    ),
    "a document that the code does not show": (
        """
        def add(data):
            try:
                db.t.insert_one(data)
            except DuplicateKeyError:
                return False
        """,
        [],
    ),
}

TTL = ['t create_index([("expires_at", 1)], expireAfterSeconds=0)']
ENDING = {
    "now and a span": (
        """
        def begin():
            db.t.insert_one({"expires_at": datetime.now(timezone.utc) + timedelta(hours=1)})
        """,
        TTL,
    ),
    "or a given one": (
        """
        def begin(given):
            now = datetime.utcnow()
            end = given.expires_at or (now + timedelta(days=given.days))
            db.t.insert_one({"expires_at": end})
        """,
        TTL,
    ),
    "a span of the settings": (
        """
        LIFE = timedelta(days=1)


        def ends():
            return datetime.now(timezone.utc).replace(microsecond=0) + LIFE


        def begin(user):
            document = {"user": user}
            document["expires_at"] = ends()
            db.t.insert_one(document)
        """,
        TTL,
    ),
    "a model": (
        """
        class Session(BaseModel):
            user: str
            expires_at: datetime = Field(default_factory=lambda: datetime.utcnow() + timedelta(hours=1))


        def begin(user):
            db.t.insert_one(Session(user=user).model_dump())
        """,
        TTL,
    ),
    "a clean-up that nothing runs": (
        """
        def begin():
            db.t.insert_one({"expires_at": datetime.utcnow() + timedelta(hours=1)})


        def clean():
            db.t.delete_many({"expires_at": {"$lt": datetime.utcnow()}})


        if __name__ == "__main__":
            begin()
        """,
        TTL,
    ),
    "a clean-up that runs": (
        """
        def begin():
            db.t.insert_one({"expires_at": datetime.utcnow() + timedelta(hours=1)})


        def clean():
            db.t.delete_many({"expires_at": {"$lt": datetime.utcnow()}})


        if __name__ == "__main__":
            begin()
            clean()
        """,
        [],
    ),
    "kept after its date": (
        """
        def begin():
            db.t.insert_one({"expires_at": datetime.utcnow() + timedelta(hours=1)})


        def mark():
            db.t.update_many({"expires_at": {"$lt": datetime.utcnow()}}, {"$set": {"state": "expired"}})
        """,
        [],
    ),
    "a number": ('def begin():\n    db.t.insert_one({"expires_at": time.time() + 3600})\n', []),
    "a text": (
        'def begin():\n    db.t.insert_one({"expires_at": (datetime.utcnow() + timedelta(hours=1)).isoformat()})\n',
        [],
    ),
    "a text of a model": (
        """
        class Session(BaseModel):
            expires_at: datetime = Field(default_factory=lambda: datetime.utcnow() + timedelta(hours=1))


        def begin():
            db.t.insert_one(Session().model_dump(mode="json"))
        """,
        [],
    ),
    "not from now": ('def begin(end):\n    db.t.insert_one({"expires_at": end})\n', []),
    "something else ends": (
        'def begin():\n    db.t.insert_one({"password_expires_at": datetime.utcnow() + timedelta(days=90)})\n',
        [],
    ),
    "a TTL index on another field": (
        """
        db.t.create_index("created", expireAfterSeconds=3600)


        def begin():
            db.t.insert_one({"expires_at": datetime.utcnow() + timedelta(hours=1)})
        """,
        [],
    ),
    "an index with unknown options": (
        """
        from settings import OPTIONS

        db.t.create_index("expires_at", **OPTIONS)


        def begin():
            db.t.insert_one({"expires_at": datetime.utcnow() + timedelta(hours=1)})
        """,
        [],
    ),
}

CASES = {
    f"{group}: {name}": case
    for group, cases in (("upsert", UPSERTS), ("made", MADE), ("handled", HANDLED), ("ending", ENDING))
    for name, case in cases.items()
}


@pytest.mark.parametrize("name", CASES)
def test_needed(name: str, tmp_path: Path) -> None:
    code, expected = CASES[name]
    assert needed(tmp_path, code) == expected


MODEL = """
class User(BaseModel):
    name: str
    email: Optional[str] = None
    age: Optional[int] = None
    token: str = Field(default_factory=lambda: uuid.uuid4().hex)


"""
# What an upsert by ``a`` needs, given how another function stores it
LACKS = {
    'db.t.insert_one({"a": None})': '{"$gt": ""}',
    'db.t.insert_one({"b": 1})': '{"$exists": True}',
    'db.t.insert_one({"a": x})': None,
    'db.t.insert_one({"a": x.get("a")})': '{"$gt": ""}',
    'db.t.insert_one({"a": x.get("a", "")})': None,
    'db.t.insert_one({"a": x["a"]})': None,
    'db.t.insert_one({"a": x["a"] if x else None})': '{"$gt": ""}',
    'db.t.insert_one({"a": User(name=x).email})': '{"$gt": ""}',
    'db.t.insert_one({"a": User(name=x, email="e").email})': None,
    'db.t.insert_one({"a": User(name=x).token})': None,
    'db.t.insert_one({"a": User(name=x).age})': '{"$type": "number"}',
    'db.t.insert_one({"a": int(x) if x else None})': '{"$type": "number"}',
    "db.t.insert_one(x)": None,
    'db.t.insert_one({**x, "a": None})': '{"$gt": ""}',
    'y = {}\n    if x:\n        y["a"] = x\n    db.t.insert_one(y)': '{"$exists": True}',
    'z = x.get("z")\n    y = {}\n    if z:\n        y["a"] = z\n    db.t.insert_one(y)': '{"$exists": True}',
    'y = {"a": None}\n    y["a"] = "b"\n    db.t.insert_one(y)': None,
    'y = dict(a=None)\n    y.pop("a")\n    db.t.insert_one(y)': '{"$exists": True}',
    'y = x.get("a")\n    db.t.insert_one({"a": y if y else str(x)})': None,
    'y = x.get("a")\n    if y is None:\n        return\n    db.t.insert_one({"a": y})': None,
    'y = x.get("a")\n    if not all([x, y]):\n        return\n    db.t.insert_one({"a": y})': None,
    'db.t.update_one({"b": 1}, {"$set": {"a": None}})': '{"$gt": ""}',
    'db.t.update_one({"b": 1}, {"$set": {"c": None}})': None,
    'db.t.update_one({"b": 1}, {"$unset": {"a": ""}})': '{"$exists": True}',
    'db.t.insert_many([{"a": None}])': '{"$gt": ""}',
    'db.t.insert_many([{"a": y.get("a")} for y in x])': '{"$gt": ""}',
    'db.t.insert_many([{"b": y} for y in x])': '{"$exists": True}',
    'if "a" not in x:\n        return\n    db.t.insert_one({"a": x.get("a")})': None,
}


@pytest.mark.parametrize("store", LACKS)
def test_values_that_lack(store: str, tmp_path: Path) -> None:
    code = f'{MODEL}def save(a):\n    db.t.update_one({{"a": a}}, {{"$set": {{"b": 1}}}}, upsert=True)\n\n\n'
    code += f"def store(x):\n    {store}\n"
    partial = f', partialFilterExpression={{"a": {LACKS[store]}}}' if LACKS[store] else ""
    assert needed(tmp_path, code) == [f't create_index([("a", 1)], unique=True{partial})']


MADE = """\
import secrets
from datetime import datetime, timedelta, timezone

from pymongo import MongoClient

db = MongoClient(timeoutMS=5000).app


def begin(user):
    key = secrets.token_urlsafe(32)
    db.sessions.insert_one({"key": key, "user": user%s})
    return key


def session(key):
    return db.sessions.find_one({"key": key})
"""
ENDS = ', "expires_at": datetime.now(timezone.utc) + timedelta(days=1)'


@pytest.mark.parametrize(("field", "severity"), [("", "high"), (ENDS, "medium")], ids=["for good", "for a day"])
def test_what_a_maker_makes_unique(field: str, severity: str, tmp_path: Path) -> None:
    (found,) = findings(MADE % field, tmp_path, rules={"MDB207"})
    assert found.severity.value == severity


def test_of_what_a_maker_makes_a_part(tmp_path: Path) -> None:
    """Two meet by chance: with the index, an insert may fail that never did."""
    code = MADE.replace("token_urlsafe(32)", "token_urlsafe(32)[:6]").replace(
        ".app\n", '.app\ndb.sessions.create_index("user")\n'
    )
    loaded = project(code % "", tmp_path)
    (found,) = check(loaded, {"MDB207"}, loaded.project.config, fixes=True).findings
    assert "(a part of what secrets.token_urlsafe makes, find_one finds documents by it)" in found.message
    assert found.fix is not None
    assert "and has to make another" in found.fix.reason


NEAREST = """\
from pymongo import MongoClient

db = MongoClient(timeoutMS=5000).app


def is_on(chat):
    return db.off.find_one({"chat": chat}) is None


def turn_off(chat):
    db.off.insert_one({"chat": chat})


def change(chat, command):
    shown = None
    if command == "show":
        if is_on(chat):
            shown = True
    if command == "change":
        if is_on(chat):
            turn_off(chat)
    return shown
"""


def test_the_look_up_that_decides_is_the_last(tmp_path: Path) -> None:
    (found,) = findings(NEAREST, tmp_path, rules={"MDB202"})
    assert found.span.line == NEAREST[: NEAREST.rindex("if is_on")].count("\n") + 1


def saved(*, before: str = "", after: str = "") -> str:
    """A function that stores a rating, or changes the one that is there, by a user that may be None."""
    return f"""\
def save(user: Optional[str], stars):
    {before}found = db.t.find_one({{"user": user}})
    if not found:
        db.t.insert_one({{"user": user, "stars": stars}})
    else:
        db.t.update_one({{"_id": found["_id"]}}, {{"$set": {{"user": user, "stars": stars}}}})

{after}"""


ASKED = {
    "each insert": (saved(), False),
    "and deletes": (saved(after='def gone(user):\n    db.t.delete_one({"user": user})\n'), False),
    "only if there is one": (saved(before="found = None\n    if user: "), True),
    "another insert": (saved(after='def add(user):\n    db.t.insert_one({"user": None})\n'), True),
    "many": (saved(after="def add(items):\n    db.t.insert_many(items)\n"), True),
    "an upsert": (saved(after='def put(x):\n    db.t.update_one({"b": x}, {"$set": {"c": 1}}, upsert=True)\n'), True),
    "an update to null": (saved(after='def hide(x):\n    db.t.update_one({"b": x}, {"$set": {"user": None}})\n'), True),
    "an update of many": (
        saved(after='def move(x, user):\n    db.t.update_many({"b": x}, {"$set": {"user": user}})\n'),
        True,
    ),
    "an update of many in the old way": (
        saved(after='def move(x, user):\n    db.t.update({"b": x}, {"$set": {"user": user}}, multi=True)\n'),
        True,
    ),
    "another operator": (saved(after='def low(x):\n    db.t.update_one({"b": x}, {"$min": {"user": None}})\n'), True),
    "a field of another name": (
        saved(after='def named(x):\n    db.t.update_one({"b": x}, {"$rename": {"name": "user"}})\n'),
        True,
    ),
    "a collection that is not known": (saved(after='def put(c, x):\n    db[c].insert_one({"user": x})\n'), True),
    "asked of the value": (saved(before="if user:\n        print(user)\n    "), True),
}


@pytest.mark.parametrize("name", ASKED)
def test_null_that_is_looked_up_is_a_value(name: str, tmp_path: Path) -> None:
    code, is_partial = ASKED[name]
    loaded = project(HEAD + code, tmp_path)
    needs = with_deep_stack(lambda: loaded.project.writes.look_then_inserts)
    assert ["partialFilterExpression" in need.constraint.code for need in needs] == [is_partial]


LOOK = 'old = db.files.find_one({"long": file["long"]}) or db.files.find_one({"short": file["short"]})\n'
ANY_OF_TWO = {
    "filled with both": (f"    {LOOK}    if old:\n        fill(old, file)\n        db.files.save(old)\n", ["long"]),
    "only looked for": (f"    {LOOK}    if old:\n        raise ValueError\n", ["long", "short"]),
}


@pytest.mark.parametrize(("body", "unique"), ANY_OF_TWO.values(), ids=ANY_OF_TWO)
def test_of_keys_by_which_documents_are_merged_the_first_is_unique(
    body: str, unique: list[str], tmp_path: Path
) -> None:
    code = "def fill(old, file):\n    old.update(file)\n\n\n" + "".join(
        f"def {name}(value):\n    if not db.files.find_one({{'{name}': value}}):\n"
        f"        db.files.insert_one({{'{name}': value}})\n\n\n"
        for name in ("long", "short")
    )
    loaded = project(f"{HEAD}{code}def upload(file):\n{body}", tmp_path)
    needs = with_deep_stack(lambda: loaded.project.writes.look_then_inserts)
    assert [need.constraint.keys[0][0] for need in needs] == unique


DEFAULTS = {
    "a default": "if not n:\n        n = db.t.count_documents({}) + 1",
    "nothing": "pass",
}


@pytest.mark.parametrize("given", DEFAULTS.values(), ids=DEFAULTS)
def test_what_may_be_a_default_is_looked_for_and_stored(given: str, tmp_path: Path) -> None:
    code = f"def add(n):\n    {given}\n    if db.t.find_one({{'n': n}}):\n        raise ValueError(n)\n    "
    loaded = project(HEAD + code + "db.t.insert_one({'n': n})\n", tmp_path)
    (need,) = with_deep_stack(lambda: loaded.project.writes.look_then_inserts)
    assert need.constraint.code == 'create_index([("n", 1)], unique=True)'


@pytest.mark.parametrize(
    ("code", "named"),
    [
        ('db.t.update_one({"a": "settings"}, {"$set": {"b": b}}, upsert=True)', {"t"}),
        ('db.t.update_one({"a": "settings"}, {"$set": {"b": b}})', set()),
        ('db.t.update_one({"a": b}, {"$set": {"b": b}}, upsert=True)', set()),
        ('db.t.update_one({"a": "x"}, {"$set": {"b": b}}, upsert=True)\n    db.t.insert_one({"a": b})', set()),
        ('db.t.update_one({"a": "x"}, {"$set": {"b": b}}, upsert=True)\n    db[b].insert_one({"a": b})', set()),
    ],
)
def test_documents_that_the_code_calls_by_name(code: str, named: set[str], tmp_path: Path) -> None:
    loaded = project(f'{HEAD}def save(b):\n    {code}\n    return db.t.find_one({{"a": "settings"}})\n', tmp_path)
    assert with_deep_stack(lambda: loaded.project.writes.named) == named
    if named:
        assert not findings(f"{HEAD}def save(b):\n    {code}\n", tmp_path, rules={"MDB104"})


ONE_OF_SEVERAL = {
    "the newest is taken": (
        'db.t.find_one({"u": u}, sort=[("at", -1)])',
        'db.t.update_one({"u": u}, {"$set": {"b": 1}})',
        True,
    ),
    "a list in order": ('list(db.t.find({"u": u, "c": u}).sort("at"))', 'db.t.replace_one({"u": u}, {"u": u})', True),
    "without an order": ('list(db.t.find({"u": u}))', 'db.t.update_one({"u": u}, {"$set": {"b": 1}})', False),
    "by another field": (
        'db.t.find_one({"u": u}, sort=[("at", -1)])',
        'db.t.update_one({"v": u}, {"$set": {"b": 1}})',
        False,
    ),
    "by more": (
        'db.t.find_one({"u": u}, sort=[("at", -1)])',
        'db.t.update_one({"u": u, "v": u}, {"$set": {"b": 1}})',
        False,
    ),
    "a range": (
        'db.t.find_one({"u": u}, sort=[("at", -1)])',
        'db.t.update_one({"u": {"$gt": u}}, {"$set": {"b": 1}})',
        False,
    ),
    "by the _id": (
        'db.t.find_one({"u": u}, sort=[("at", -1)])',
        'db.t.update_one({"_id": u}, {"$set": {"b": 1}})',
        False,
    ),
    "an upsert": (
        'db.t.find_one({"u": u}, sort=[("at", -1)])',
        'db.t.update_one({"u": u}, {"$set": {"b": 1}}, upsert=True)',
        False,
    ),
    "any is taken": (
        'db.t.find_one({"u": u}, sort=[("at", -1)])',
        'db.t.find_one_and_update({"u": u}, {"$set": {"b": 1}})',
        False,
    ),
    "a made key": (
        'db.t.find_one({"u": u}, sort=[("at", -1)])\n    db.t.insert_one({"u": str(uuid.uuid4())})',
        'db.t.update_one({"u": u}, {"$set": {"b": 1}})',
        False,
    ),
}


@pytest.mark.parametrize(("read", "write", "told"), ONE_OF_SEVERAL.values(), ids=ONE_OF_SEVERAL)
def test_updates_of_one_of_several(read: str, write: str, told: bool, tmp_path: Path) -> None:
    code = f"{HEAD}def show(u):\n    return {read}\n\n\ndef change(u):\n    return {write}\n"
    if "\n" in read:
        code = code.replace("return " + read, read)
    loaded = project(code, tmp_path)
    found = with_deep_stack(lambda: loaded.project.writes.any_ones)
    assert [one.fields for one in found] == ([("u",)] if told else [])


BUCKET = """\
from gridfs import GridFS
from pymongo import MongoClient

client = MongoClient()
db = client.app
files = GridFS(client.files)
files._GridFS__files.create_index([("url", 1)])


def register(email):
    if not db.users.find_one({"email": email}):
        db.users.insert_one({"email": email})
"""


def test_an_index_of_a_bucket_is_on_no_other_collection(tmp_path: Path) -> None:
    loaded = project(BUCKET, tmp_path)
    assert len(with_deep_stack(lambda: loaded.project.writes.look_then_inserts)) == 1
