"""Calls of what PyMongo 4 no longer has: which fixes are written, and which are left to a person."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pymongo
import pytest

from mongolint.engine.load import Loaded, load
from mongolint.engine.mend import mend
from mongolint.engine.run import Result, check
from mongolint.finding import Fix
from mongolint.mongo.methods import REMOVED_CLIENT, REMOVED_COLLECTION, REMOVED_DATABASE
from mongolint.mongo.removed import INSTEAD
from mongolint.testing import project

HEAD = """\
from pymongo import AsyncMongoClient, MongoClient

client = MongoClient(timeoutMS=5)
db = client.app
users = db.users
orders = AsyncMongoClient(timeoutMS=5).app.orders


async def f(user, users_of, flag):
"""


def fix(line: str, root: Path) -> tuple[str, str]:
    """A line after its fix, and why the first finding that is left cannot be fixed."""

    def look(loaded: Loaded) -> Result:
        return check(loaded, {"MDB702"}, loaded.project.config, fixes=True)

    def reload(changed: Any, previous: Loaded) -> Loaded:
        return load([root], previous.project.config, root, overlay=changed, jobs=1, previous=previous)

    code = f"{HEAD}    {line}\n"
    (root / "requirements.txt").write_text("pymongo>=4.13\n")
    mended = mend(project(code, root), look, reload, unsafe=True)
    assert not mended.failures
    left = [finding.fix.reason for finding in mended.result.findings if isinstance(finding.fix, Fix)]
    found = next((text.decode() for text in mended.changed.values()), code)
    return found.removeprefix(HEAD).strip(), next(iter(left), "")


@pytest.mark.parametrize(
    ("line", "after"),
    [
        ("users.insert({'a': 1})", "users.insert_one({'a': 1})"),
        (
            "user = {'a': 1}; user['b'] = 2; users.insert(user)",
            "user = {'a': 1}; user['b'] = 2; users.insert_one(user)",
        ),
        ("return users.insert([user])", "return users.insert_many([user]).inserted_ids"),
        ("await orders.insert({'a': 1})", "await orders.insert_one({'a': 1})"),
        ("users.update({'a': 1}, {'a': 2})", "users.replace_one({'a': 1}, {'a': 2})"),
        (
            "users.update({'a': 1}, {'$set': {'a': 2}}, upsert=True)",
            "users.update_one({'a': 1}, {'$set': {'a': 2}}, upsert=True)",
        ),
        ("users.update({'a': 1}, {'$inc': {'a': 2}}, multi=False)", "users.update_one({'a': 1}, {'$inc': {'a': 2}})"),
        ("users.remove()", "users.delete_many({})"),
        ("users.remove({'a': 1}, multi=False)", "users.delete_one({'a': 1})"),
        ("return users.count({'a': 1})", "return users.count_documents({'a': 1})"),
        ("return users.find().count()", "return users.estimated_document_count()"),
        (
            "return (users\n        .find({'a': 1})\n        .count())",
            "return (users\n        .count_documents({'a': 1}))",
        ),
        ("client.database_names()", "client.list_database_names()"),
    ],
)
def test_written(line: str, after: str, tmp_path: Path) -> None:
    assert fix(line, tmp_path) == (after, "")


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("users.insert(user)", "one document or several"),
        ("users.insert({'a': 1}, check_keys=False)", "check_keys went with it"),
        ("return await orders.insert({'a': 1})", "another object"),
        ("users.insert(*user)", "is not clear"),
        ("users.update({'a': 1}, user)", "operators or a whole document"),
        ("users.update({'a': 1}, {'$set': {'a': 1}, 'b': 1})", "operators or a whole document"),
        ("users.update({'a': 1}, {'$set': {'a': 1}}, multi=flag)", "only the running program"),
        ("users.update({'a': 1}, {'b': 1}, multi=True)", "in the place of several"),
        ("users.update({'a': 1}, {'$set': {'a': 1}}, True)", "given in another way"),
        ("return users.update({'a': 1}, {'$set': {'a': 1}})['n']", "another object"),
        ("users.remove(user)", "an _id"),
        ("return users.find({'a': 1}).sort('b').count()", "options"),
        ("return users.find({'a': 1}, limit=3).count()", "options"),
        ("return users.find({'a': 1}).count(True)", "made elsewhere"),
        ("db.collection_names(False)", "went with it"),
        ("users.ensure_index('a', cache_for=3)", "cache_for went with it"),
        ("users.save(user)", "called in another way"),
        ("users.initialize_ordered_bulk_op().execute()", "called in another way"),
        ("db.add_user('a', 'b')", "called in another way"),
    ],
)
def test_left_to_a_person(line: str, reason: str, tmp_path: Path) -> None:
    code, why = fix(line, tmp_path)
    assert code == line
    assert reason in why


def test_each_is_gone_and_has_advice() -> None:
    """What the driver does not have is a collection or a database of that name."""
    client = pymongo.MongoClient(connect=False)
    held = {client: REMOVED_CLIENT, client.a: REMOVED_DATABASE, client.a.b: REMOVED_COLLECTION}
    for holder, table in held.items():
        for name in table:
            assert name in INSTEAD
            with pytest.raises(TypeError, match="object is not callable"):
                getattr(holder, name)()
    client.close()
