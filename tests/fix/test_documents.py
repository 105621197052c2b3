"""Fixes of rules about documents, run on a real server: the fixed code does what its rule promises."""

from __future__ import annotations

import textwrap
import time
from datetime import datetime, timezone
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pymongo
import pytest
from pymongo.database import Database
from pymongo.errors import WriteError

from mongolint.engine.registry import examples
from mongolint.engine.run import check
from mongolint.rule import Bad
from mongolint.testing import project

Db = Database[dict[str, Any]]


@pytest.fixture
def fixed(server_db: Db, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The first example of a rule, fixed and run: its names."""

    def run(code: str) -> dict[str, Any]:
        example = next(each for each in examples()[code] if isinstance(each, Bad))
        assert isinstance(example.fixed, str)
        monkeypatch.setattr(pymongo, "MongoClient", lambda **_: SimpleNamespace(app=server_db))
        space: dict[str, Any] = {}
        exec(compile(textwrap.dedent(example.fixed), "example.py", "exec"), space)
        return space

    return run


def test_an_array_keeps_its_last_members(fixed: Any, server_db: Db) -> None:
    space = fixed("MDB222")
    server_db.jobs.insert_one({"_id": "a", "log": ["old"]})
    space["log_all"]("a", [{"text": str(number)} for number in range(999)])
    space["log"]("a", "last")
    job = server_db.jobs.find_one({"_id": "a"})
    assert job is not None
    assert len(job["log"]) == 1000
    assert (job["log"][0], job["log"][-1]["text"]) == ({"text": "0"}, "last")


def test_a_validator_is_given_where_indexes_are_made(fixed: Any, server_db: Db) -> None:
    space = fixed("MDB220")
    space["add"]("a@example.org", None)
    space["add"]("b@example.org", 7)
    space["ensure_indexes"]()
    with pytest.raises(WriteError):
        server_db.users.insert_one({"email": 1, "age": 1})
    with pytest.raises(WriteError):
        server_db.users.insert_one({"email": "c@example.org"})


def test_a_date_is_stored_as_one(fixed: Any, server_db: Db) -> None:
    space = fixed("MDB226")
    space["place"]("a")
    space["pay"]("a")
    assert server_db.orders.count_documents({"changed": {"$type": "date"}, "paid": True}) == 1


def test_the_right_field_is_found(fixed: Any) -> None:
    space = fixed("MDB225")
    space["place"]("ada", 9.5)
    assert space["of_customer"]("ada") == [9.5]


def test_time_is_stored_in_utc(fixed: Any, server_db: Db, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Etc/GMT-9")
    time.tzset()
    try:
        space = fixed("MDB227")
        space["visit"]("home")
        assert len(space["recent"]()) == 1
        visit = server_db.visits.find_one({})
        assert visit is not None
        assert abs(visit["at"].timestamp() - time.time() + 9 * 3600) < 5  # read naive, and it is UTC
    finally:
        monkeypatch.undo()
        time.tzset()


def test_text_is_no_date_to_a_range(server_db: Db) -> None:
    """Why two types in one field hurt."""
    now = datetime.now(timezone.utc)
    server_db.orders.insert_many([{"_id": 1, "at": now}, {"_id": 2, "at": now.isoformat()}])
    found = [order["_id"] for order in server_db.orders.find({"at": {"$lte": datetime.now(timezone.utc)}})]
    assert found == [1]


def test_a_collection_that_is_there_is_changed_and_not_created(tmp_path: Path) -> None:
    change = "users.replace_one({'_id': 1}, dict(user, name=user))"
    code = f"from pymongo import MongoClient\n\n\ndef put(user):\n    MongoClient().app.{change}\n"
    loaded = project(code, tmp_path)
    (finding,) = check(loaded, {"MDB220"}, loaded.project.config, fixes=True).findings
    assert finding.fix is not None
    assert finding.fix.text == (
        'db.command("collMod", "users", validationLevel="moderate", validator={"$jsonSchema": …})'
    )


def test_why_no_validator_can_be_told(tmp_path: Path) -> None:
    """What copies documents may store anything, however plain the types of the other writes are."""
    code = """\
from pymongo import MongoClient

db = MongoClient(timeoutMS=5000).app


def put(name: str):
    db.users.insert_one({"name": name})


def copy(documents):
    db.users.insert_many(documents)
"""
    loaded = project(code, tmp_path)
    (finding,) = check(loaded, {"MDB220"}, loaded.project.config, fixes=True).findings
    assert finding.fix is not None
    assert finding.fix.reason == "not all fields are seen that insert_many may store (example.py:11)"


def test_a_validator_is_not_put_into_the_loop_that_makes_the_indexes(tmp_path: Path) -> None:
    code = """\
from pymongo import MongoClient

db = MongoClient(timeoutMS=5000).app
SPECS = [{"keys": [("name", 1)]}, {"keys": [("age", 1)]}]


def make_indexes():
    for spec in SPECS:
        db.users.create_index(spec["keys"])


def put(name: str, age: int):
    db.users.insert_one({"name": name, "age": age})


make_indexes()
"""
    loaded = project(code, tmp_path)
    (finding,) = check(loaded, {"MDB220"}, loaded.project.config, fixes=True).findings
    assert finding.fix is not None
    assert finding.fix.edits == ()
    assert finding.fix.reason == "no index of the collection is made where it could stand beside"


def test_a_validator_is_given_where_the_index_is_there_already(tmp_path: Path) -> None:
    code = """\
from pymongo import MongoClient

db = MongoClient(timeoutMS=5000).app
if "name_1" not in db.users.index_information():
    db.users.create_index("name")


def put(name: str):
    db.users.insert_one({"name": name})
"""
    loaded = project(code, tmp_path)
    (finding,) = check(loaded, {"MDB220"}, loaded.project.config, fixes=True).findings
    assert finding.fix is not None
    (edit,) = finding.fix.edits
    assert edit.content.startswith('db.users.database.command(\n    "collMod",')


def test_a_set_is_not_cut_to_its_last_members(tmp_path: Path) -> None:
    """`$push` would store a member as often as it is met, and one that was dropped would count as new."""
    code = """\
from pymongo import MongoClient

db = MongoClient(timeoutMS=5000).app


def visit(page: str, address: str):
    db.pages.update_one({"_id": page}, {"$addToSet": {"visitors": address}})
"""
    loaded = project(code, tmp_path)
    (finding,) = check(loaded, {"MDB222"}, loaded.project.config, fixes=True).findings
    assert finding.fix is not None
    assert finding.fix.title == "give the members a collection"
    assert finding.fix.text.endswith("and index that and the member, unique together")
    assert (
        finding.fix.reason
        == "a member that is dropped is taken for new when it is met again, and what is stored has to be moved"
    )


@pytest.mark.parametrize(
    ("held", "expected"),
    [("self.notes_held", "self.notes_held.delete_many("), ("notes", "how this function reaches the other collection")],
)
def test_what_refers_is_deleted_by_the_name_that_the_object_has_for_it(
    held: str, expected: str, tmp_path: Path
) -> None:
    code = f"""
        from fastapi import FastAPI
        from pymongo import MongoClient

        db = MongoClient(timeoutMS=5000).app
        app = FastAPI()
        notes = db["notes"]


        class Books:
            def __init__(self, db):
                self.books = db["books"]
                {held} = db["notes"]

            def note(self, book_id: str, text: str):
                if self.books.find_one({{"_id": book_id}}):
                    {held}.insert_one({{"book_id": book_id, "text": text}})

            def notes(self, text: str):
                return list({held}.find({{"text": text}}, limit=9))

            def remove(self, book_id: str):
                self.books.delete_one({{"_id": book_id}})


        books = Books(db)


        @app.post("/")
        def note(book_id: str, text: str):
            books.note(book_id, text)
            return books.notes(text)


        @app.delete("/")
        def remove(book_id: str):
            books.remove(book_id)
        """
    if held == "notes":
        code = code.replace('                notes = db["notes"]\n', "", 1)
    loaded = project(textwrap.dedent(code), tmp_path)
    (found,) = check(loaded, {"MDB224"}, loaded.project.config, fixes=True).findings
    assert found.fix is not None
    assert expected in "".join(edit.content for edit in found.fix.edits) + found.fix.reason


@pytest.mark.parametrize(
    ("route", "edit", "text"),
    [
        ("/<ObjectId:post_id>", 'mongo.db.notes.delete_many({"post_id": post_id})', ""),
        ("/<post_id>", "", 'mongo.db.notes.delete_many({"post_id": …})  # the _id that is deleted'),
    ],
)
def test_what_a_path_is_converted_to_is_the_key_of_what_refers(
    route: str, edit: str, text: str, tmp_path: Path
) -> None:
    code = f"""
        from bson import ObjectId
        from flask import Flask
        from flask_pymongo import PyMongo

        app = Flask(__name__)
        mongo = PyMongo(app)


        @app.post("/notes/<number>")
        def note(number):
            post_id = ObjectId(number)
            if mongo.db.posts.find_one({{"_id": post_id}}):
                mongo.db.notes.insert_one({{"post_id": post_id, "text": ""}})
            return list(mongo.db.notes.find({{"text": ""}}, limit=9))


        @app.delete("{route}")
        def remove(post_id):
            mongo.db.posts.delete_one({{"_id": post_id}})
        """
    loaded = project(textwrap.dedent(code), tmp_path)
    (found,) = check(loaded, {"MDB224"}, loaded.project.config, fixes=True).findings
    assert found.fix is not None
    assert "".join(each.content for each in found.fix.edits).strip() == edit
    assert found.fix.text == text or edit


FILED = """\
from bson import ObjectId
from fastapi import FastAPI
from motor.motor_asyncio import AsyncIOMotorClient, AsyncIOMotorGridFSBucket

app = FastAPI()
db = AsyncIOMotorClient(timeoutMS=5000).app


async def files():
    return AsyncIOMotorGridFSBucket(db)


@app.post("/books/{book_id}/scans")
async def add(book_id: str, data: bytes):
    if await db.books.find_one({"_id": ObjectId(book_id)}):
        bucket = await files()
        name = await bucket.upload_from_stream("scan", data)
        await db.scans.insert_one({"book_id": book_id, "file": name})


@app.post("/scans/{scan_id}/notes")
async def note(scan_id: str, text: str):
    if await db.scans.find_one({"_id": ObjectId(scan_id)}):
        await db.notes.insert_one({"scan_id": scan_id, "text": text})


@app.get("/notes")
async def notes(key: str):
    return await db.notes.find_one({"_id": ObjectId(key)})


@app.delete("/scans/{scan_id}")
async def drop(scan_id: str):
    scan = await db.scans.find_one({"_id": ObjectId(scan_id)})
    bucket = await files()
    await bucket.delete(scan["file"])
    await db.scans.delete_one({"_id": ObjectId(scan_id)})


@app.delete("/books/{book_id}")
async def remove(book_id: str):
    await db.books.delete_one({"_id": ObjectId(book_id)})
"""


def test_a_delete_that_would_leave_files_is_for_a_person(tmp_path: Path) -> None:
    """What deletes a file deletes no documents, so that a delete beside it is judged; and files go with theirs."""
    loaded = project(FILED, tmp_path)
    drop, remove = check(loaded, {"MDB224"}, loaded.project.config, fixes=True).findings
    assert drop.message.startswith("delete_one on scans leaves the documents of notes (scan_id)")
    assert drop.fix is not None
    assert drop.fix.edits
    assert remove.fix is not None
    assert not remove.fix.edits
    assert remove.fix.reason == "the documents of scans have files in GridFS, which drop deletes with them"
    assert remove.fix.text == (
        'await db.scans.delete_many({"book_id": …})  # the _id that is deleted; their files in GridFS first'
    )
