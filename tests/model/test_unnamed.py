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
