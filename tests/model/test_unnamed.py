"""Collections whose names only the running program knows: what is the same one all the same, and what is not."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest

from mongolint.testing import findings

HEAD = """\
import os

from pydantic_settings import BaseSettings
from pymongo import MongoClient

client = MongoClient(timeoutMS=5000)
db = client.app


class Settings(BaseSettings):
    users: str
    orders: str


settings = Settings()

"""


def _told(code: str, tmp_path: Path, *rules: str) -> list[str]:
    return [each.message for each in findings(HEAD + dedent(code), tmp_path, rules=set(rules))]


# Where a document is read and written back
LOST = {
    "a variable": """
        def f(key):
            users = db[os.environ["USERS"]]
            user = users.find_one({"_id": key})
            users.update_one({"_id": key}, {"$set": {"n": user["n"] + 1}})
        """,
    "a parameter": """
        def f(users, key):
            user = db[users].find_one({"_id": key})
            db[users].update_one({"_id": key}, {"$set": {"n": user["n"] + 1}})
        """,
    "a setting": """
        def f(key):
            user = db[settings.users].find_one({"_id": key})
            db[settings.users].update_one({"_id": key}, {"$set": {"n": user["n"] + 1}})
        """,
    "an attribute": """
        class Users:
            def __init__(self):
                self.collection = db.get_collection(settings.users)

            def read(self, key):
                return self.collection.find_one({"_id": key})

            def f(self, key):
                user = self.read(key)
                self.collection.update_one({"_id": key}, {"$set": {"n": user["n"] + 1}})
        """,
}
LOST["a helper that gives it"] = """
    NAMES = settings.names


    def coll(name):
        return client.app.get_collection(NAMES[name]).with_options()


    def read(key):
        users = coll("users")
        return users.find_one({"_id": key})


    def f(key):
        user = read(key)
        coll("users").update_one({"_id": key}, {"$set": {"n": user["n"] + 1}})
    """


LOST["a helper that connects each time"] = """
    def users():
        connection = MongoClient(os.getenv("URI"), timeoutMS=5000)
        return connection[os.environ["DB"]][os.getenv("USERS")]


    def f(key):
        user = users().find_one({"_id": key})
        users().update_one({"_id": key}, {"$set": {"n": user["n"] + 1}})
    """


@pytest.mark.parametrize("code", LOST.values(), ids=LOST)
def test_read_and_written_back(code: str, tmp_path: Path) -> None:
    (message,) = _told(code, tmp_path, "MDB403")
    assert message.startswith("update_one writes back n as ")


OTHERS = {
    "two settings": """
        def f(key):
            user = db[settings.users].find_one({"_id": key})
            db[settings.orders].update_one({"_id": key}, {"$set": {"n": user["n"] + 1}})
        """,
    "two parameters": """
        def f(one, other, key):
            user = one.find_one({"_id": key})
            other.update_one({"_id": key}, {"$set": {"n": user["n"] + 1}})
        """,
    "a name and none": """
        def f(key):
            user = db.users.find_one({"_id": key})
            db[settings.users].update_one({"_id": key}, {"$set": {"n": user["n"] + 1}})
        """,
    "a helper that gives others": """
        def coll(name):
            return client.app.get_collection(settings.names[name])


        def f(key):
            user = coll("users").find_one({"_id": key})
            coll("orders").update_one({"_id": key}, {"$set": {"n": user["n"] + 1}})
        """,
    "helpers that connect to others": """
        def users(uri):
            return MongoClient(os.getenv(uri), timeoutMS=5000).app[os.getenv("USERS")]


        def f(key):
            user = users("HERE").find_one({"_id": key})
            users("THERE").update_one({"_id": key}, {"$set": {"n": user["n"] + 1}})
        """,
    "what is chosen twice": """
        def f(key, is_new):
            one = db[settings.users] if is_new else db[settings.orders]
            user = one.find_one({"_id": key})
            other = db[settings.users] if key else db[settings.orders]
            other.update_one({"_id": key}, {"$set": {"n": user["n"] + 1}})
        """,
}


@pytest.mark.parametrize("code", OTHERS.values(), ids=OTHERS)
def test_read_from_another(code: str, tmp_path: Path) -> None:
    assert _told(code, tmp_path, "MDB403") == []


REGISTER = """
    def register(name):
        users = db[settings.users]
        if users.find_one({"name": name}):
            raise ValueError(name)
        users.insert_one({"name": name})
    """
# What stands beside it, and whether two registrations may be told to make one name twice
BESIDE = {
    "nothing": ("", True),
    "an index that may be on it": ("""db[settings.users].create_index("name", unique=True)""", False),
    "an index of a name that it may have": ("""db.users.create_index("name", unique=True)""", False),
    "an index on other fields": ("""db.users.create_index("mail", unique=True)""", True),
    "an index known only at run time": ("""db[settings.users].create_index(settings.orders, unique=True)""", False),
    "a list of those of one name": ("""print(list(db[settings.users].find({"name": "a"})))""", False),
}


@pytest.mark.parametrize(("code", "told"), BESIDE.values(), ids=BESIDE)
def test_look_then_insert(code: str, told: bool, tmp_path: Path) -> None:
    beside = f"def beside():\n    {code}\n" if code else ""
    message = (
        "find_one looks for name before insert_one: two requests at the same time find nothing and both insert; "
        'declare create_index([("name", 1)], unique=True)'
    )
    assert _told(dedent(REGISTER) + beside, tmp_path, "MDB202", "MDB207") == [message] * told


APART = {
    "in another": """
        def f(name):
            if not db[settings.orders].find_one({"name": name}):
                db[settings.users].insert_one({"name": name})
        """,
    "null": """
        def f(name=None):
            if not db[settings.users].find_one({"name": name}):
                db[settings.users].insert_one({"name": name})
        """,
    "a constant": """
        def f(name):
            if not db[settings.users].find_one({"name": name, "kind": "a"}):
                db[settings.users].insert_one({"name": name, "kind": "a"})
        """,
}


@pytest.mark.parametrize("code", APART.values(), ids=APART)
def test_no_key(code: str, tmp_path: Path) -> None:
    assert _told(code, tmp_path, "MDB202", "MDB206", "MDB207") == []


UPSERT = """
    def save(name, at: int):
        db[settings.users].update_one({"name": name}, {"$set": {"at": at}}, upsert=True)
    """


@pytest.mark.parametrize(("code", "told"), BESIDE.values(), ids=BESIDE)
def test_upsert(code: str, told: bool, tmp_path: Path) -> None:
    beside = f"def beside():\n    {code}\n" if code else ""
    message = (
        "update_one upserts a collection by name without a unique index: two at the same time both insert; "
        'declare create_index([("name", 1)], unique=True)'
    )
    assert _told(dedent(UPSERT) + beside, tmp_path, "MDB206", "MDB207") == [message] * told


@pytest.mark.parametrize("other", ["settings.users", "settings.orders"])
def test_read_again(other: str, tmp_path: Path) -> None:
    code = f"""
        def f(key):
            db[settings.users].update_one({{"_id": key}}, {{"$set": {{"seen": True}}}})
            return db[{other}].find_one({{"_id": key}})
        """
    assert len(_told(code, tmp_path, "MDB111")) == (other == "settings.users")
