"""What a driver method will be given that is named without being called."""

from __future__ import annotations

from pathlib import Path

import pytest

from mongolint.engine.listing import queries
from mongolint.source.deepstack import with_deep_stack
from mongolint.testing import findings, project

HEAD = """\
import asyncio

from pymongo import MongoClient
from somewhere import later

db = MongoClient().app


def retry(function, times=3):
    def run(*args, **kwargs):
        for _ in range(times):
            try:
                return function(*args, **kwargs)
            except ConnectionError:
                pass

    return run


def load(key, session=None, **more):
    return CALL
"""
# A call, and the fields of its filter, whether others may be in it, whether it is limited
CALLS = {
    "the call of what a call gives": ("retry(db.users.find)({'name': key})", ["name"], False, False),
    "by name": ("retry(db.users.find)(filter={'name': key})", ["name"], False, False),
    "of what another project gives": ("later(db.users.find)({'name': key}, {'_id': 0})", ["name"], False, False),
    "with options of its own": ("retry(db.users.find, times=2)({'name': key})", ["name"], False, False),
    "with a time limit": ("retry(db.users.find)({'name': key}, max_time_ms=500)", ["name"], False, True),
    "a pipeline with a time limit": ("retry(db.users.aggregate)([{'$match': key}], maxTimeMS=500)", [], True, True),
    "with no filter": ("retry(db.users.find)()", [], False, False),
    "with more": ("retry(db.users.find)(**more)", [], True, False),
    "in a thread": ("asyncio.to_thread(db.users.find, {'name': key})", ["name"], False, False),
    "in a thread, with no filter": ("asyncio.to_thread(db.users.find)", [], False, False),
    "nobody sees what it is given": ("later(db.users.find)", [], True, False),
    "nor in what is given beside": ("later(db.users.find, fargs=[key])", [], True, False),
}


@pytest.mark.parametrize(("call", "fields", "is_open", "is_limited"), CALLS.values(), ids=CALLS)
def test_what_it_is_given(call: str, fields: list[str], is_open: bool, is_limited: bool, tmp_path: Path) -> None:
    loaded = project(HEAD.replace("CALL", call), tmp_path)
    (operation,) = with_deep_stack(lambda: loaded.project.operations)
    assert (list(operation.filter.required), operation.filter.open) == (fields, is_open)
    assert operation.time_limit is is_limited


def test_a_limit_of_the_client_holds(tmp_path: Path) -> None:
    text = HEAD.replace("CALL", "retry(db.users.find)({'name': key})")
    assert len(findings(text, tmp_path, rules={"MDB103"})) == 1
    assert findings(text.replace("MongoClient()", "MongoClient(timeoutMS=5000)"), tmp_path, rules={"MDB103"}) == []


def test_a_session_is_seen(tmp_path: Path) -> None:
    text = HEAD.replace("CALL", "retry(db.users.insert_one)({'name': key}, session=session)")
    (operation,) = with_deep_stack(lambda: project(text, tmp_path).project.operations)
    assert operation.session


CHAIN = """\
from pymongo import MongoClient


class Base:
    def __init__(self, uri, name, collection):
        self._coll = MongoClient(uri)[name][collection]

    def count(self):
        return self._coll.count_documents({})


class Users(Base):
    def __init__(self, uri, name, collection="users"):
        super().__init__(uri, name, collection)


class Central(Users):
    def __init__(self, uri, name="central"):
        super().__init__(uri, name)

    def first(self):
        return self._coll.find_one({"first": True})


class Profiles(Users):
    def __init__(self, uri, name="profiles", collection="profiles"):
        super().__init__(uri, name, collection)
"""


def test_what_a_constructor_does_not_pass_to_that_of_its_base_has_its_default(tmp_path: Path) -> None:
    """Not what the constructors of other subclasses pass."""
    loaded = project(CHAIN, tmp_path)
    found = with_deep_stack(lambda: queries(loaded))
    assert [each["collection"] for each in found if each["method"] == "find_one"] == ["users"]
