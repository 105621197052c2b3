"""What the code knows of the fields of collections as a whole: types, completeness, growth, references."""

from __future__ import annotations

from pathlib import Path

import pytest

from mongolint.project.fields.doubts.unknown import alike
from mongolint.project.model import Project
from mongolint.project.references.links import references
from mongolint.project.schema.record import record
from mongolint.testing.projects import project

HEAD = """
from dataclasses import dataclass
from datetime import datetime, timezone
from enum import Enum
from typing import Annotated, Any, ClassVar, Literal, NotRequired, Optional, TypedDict

from bson import ObjectId
from fastapi import FastAPI
from pymongo import MongoClient
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

db = MongoClient().shop
"""


def model(code: str, tmp_path: Path, **files: str) -> Project:
    others = {f"{name}.py": HEAD + text for name, text in files.items()}
    return project({"app.py": HEAD + code, **others}, tmp_path).project


TYPES = [
    ("name: str", "string"),
    ("name: str | None", "string|null"),
    ("name: Optional[str] = None", "string|null"),
    ("name: Annotated[str, BeforeValidator(str)]", "string"),
    ("name: Literal['a', 'b', None]", "string|null"),
    ("name: int | str", "number|string"),
    ("name: list[str]", "array"),
    ("name: dict[str, int]", "object"),
    ("name: Kind", "string"),
    ("name: Plain", "?"),
    ("name: Inner", "object"),
    ("name: Id", "string"),
    ("name: bytes", "binData"),
    ("name: Any", "?"),
    ("name: datetime", "date"),
]


@pytest.mark.parametrize(("field", "wanted"), TYPES, ids=[field for field, _ in TYPES])
def test_types_of_models(field: str, wanted: str, tmp_path: Path) -> None:
    code = f"""
class Kind(str, Enum):
    a = "a"

class Plain(Enum):
    a = "a"

class Inner(BaseModel):
    a: int

Id = Annotated[str, BeforeValidator(str)]

class Thing(BaseModel):
    {field}

def add(thing: Thing):
    db.things.insert_one(thing.model_dump())
"""
    (use,) = model(code, tmp_path).fields.of("things").fields["name"].written
    assert "|".join([*use.kinds, *([] if use.exact else ["?"])]) == wanted


VALUES = [
    ("value or 'x'", "string?"),
    ("'a' if value else 1", "string|number"),
    ("f'{value}'", "string"),
    ("value == 1", "bool"),
    ("not value", "bool"),
    ("str(value) + 'x'", "string"),
    ("len(value) * 2", "number"),
    ("datetime.now(timezone.utc) - value", "date"),
    ("db.others.count_documents({})", "number"),
    ("db.others.find_one({})", "?"),
    ("helper(value)", "string|null"),
    ("told()", "number"),
    ("{'a': 1}['a']", "number"),
    ("[*value, 1]", "array"),
    ("value.strip()", "string"),
]


@pytest.mark.parametrize(("value", "wanted"), VALUES, ids=[value for value, _ in VALUES])
def test_types_of_values(value: str, wanted: str, tmp_path: Path) -> None:
    code = f"""
def helper(value):
    if value:
        return "x"
    return None

def told() -> int:
    return unknown()

def add(value):
    db.things.insert_one({{"name": {value}}})
"""
    (use,) = model(code, tmp_path).fields.of("things").fields["name"].written
    told = "|".join(use.kinds) + ("" if use.exact else "?")
    assert told == wanted


COMPLETE = [
    ("db.things.insert_one({'a': 1})", True),
    ("db.things.find_one({'a': 1})", False),
    ("db.things.update_one({'a': 1}, {'$set': {'b': 1}})", False),
    ("db.things.update_one({'a': 1}, {'$set': {'b': 1}}, upsert=True)", True),
    ("def add(thing): db.things.insert_one(thing)", False),
    ("def add(thing): db.things.insert_one(thing)\nadd({'a': 1})", True),
    ("def add(thing): db.things.insert_one(thing)\nadd({'a': 1})\nkept = [add]", False),
    ("app = FastAPI()\n@app.post('/')\ndef add(thing): db.things.insert_one(thing)\nadd({'a': 1})", False),
    ("db.things.insert_one({'a': 1})\ndef other(name, thing): db[name].insert_one(thing)", False),
    ("db.things.insert_one({'a': 1})\ndb.logs.aggregate([{'$out': 'things'}])", False),
    ("db.things.insert_one({'a': 1})\ndb.logs.aggregate([{'$merge': {'into': 'others'}}])", True),
    ("db.things.insert_one({'a': 1})\ndb.things.update_one({}, {'$set': {**unknown}})", False),
    ("def more(thing): thing['b'] = 1\nthing = {'a': 1}\nmore(thing)\ndb.things.insert_one(thing)", False),
    ("def look(thing): print(thing['b'])\nthing = {'a': 1}\nlook(thing)\ndb.things.insert_one(thing)", True),
    ("import beanie\ndb.things.insert_one({'a': 1})", False),
    ("class T(BaseModel):\n    a: int\ndef add(t: T): db.things.insert_one(t.model_dump())", True),
    (
        "class T(BaseModel):\n    model_config = ConfigDict(extra='allow')\n    a: int\n"
        "def add(t: T): db.things.insert_one(t.model_dump())",
        False,
    ),
    ("class T(elsewhere.Base):\n    a: int\ndef add(t: T): db.things.insert_one(t.model_dump())", False),
]


@pytest.mark.parametrize(("code", "wanted"), COMPLETE, ids=[code for code, _ in COMPLETE])
def test_complete(code: str, wanted: bool, tmp_path: Path) -> None:
    assert model(code, tmp_path).fields.is_complete("things") is wanted


REQUIRED = [
    ("db.things.insert_one({'a': 1, 'b': 2})\ndb.things.insert_one({'a': 1})", ["a"]),
    ("def add(b):\n    thing = {'a': 1}\n    if b:\n        thing['b'] = b\n    db.things.insert_one(thing)", ["a"]),
    ("db.things.insert_one({'a': 1})\ndb.things.update_one({}, {'$unset': {'a': ''}})", []),
    ("db.things.insert_one({'a': 1})\ndb.things.update_one({'b': 1}, {'$set': {'c': 1}}, upsert=True)", []),
    ("class T(TypedDict):\n    a: int\n    b: NotRequired[int]\ndef add(t: T): db.things.insert_one(t)", ["a"]),
    (
        "class T(BaseModel):\n    a: int\n    b: int = 1\n    c: int | None = None\n"
        "def add(t: T): db.things.insert_one(t.model_dump(exclude_none=True))",
        ["a", "b"],
    ),
    (
        "class T(BaseModel):\n    a: int\n    b: int = 1\n"
        "def add(t: T): db.things.insert_one(t.model_dump(exclude_unset=True))",
        ["a"],
    ),
    (
        "class T(BaseModel):\n    a: int\n    b: int = Field(1, exclude=True)\n    c: ClassVar[int] = 1\n"
        "def add(t: T): db.things.insert_one(t.model_dump())",
        ["a"],
    ),
]


@pytest.mark.parametrize(("code", "wanted"), REQUIRED, ids=[code for code, _ in REQUIRED])
def test_required(code: str, wanted: list[str], tmp_path: Path) -> None:
    found = record(model(code, tmp_path), "things")
    assert [field["name"] for field in found["fields"] if field["always"] and field["name"] != "_id"] == wanted
    assert (found["validator"] or {}).get("$jsonSchema", {}).get("required", []) == wanted


def test_what_is_open_is_left_free(tmp_path: Path) -> None:
    code = "def add(more):\n    db.things.insert_one({'a': 1, 'b': {'c': 1, **more}, 'd': more})\n"
    schema = record(model(code, tmp_path), "things")["validator"]["$jsonSchema"]
    assert schema["properties"] == {"a": {"bsonType": "number"}, "b": {"bsonType": "object"}}
    more = code + "def change(more):\n    db.things.update_one({}, {'$set': more})\n"
    schema = record(model(more, tmp_path / "more"), "things")["validator"]["$jsonSchema"]
    assert schema == {"bsonType": "object", "required": ["a", "b", "d"]}


GROWING = [
    ("db.things.update_one({'_id': 1}, {'$push': {'log': text}})", ["log"]),
    ("db.things.update_one({'_id': 1}, {'$push': {'log': {'$each': [text], '$slice': -5}}})", []),
    ("db.things.update_one({'_id': 1}, {'$addToSet': {'log': text}})", ["log"]),
    ("db.things.update_one({'_id': 1}, {'$addToSet': {'log': 'seen'}})", []),
    ("db.things.update_one({'_id': 1, 'log.9': {'$exists': False}}, {'$push': {'log': text}})", []),
    ("db.things.update_one({}, {'$push': {'log': text}})\n    db.things.update_one({}, {'$pop': {'log': 1}})", []),
    ("db.things.update_one({}, {'$push': {'log': text}})\n    db.things.update_one({}, {'$set': {'log': []}})", []),
    ("db.things.update_one({}, {'$push': {'log': text}})\n"
     "    db.things.update_one({'_id': text}, {'$set': {'_id': text, 'log': []}}, upsert=True)", []),
    ("thing = db.things.find_one({})\n    log = thing['log']\n    log.append(text)\n"
     "    db.things.update_one({}, {'$set': {'log': log}})", ["log"]),
    ("thing = db.things.find_one({})\n    db.things.update_one({}, {'$set': {'log': thing['log'] + [text]}})", ["log"]),
    ("thing = db.things.find_one({})\n    db.things.update_one({}, {'$set': {'log': thing['log'][1:]}})", []),
]  # fmt: skip


@pytest.mark.parametrize(("code", "wanted"), GROWING, ids=[code for code, _ in GROWING])
def test_growing(code: str, wanted: list[str], tmp_path: Path) -> None:
    found = model(f"def add(text):\n    {code}\n", tmp_path).fields.growing("things")
    assert [each.field for each in found] == wanted


@pytest.mark.parametrize(("name", "wanted"), [("f'of.{text}.ips'", True), ("'of'", False)])
def test_growing_beside_arrays_that_are_named_as_it_runs(name: str, wanted: bool, tmp_path: Path) -> None:
    code = f"""
def add(text):
    updates = {{"$addToSet": {{}}}}
    updates["$addToSet"]["ips"] = text
    updates["$addToSet"][{name}] = text
    db.things.update_one({{}}, updates)
"""
    found = {each.field: each.others for each in model(code, tmp_path).fields.growing("things")}
    assert found["ips"] == wanted


@pytest.mark.parametrize("held", ["{'$set': {'at': 1}}", "{'$push': {'old': 1}}", "read()"])
def test_growing_by_an_operator_that_is_there_or_put_there(held: str, tmp_path: Path) -> None:
    code = f"""
def add(text, many):
    updates = {held}
    updates.setdefault("$push", {{}})["log"] = text
    if many:
        updates.setdefault("$push", {{}})["all"] = many
    db.things.update_one({{"_id": 1}}, updates)
"""
    found = {each.field: each.others for each in model(code, tmp_path).fields.growing("things")}
    is_open = held == "read()"
    assert found == {"log": is_open, "all": is_open, **({"old": False} if "old" in held else {})}


@pytest.mark.parametrize(("made", "wanted"), [("Upload", ["log"]), ("Crawl", [])])
def test_growing_beside_objects_of_another_class(made: str, wanted: list[str], tmp_path: Path) -> None:
    """What an upsert makes of another class does not empty the array of those that are inserted."""
    code = f"""
class Base(BaseModel):
    id: str
    log: list[str] = []

    def to_dict(self):
        res = self.dict()
        res["_id"] = res.pop("id", "")
        return res

class Crawl(Base):
    pass

class Upload(Base):
    pass

def start(key):
    db.things.insert_one(Crawl(id=key).to_dict())

def upload(key):
    made = {made}(id=key)
    db.things.update_one({{"_id": key}}, {{"$set": made.to_dict()}}, upsert=True)

def tell(key, text):
    db.things.update_one({{"_id": key}}, {{"$push": {{"log": text}}}})
"""
    assert [each.field for each in model(code, tmp_path).fields.growing("things")] == wanted


SEARCHED = [
    ("db.things.find_one({'log.id': text})", ["log.id"]),
    ("db.things.find_one({'log': {'$elemMatch': {'id': text}}})", ["log", "log.id"]),
    ("db.things.find_one({'log.0': {'$exists': True}, 'logged': 1})", []),
    ("db.things.find_one({'_id': text}, {'log': {'$slice': 5}})", []),
]


GIVEN = [
    ('{"_id": n}, {"$push": {"log": n}}', ["log 18"]),
    ('{"_id": n, "log.9": {"$exists": False}}, {"$push": {"log": n}}', []),
    ('{"_id": n, "count": {"$lt": 9}}, {"$push": {"log": n}}', []),
    ('n, {"$push": {"log": n}}', []),
    ('{"_id": n, **n}, {"$push": {"log": n}}', []),
    ('{"_id": n}, {"$push": {"log": {"$each": [n], "$slice": -9}}}', []),
]


@pytest.mark.parametrize(("given", "wanted"), GIVEN, ids=[given for given, _ in GIVEN])
def test_growing_by_a_helper_that_takes_the_filter(given: str, wanted: list[str], tmp_path: Path) -> None:
    code = (
        f"def change(query, update):\n    db.things.update_one(query, update)\n\n\ndef add(n):\n    change({given})\n"
    )
    found = model(code, tmp_path).fields.growing("things")
    assert [f"{each.field} {each.use.span.line}" for each in found] == wanted


@pytest.mark.parametrize(("code", "wanted"), SEARCHED, ids=[code for code, _ in SEARCHED])
def test_growing_and_searched(code: str, wanted: list[str], tmp_path: Path) -> None:
    """The filters that would miss a member which a bound drops."""
    push = "db.things.update_one({}, {'$push': {'log': text}})"
    fields = model(f"def f(text):\n    {push}\n    {code}\n", tmp_path).fields
    (found,) = fields.growing("things")
    named = fields.of("things").fields.items()
    assert [name for name, each in named if set(each.uses) & set(found.searched)] == wanted


ADD = "    key = db.books.insert_one({'owner': name}).inserted_id\n"
PUSH = "    db.users.update_one({'name': name}, {'$push': {'books': key}})\n"
DROP = "def drop(name, key):\n    db.books.delete_one({'_id': ObjectId(key)})\n"
PULL = "    db.users.update_one({'name': name}, {'$pull': {'books': key}})\n"
MIRRORED = {
    "goes with what it names": (ADD + PUSH + DROP + PULL, ["books"]),
    "through a helper": (
        "    put(name)\ndef put(name):\n" + ADD + PUSH + "def gone(name, key):\n    drop(name, key)\n" + DROP + PULL,
        ["books"],
    ),
    "objects": (
        ADD + "    db.users.update_one({'name': name}, {'$push': {'books': {'id': key, 'at': 1}}})\n" + DROP
        + "    db.users.update_one({'name': name}, {'$pull': {'books': {'id': key}}})\n",
        ["books"],
    ),
    "pulled elsewhere, too": (ADD + PUSH + DROP + PULL + "def read(name, key):\n" + PULL, []),
    "nothing is deleted": (ADD + PUSH + "def read(name, key):\n" + PULL, []),
    "another key is pulled": (ADD + PUSH + DROP.replace("ObjectId(key)", "name") + PULL, []),
    "pushed without an insert": ("    key = 1\n" + PUSH + "def add(name):\n" + ADD + DROP + PULL, []),
    "owned by nobody": (ADD.replace("'owner': name", "'title': 1") + PUSH + DROP + PULL, []),
    "set anew": (ADD + PUSH + DROP + PULL + "    db.users.update_one({'name': name}, {'$set': {'books': []}})\n", []),
}  # fmt: skip


@pytest.mark.parametrize(("code", "wanted"), MIRRORED.values(), ids=MIRRORED)
def test_mirrored(code: str, wanted: list[str], tmp_path: Path) -> None:
    """An array of keys that grows as another collection does, whose documents name their owner themselves."""
    found = model(f"db.users.create_index('name', unique=True)\ndef f(name):\n{code}", tmp_path).fields.mirrored(
        "users"
    )
    assert [each.field for each in found] == wanted


def test_rewritten_in_a_loop(tmp_path: Path) -> None:
    """A value that a loop changes is made of itself: the search comes to an end, and finds what grows."""
    code = """
def add(key, parts):
    book = db.books.find_one({"_id": key})
    contents = book["contents"]
    chapters = contents["chapters"]
    for part in parts:
        chapters.append(part)
        contents["chapters"] = chapters
        while part:
            part = contents.get("next")
            contents["last"] = part
    db.books.update_one({"_id": key}, {"$set": {"contents": contents}})
"""
    fields = model(code, tmp_path).fields
    assert [name for name, _ in fields.rewritten("books")] == ["contents"]
    assert [each.field for each in fields.growing("books")] == []


NAMED_AFTER = [
    ("db.teams.find_one({f'members.{key}': 1})", ["members.<key>"]),
    ("query = {}\n    if key:\n        query = {f'members.{str(key.id)}.role': 1}\n    db.teams.find_one(query)",
     ["members.<key.id>.role"]),
    ("query = {}\n    query[f'members.{key}'] = 1\n    db.teams.count_documents(query)", ["members.<key>"]),
    ("for role in ['a', 'b']:\n        db.teams.find_one({f'members.{role}': 1})", []),
    ("db.teams.find_one({f'name_{key}': 1})", []),
    ("db.teams.find_one({key: 1})", []),
    ("db.teams.find_one({'members': f'a.{key}'})", []),
    ("stages = [{'$match': {f'members.{key}': 1}}, {'$unwind': f'$members.{key}'}]\n    db.teams.aggregate(stages)",
     ["members.<key>"]),
]  # fmt: skip


@pytest.mark.parametrize(("code", "wanted"), NAMED_AFTER, ids=[code for code, _ in NAMED_AFTER])
def test_fields_that_are_named_after_a_value(code: str, wanted: list[str], tmp_path: Path) -> None:
    found = model(f"def f(key):\n    {code}\n", tmp_path)
    assert [name for each in found.operations for name in found.fields.named_after(each)] == wanted


REFERENCES = [
    ("db.books.find_one({'_id': ObjectId(key)})\n    db.notes.insert_one({'book': key})", ["notes.book -> books._id"]),
    ("book = db.books.find_one({})\n    db.notes.find_one({'book': str(book['_id'])})", ["notes.book -> books._id"]),
    ("for book in db.books.find({}):\n        db.notes.find_one({'of': book['_id']})", ["notes.of -> books._id"]),
    ("db.books.find_one({'_id': key})\n    db.notes.insert_one({'book_id': key})", ["notes.book_id -> books._id"]),
    # In a document of the document, as the meta field of a time series is, and of a second version of a collection
    ("db.books.find_one({'_id': ObjectId(key)})\n    db.reads.insert_one({'at': 1, 'meta': {'book': key}})",
     ["reads.meta.book -> books._id"]),
    ("db.booksV2.update_one({'_id': key}, {'$inc': {'n': 1}})\n    db.reads.insert_one({'meta': {'book_id': key}})",
     ["reads.meta.book_id -> booksV2._id"]),
    # A key that comes from elsewhere, and a name that says nothing
    ("db.books.find_one({'_id': key})\n    db.reads.insert_one({'book': {'at': key}})", []),
    ("db.books.find_one({'_id': key})\n    db.notes.insert_one({'of': key})", []),
    ("db.books.find_one({'_id': 1})\n    db.notes.insert_one({'book_id': key})", []),
    ("db.prefixes.find_one({'_id': ObjectId(key)})\n    db.notes.find_one({'_id': ObjectId(key)})\n"
     "    db.warnings.insert_one({'guild': key})", []),
    ("db.users.find_one({'name': key})\n    db.notes.insert_one({'owner': key})", []),
    ("db.users.create_index('name', unique=True)\n    db.users.find_one({'name': key})\n"
     "    db.notes.insert_one({'owner': key})", ["notes.owner -> users.name"]),
    # Another key that names one document, of a document that was found by a third
    ("db.books.create_index('id', unique=True)\n    book = db.books.find_one({'slug': key})\n"
     "    db.notes.find({'book_id': book['id']})", ["notes.book_id -> books.id"]),
    ("db.books.create_index('id', unique=True)\n    book = db.books.find_one({'slug': key})\n"
     "    db.notes.find({'of': book['id'], 'book': book['slug']})", []),
]  # fmt: skip


@pytest.mark.parametrize(("code", "wanted"), REFERENCES, ids=[code for code, _ in REFERENCES])
def test_references(code: str, wanted: list[str], tmp_path: Path) -> None:
    found = model(f"def f(key):\n    {code}\n", tmp_path)
    told = [f"{r.child}.{r.field} -> {r.parent}.{r.key}" for r in references(found, found.operations)]
    assert told == wanted


def test_references_through_helpers(tmp_path: Path) -> None:
    code = """
def get(key):
    return db.books.find_one({"_id": ObjectId(key)})

def note(document):
    db.notes.insert_one(document)

def handle(key, text):
    if get(key):
        note({"book": key, "text": text})
"""
    found = model(code, tmp_path)
    assert [(r.child, r.field, r.parent) for r in references(found, found.operations)] == [("notes", "book", "books")]


def test_references_by_an_object_made_of_the_document(tmp_path: Path) -> None:
    code = """
class Book(BaseModel):
    id: str
    title: str

    @classmethod
    def of(cls, data):
        data["id"] = data.pop("_id")
        return cls(**data)

class Revision(BaseModel):
    book: str
    title: str

def change(query, title):
    book = Book.of(db.books.find_one(query))
    fields = book.dict()
    fields["book"] = fields.pop("id")
    db.revisions.insert_one(Revision(**fields).dict())
"""
    found = model(code, tmp_path)
    told = [(r.child, r.field, r.parent) for r in references(found, found.operations)]
    assert told == [("revisions", "book", "books")]


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("titel", "title"),
        ("titles", "title"),
        ("createdAt", "created_at"),
        ("updated_at", None),
        ("owner", None),
        ("title2", "title"),
        ("itle", None),
    ],
)
def test_alike(name: str, wanted: str | None) -> None:
    assert alike(name, ["title", "created_at", "owner_id", "status"]) == wanted
