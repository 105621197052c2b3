"""A real server takes every document of a model into a collection with the validator that its code has."""

from __future__ import annotations

import tempfile
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pymongo.database import Database
from pymongo.errors import WriteError

from mongolint.project.schema.record import record
from mongolint.testing.projects import project

Db = Database[dict[str, Any]]
Strategy = st.SearchStrategy[Any]

_TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=8)
_INT = st.integers(-(2**31), 2**31)
# The annotation, its values, and a value of another type
SIMPLE: list[tuple[str, Strategy, Any]] = [
    ("str", _TEXT, 1),
    ("int", _INT, "1"),
    ("float", st.floats(allow_nan=False), "1"),
    ("bool", st.booleans(), 1),
    ("datetime", st.datetimes(datetime(1970, 1, 1), datetime(2100, 1, 1)), "today"),
    ("bytes", st.binary(max_size=4), "b"),
    ("list[str]", st.lists(_TEXT, max_size=3), "abc"),
    ("dict[str, int]", st.dictionaries(st.sampled_from(["a", "b"]), _INT), []),
    ("Literal['a', 'b']", st.sampled_from(["a", "b"]), 1),
    ("int | str", st.one_of(_INT, _TEXT), True),
    ("Any", st.one_of(_INT, _TEXT, st.none(), st.lists(_INT)), None),
]


@st.composite
def models(draw: st.DrawFn) -> tuple[str, Strategy, dict[str, Any]]:
    """Code with a model and an insert of it, its documents, and values that its fields do not take."""
    lines: list[str] = []
    fields: dict[str, Strategy] = {}
    wrong: dict[str, Any] = {}
    for number in range(draw(st.integers(1, 5))):
        annotation, values, other = draw(st.sampled_from(SIMPLE))
        if draw(st.booleans()):
            annotation, values = f"{annotation} | None", st.one_of(values, st.none())
        nesting = draw(st.sampled_from(["", "", "one", "many"]))
        name = f"f{number}"
        if nesting:
            values = st.fixed_dictionaries({"inner": values})
            lines.insert(0, f"class Inner{number}(BaseModel):\n    inner: {annotation}\n\n")
            annotation, other = f"Inner{number}", 7
            if nesting == "many":
                annotation, values = f"list[{annotation}]", st.lists(values, max_size=2)
        lines.append(f"    {name}: {annotation}\n")
        fields[name] = values
        if other is not None:
            wrong[name] = other
    classes = [line for line in lines if line.startswith("class")]
    own = [line for line in lines if not line.startswith("class")]
    code = "".join([HEAD, *classes, "class Thing(BaseModel):\n", *own, TAIL])
    return code, st.fixed_dictionaries(fields), wrong


HEAD = """
from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel
from pymongo import MongoClient

db = MongoClient().shop

"""
TAIL = """

def add(thing: Thing):
    db.things.insert_one(thing.model_dump())
"""


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_documents_of_a_model(data: st.DataObject, server_db: Db) -> None:
    code, documents, wrong = data.draw(models())
    with tempfile.TemporaryDirectory() as name:
        validator = record(project(code, Path(name)).project, "things")["validator"]
    server_db.drop_collection("things")
    things = server_db.create_collection("things", validator=validator)
    document = data.draw(documents)
    things.insert_one(dict(document))
    for field, other in wrong.items():
        with pytest.raises(WriteError):
            things.insert_one({**document, field: other})
    for field in document:
        with pytest.raises(WriteError):
            things.insert_one({key: value for key, value in document.items() if key != field})


WRITES = """
from datetime import datetime, timezone

from bson import ObjectId
from pymongo import MongoClient

db = MongoClient().shop


def add(title: str, note=None):
    thing = {"title": title, "tags": [], "parts": [{"n": 1, "at": None}], "made": datetime.now(timezone.utc), "by": {}}
    if note:
        thing["note"] = {"text": str(note)}
    return db.things.insert_one(thing).inserted_id


def change(key: ObjectId, number: int):
    db.things.update_one({"_id": key}, {"$push": {"tags": "x"}, "$inc": {"count": 1}, "$set": {"by.name": "y"}})
    db.things.update_one({"_id": key}, {"$set": {"parts.0.n": number, "note.text": "z"}, "$unset": {"made": ""}})
    db.things.update_one({"_id": key}, {"$push": {"parts": {"$each": [{"n": 2.5, "at": datetime.now(timezone.utc)}]}}})


def known(name: str):
    db.names.update_one({"name": name}, {"$setOnInsert": {"first": datetime.now(timezone.utc)}}, upsert=True)
    db.names.update_one({"name": name}, {"$currentDate": {"last": True}, "$max": {"top": 3}})
"""


def test_updates(server_db: Db, tmp_path: Path) -> None:
    """The code itself, run on the server."""
    loaded = project(WRITES, tmp_path).project
    for name in ("things", "names"):
        validator = record(loaded, name)["validator"]
        assert validator["$jsonSchema"]["properties"]
        server_db.create_collection(name, validator=validator)
    space: dict[str, Any] = {}
    exec(compile(WRITES, "writes.py", "exec"), space)
    space["db"].client.close()
    space["db"] = server_db
    key = space["add"]("a")
    space["add"]("b", 1)
    space["change"](key, 4)
    space["known"]("n")
    assert server_db.things.count_documents({}) == 2
    for wrong in ({"title": 1}, {"parts": [{"n": "1"}]}, {"note": {"text": 1}}, {"tags": "x"}):
        with pytest.raises(WriteError):
            server_db.things.update_one({"_id": key}, {"$set": wrong})
