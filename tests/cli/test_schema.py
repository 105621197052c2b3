"""``schema``, end to end: the four forms, and a script that a shell can run."""

from __future__ import annotations

import json
from typing import Any

import pytest

CODE = """\
from pymongo import MongoClient

db = MongoClient(timeoutMS=5000).app


def add(name: str, mail: str | None):
    db.users.insert_one({"name": name, "mail": mail, "age": 1})
    db.logs.insert_one({"who": name, **unknown})


def change(name: str):
    db.users.update_one({"name": name}, {"$set": {"age": "2"}, "$push": {"seen": name}})
    return db.users.find_one({"name": name}, {"city": 1})["mail"]
"""


@pytest.fixture
def app(place: Any) -> Any:
    return place.write({"pyproject.toml": "[tool.mongolint]\n", "app.py": CODE})


def test_json(app: Any) -> None:
    logs, users = app.run("schema", "--format", "json").json
    assert (logs["collection"], logs["open"], logs["complete"]) == ("logs", True, False)
    assert logs["opened"] == [{"file": "app.py", "line": 8, "column": 13, "how": "insert", "operator": None}]
    assert (users["file"], users["line"], users["column"]) == ("app.py", 7, 14)
    fields = {field["name"]: field for field in users["fields"]}
    told = {name: (each["types"], each["always"], each["known_by"]) for name, each in fields.items()}
    assert told == {
        "name": (["string"], True, "both"),
        "mail": (["string", "null"], True, "both"),
        "age": (["number", "string"], True, "writes"),
        "seen": (["array"], False, "writes"),
        "city": ([], False, "reads"),
        "_id": (["objectId"], True, "both"),
    }
    assert fields["seen"]["grows"] == [
        {"file": "app.py", "line": 12, "column": 14, "how": "update", "operator": "$push"}
    ]
    assert users["validator"]["$jsonSchema"]["required"] == ["name", "mail", "age"]


def test_validators(app: Any) -> None:
    (only,) = app.run("schema", "--format", "jsonschema", "--collection", "users").json
    assert only == {
        "collection": "users",
        "$jsonSchema": {
            "bsonType": "object",
            "required": ["name", "mail", "age"],
            "properties": {
                "name": {"bsonType": "string"},
                "mail": {"bsonType": ["string", "null"]},
                "age": {"bsonType": ["number", "string"]},
                "seen": {"bsonType": "array"},
            },
        },
    }


def test_script(app: Any) -> None:
    script = app.run("schema", "--format", "mongosh").out
    assert "// logs: no validator, since documents of other fields are written at app.py:8" in script
    assert 'if (!db.getCollectionNames().includes("users")) db.createCollection("users");' in script
    body = script[script.index("validator: {") :]
    given: dict[str, Any] = json.loads(body.removeprefix("validator: ").strip().removesuffix("});"))
    assert given["$jsonSchema"]["properties"]["name"] == {"bsonType": "string"}


def test_table(app: Any) -> None:
    done = app.run("schema")
    assert done.code == 0
    lines = [line.split("  ") for line in done.lines]
    assert lines[0] == ["logs: 2 fields; other fields are written at app.py:8"]
    told = {line[1]: line[-1].strip() for line in lines if line[0] == "" and len(line) > 1}
    assert told["age"] == "always; not read by name; several types"
    assert told["seen"] == "not read by name; grows at app.py:12"
    assert told["city"] == "never written"


def test_nothing(place: Any) -> None:
    place.write({"app.py": "print(1)\n"})
    assert place.run("schema").out == ""
    assert place.run("schema", "--format", "json").out == "[]\n"


def test_a_time_series_takes_no_validator(place: Any) -> None:
    """The server refuses one, by ``create`` and by ``collMod``."""
    made = 'db.create_collection("logs", timeseries={"timeField": "at"})\n\n\ndef add('
    place.write({"pyproject.toml": "[tool.mongolint]\n", "app.py": CODE.replace("\ndef add(", made, 1)})
    logs, users = place.run("schema", "--format", "json").json
    assert (logs["timeseries"], users["timeseries"]) == (True, False)
    assert (logs["validator"], users["validator"] is None) == (None, False)
    assert "// logs: no validator, since a time series takes none" in place.run("schema", "--format", "mongosh").out
    assert "| logs | who, \\_id, … | none | none | a time series takes none |" in place.run("review").out
