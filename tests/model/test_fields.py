"""Which fields of a collection the code knows, and from where."""

from __future__ import annotations

from pathlib import Path

import pytest

from mongolint.project.fields.shapes import KnownFields, plain_path
from mongolint.project.schema.record import record
from mongolint.testing import findings
from mongolint.testing.projects import project

HEAD = """
from datetime import datetime

from bson import ObjectId
from pymongo import InsertOne, MongoClient, UpdateOne
from pydantic import BaseModel, Field

db = MongoClient().shop
"""


def known(code: str, tmp_path: Path, collection: str = "books") -> KnownFields:
    return project(HEAD + code, tmp_path).project.fields.of(collection)


def told(found: KnownFields) -> dict[str, str]:
    """The types of each field."""
    return {name: "|".join(field.kinds) for name, field in found.fields.items() if name != "_id"}


WRITES = [
    ("db.books.insert_one({'title': 'x', 'pages': 3, 'ok': True, 'tags': [], 'no': None, 'at': datetime.now()})",
     {"title": "string", "pages": "number", "ok": "bool", "tags": "array", "no": "null", "at": "date"}),
    ("db.books.insert_one({'by': {'name': 'x', 'at': {'city': 'y'}}})",
     {"by": "object", "by.name": "string", "by.at": "object", "by.at.city": "string"}),
    ("db.books.insert_many([{'a': 1}, {'b': 'x'}])", {"a": "number", "b": "string"}),
    ("docs = []\nfor n in range(3):\n    docs.append({'a': n, 'b': 'x'})\ndb.books.insert_many(docs)",
     {"a": "", "b": "string"}),
    ("db.books.insert_many([{'a': 'x'} for n in range(3)])", {"a": "string"}),
    ("db.books.insert_one({'chapters': [{'title': 'x'}]})", {"chapters": "array", "chapters.title": "string"}),
    ("db.books.replace_one({'k': 'x'}, {'a': 1})", {"a": "number", "k": "string"}),
    ("db.books.update({'k': 'x'}, {'a': 1}, upsert=True)", {"a": "number", "k": "string"}),
    ("db.books.update_one({}, {'$set': {'a.b': 'x'}, '$inc': {'n': 1}, '$push': {'tags': 'x'}})",
     {"a.b": "string", "n": "number", "tags": "array"}),
    ("db.books.update_one({}, {'$push': {'items': {'$each': [{'sku': 'x'}]}}})",
     {"items": "array", "items.sku": "string"}),
    ("db.books.update_one({}, {'$set': {'items.$.sku': 'x', 'items.0.n': 1}})",
     {"items.sku": "string", "items.n": "number"}),
    ("db.books.update_one({}, {'$unset': {'old': ''}, '$rename': {'a': 'b'}, '$currentDate': {'at': True}})",
     {"old": "", "a": "", "b": "", "at": "date"}),
    ("db.books.update_one({}, [{'$set': {'a': '$b'}}])", {"a": ""}),
    ("db.books.bulk_write([InsertOne({'a': 1}), UpdateOne({'k': 1}, {'$set': {'b': 'x'}})])",
     {"a": "number", "b": "string"}),
    ("db.books.insert_one({'a': 1})\ndb.books.insert_one({'a': 'x'})", {"a": "number|string"}),
    ("for each in [{'a': 1}, {'b': 'x'}]:\n    db.books.insert_one({**each, 'c': 1})",
     {"a": "number", "b": "string", "c": "number"}),
    ("db.books.insert_one({k: v for k, v in {'a': 1, 'b': 'x'}.items() if v})", {"a": "number", "b": "string"}),
    ("class B(BaseModel):\n    a: int = Field(alias='x', serialization_alias='y')\n    b: int = Field(alias='z')\n"
     "def f(b: B): db.books.insert_one(b.model_dump(by_alias=True))", {"y": "number", "z": "number"}),
    ("LIMIT = 5 * 60\ndef f(): db.books.insert_one({'a': LIMIT, 'b': LIMIT + 1})", {"a": "number", "b": "number"}),
    ("def f(title: str, by: ObjectId): db.books.insert_one({'title': title, 'by': by})",
     {"title": "string", "by": "objectId"}),
]  # fmt: skip


@pytest.mark.parametrize(("code", "wanted"), WRITES, ids=[code for code, _ in WRITES])
def test_written(code: str, wanted: dict[str, str], tmp_path: Path) -> None:
    assert told(known(code, tmp_path)) == wanted


MODEL = """
class Address(BaseModel):
    city: str

class Person(BaseModel):
    name: str
    born: datetime | None = None
    homes: list[Address]

def add(person: Person):
    db.people.insert_one(person.model_dump())
"""


@pytest.mark.parametrize(("test", "kinds"), [("v is not None", "date"), ("v", "date"), ("k", "date|null")])
def test_what_is_left_out_where_it_is_none_is_not_null(test: str, kinds: str, tmp_path: Path) -> None:
    picked = f"{{k: v for k, v in person.model_dump().items() if {test}}}"
    found = known(MODEL.replace("person.model_dump()", picked), tmp_path, "people")
    assert told(found)["born"] == kinds
    assert not any(use.sure for use in found.fields["born"].written)
    assert not found.open


def test_models(tmp_path: Path) -> None:
    found = known(MODEL, tmp_path, "people")
    assert told(found) == {"name": "string", "born": "date|null", "homes": "array", "homes.city": "string"}
    assert found.fields["homes.city"].models == ("Address.city",)
    assert not found.open


def test_the_way_to_a_helper_tells_the_collection(tmp_path: Path) -> None:
    code = """
def save(collection, document):
    collection.insert_one(document)

save(db.books, {"title": "x"})
save(db.people, {"name": "x"})
"""
    assert told(known(code, tmp_path)) == {"title": "string"}
    assert told(known(code, tmp_path / "again", "people")) == {"name": "string"}


READS = [
    ("db.books.find_one({'a': 'x', '$or': [{'b': 1}, {'c.0.d': 2}]})", {"a": "filter", "b": "filter", "c.d": "filter"}),
    ("db.books.find({'a': {'$elemMatch': {'b': 1}}})", {"a": "filter", "a.b": "filter"}),
    ("db.books.find({}, {'a': 1, 'b': 0, 'n': {'$size': '$c'}})", {"a": "projection", "b": "projection"}),
    ("db.books.find({}, ['a', 'b'])", {"a": "projection", "b": "projection"}),
    ("db.books.find({}).sort([('a', 1), ('b', -1)])", {"a": "sort", "b": "sort"}),
    ("db.books.distinct('a')", {"a": "distinct"}),
    ("db.books.create_index([('a', 1), ('$**', 'text')])", {"a": "index"}),
    ("db.others.aggregate([{'$lookup': {'from': 'books', 'localField': 'x', 'foreignField': 'a', 'as': 'y'}}])",
     {"a": "lookup"}),
    ("book = db.books.find_one({})\nprint(book['a'], book.get('b'), other['c'])", {"a": "value", "b": "value"}),
    ("for book in db.books.find({}):\n    print(book['a'])", {"a": "value"}),
    ("books = list(db.books.find({}))\nprint(books[0]['a'])", {"a": "value"}),
    ("def one(): return db.books.find_one({})\nprint(one()['a'])", {"a": "value"}),
    # The code has put it there, or the server computes it
    ("book = db.books.find_one({})\nbook['a'] = 1\nprint(book['a'])", {}),
    ("for row in db.books.aggregate([{'$group': {'_id': '$x', 'n': {'$sum': 1}}}]):\n    print(row['n'])", {}),
]  # fmt: skip


@pytest.mark.parametrize(("code", "wanted"), READS, ids=[code for code, _ in READS])
def test_read(code: str, wanted: dict[str, str], tmp_path: Path) -> None:
    found = known(code, tmp_path).fields
    assert {name: "|".join({use.how for use in field.uses}) for name, field in found.items() if name != "_id"} == wanted


def test_where(tmp_path: Path) -> None:
    code = "db.books.insert_one({'a': 1})\n\ndb.books.find_one({'a': 2})\n"
    field = known(code, tmp_path).fields["a"]
    first = HEAD.count("\n") + 1
    assert [use.span.line for use in field.written] == [first]
    assert [use.span.line for use in field.read] == [first + 2]


OPEN = [
    ("def f(document): db.books.insert_one(document)", True),
    ("def f(changes): db.books.update_one({}, {'$set': {**changes, 'a': 1}})", True),
    ("def f(name): db.books.insert_one({name: 1})", True),
    ("db.books.insert_one({'a': 1})", False),
    ("def f(given): db.books.insert_one({k: v for k, v in given.items() if v})", True),
    ("def f(x): db.books.insert_one({x + k: v for k, v in {'a': 1}.items()})", True),
    ("def f(x): db.books.insert_one({k: v for v, k in {'a': x}.items()})", True),
    ("def f(x):\n    for each in [{'a': 1}, *x]:\n        db.books.insert_one({**each})", True),
    ("db.books.insert_one({k: str(v) for k, v in {'a': 1}.items()})", False),
    ("def f(query): db.books.find_one(query)", False),
]


@pytest.mark.parametrize(("code", "wanted"), OPEN, ids=[code for code, _ in OPEN])
def test_open(code: str, wanted: bool, tmp_path: Path) -> None:
    assert known(code, tmp_path).open is wanted


def test_old_bulk_writes_store_what_is_not_shown(tmp_path: Path) -> None:
    code = """
def fill(name, found):
    bulk = db[name].initialize_unordered_bulk_op()
    for each in found:
        bulk.find({"id": each["id"]}).upsert().update({"$set": each})
    bulk.execute()

fill("books", [])
db.authors.insert_one({"name": "x"})
"""
    loaded = project(HEAD + code, tmp_path).project
    assert loaded.fields.of("books").open
    assert not loaded.fields.of("authors").open


def test_tests_tell_nothing(tmp_path: Path) -> None:
    files = {
        "app.py": HEAD + "db.books.find_one({'a': 1})",
        "tests/test_app.py": HEAD + "db.books.insert_one({'b': 1})",
    }
    assert set(project(files, tmp_path).project.fields.of("books").fields) == {"a", "_id"}


def test_collections(tmp_path: Path) -> None:
    code = "db.b.find_one({})\ndb.a.create_index('x')\ndb.b.aggregate([{'$lookup': {'from': 'c', 'localField': 'x',"
    code += " 'foreignField': 'y', 'as': 'z'}}])"
    loaded = project(HEAD + code, tmp_path)
    assert loaded.project.fields.collections == ["a", "b", "c"]
    assert not loaded.project.fields.of("unheard").fields


@pytest.mark.parametrize(
    ("path", "plain"),
    [("a.b", "a.b"), ("a.$.b", "a.b"), ("a.$[x].b", "a.b"), ("a.0.b", "a.b"), ("a.$[]", "a"), ("", "")],
)
def test_plain_path(path: str, plain: str) -> None:
    assert plain_path(path) == plain


def test_served_tells_the_queries_of_an_index(tmp_path: Path) -> None:
    code = """
db.books.create_index([("a", 1)])
db.books.create_index([("z", 1)])
db.books.find_one({"a": 1})
db.books.count_documents({"a": {"$gt": 1}})
db.books.find_one({"b": 1})
"""
    loaded = project({"app.py": HEAD + code, "tests/test_app.py": HEAD + "db.books.find_one({'a': 1})"}, tmp_path)
    one, other = loaded.project.indexes
    assert [site.method for site in loaded.project.served.by(one) or ()] == ["find_one", "count_documents"]
    assert loaded.project.served.by(other) == []


def test_served_knows_nothing_of_an_index_without_keys(tmp_path: Path) -> None:
    loaded = project(HEAD + "def f(keys): db.books.create_index(keys)", tmp_path)
    assert [loaded.project.served.by(index) for index in loaded.project.indexes] == [None]


DUMPED = """
class Doc(BaseModel):
    id: str | None = None

    def to_dict(self, **opts):
        made = self.dict(**opts)
        made["_id"] = made.pop("id", "")
        return made

class Job(Doc):
    at: datetime
    count: int = 1

class Copy(Job):
    path: str

class Removal(Job):
    path: str

def get(key) -> Copy | Removal | None:
    found = db.jobs.find_one({"_id": key})
    if not found:
        return None
    return Copy(**found) if found["kind"] == "copy" else Removal(**found)
"""

CHOSEN = [
    ("job.dict(include={'at'})", {"at": "date"}, False),
    ("job.dict(include={'at': True, 'id': True})", {"at": "date", "id": "string|null"}, False),
    ("job.dict(include={'at': {'x'}})", {}, True),
    ("job.dict(include=None)", {"at": "date", "count": "number", "id": "string|null"}, False),
    ("job.dict(exclude={'at', 'id'})", {"count": "number"}, False),
    ("job.dict(exclude={'at': {'x'}, 'id': True})", {"count": "number"}, True),
    ("job.dict(exclude=left_out())", {}, True),
    ("job.to_dict(exclude={'at'})", {"count": "number"}, False),
    ("job.to_dict(include={'at', 'id'})", {"at": "date"}, False),
    ("{'at': job.dict(include={'at'})}", {"at": "object", "at.at": "date"}, False),
]


@pytest.mark.parametrize(("code", "wanted", "is_open"), CHOSEN, ids=[code for code, _, _ in CHOSEN])
def test_a_model_of_which_some_fields_are_dumped(
    code: str, wanted: dict[str, str], is_open: bool, tmp_path: Path
) -> None:
    found = known(DUMPED + f"def f(job: Job): db.books.insert_one({code})", tmp_path)
    assert told(found) == wanted
    assert found.open is is_open


def test_one_of_several_models_is_dumped_by_their_own_method(tmp_path: Path) -> None:
    """Its `to_dict` makes `_id` of `id`, whichever of them it is: a validator that asks for `id` would refuse all."""
    code = "def f(key): db.books.update_one({'_id': key}, {'$set': get(key).to_dict()}, upsert=True)"
    found = known(DUMPED + code, tmp_path)
    assert told(found) == {"at": "date", "count": "number", "path": "string"}
    assert not found.open


TEXT_DATES = {
    "str of now": ("str(datetime.now())", "db.books.find().sort('at', 1)", ["at"]),
    "iso, compared": ("datetime.utcnow().isoformat()", "db.books.find({'at': {'$lt': text}})", ["at"]),
    "of another library": ("str(clock.utcnow())", "db.books.find().sort('at', -1)", ["at"]),
    "a date": ("datetime.now()", "db.books.find().sort('at', 1)", []),
    "a day": ("datetime.now().date().isoformat()", "db.books.find().sort('at', 1)", []),
    "a text": ("str(text)", "db.books.find().sort('at', 1)", []),
    "not ordered": ("str(datetime.now())", "db.books.find({'at': text})", []),
}


@pytest.mark.parametrize(("value", "asked", "wanted"), TEXT_DATES.values(), ids=TEXT_DATES)
def test_dates_as_text(value: str, asked: str, wanted: list[str], tmp_path: Path) -> None:
    code = f"import clock\n\ndef write(text):\n    db.books.insert_one({{'at': {value}, 'end': None}})\n    {asked}\n"
    code += "    db.books.update_one({'_id': text}, {'$unset': {'at': ''}})\n"
    loaded = project(HEAD + code, tmp_path).project
    assert [each.field for each in loaded.fields.text_dates] == wanted
    more = project(HEAD + code + "    db.books.insert_one({'at': text})\n", tmp_path).project
    assert not more.fields.text_dates


@pytest.mark.parametrize("is_shown", [False, True])
def test_a_view_of_flask_admin_may_store_other_fields(is_shown: bool, tmp_path: Path) -> None:
    code = """
        from datetime import datetime, timezone

        from flask_admin import Admin
        from flask_admin.contrib.pymongo import ModelView
        from pymongo import MongoClient

        db = MongoClient(timeoutMS=5000).app


        class Base(ModelView):
            pass


        class Users(Base):
            pass


        def start(admin):
            admin.add_view(Users(db["users"]))


        def add(name):
            db.users.insert_one({"name": name, "since": datetime.now(timezone.utc)})


        def named(nick):
            return db.users.find_one({"nick": nick})
        """
    loaded = project(code if is_shown else code.replace('Users(db["users"])', "Users()"), tmp_path)
    fields = loaded.project.fields
    assert fields.edited == ({"users"} if is_shown else set())
    assert fields.is_complete("users") is not is_shown
    assert (record(loaded.project, "users")["validator"] is None) is is_shown


def test_each_field_that_takes_any_object_has_its_own_place(tmp_path: Path) -> None:
    code = """\
from pydantic import BaseModel
from pymongo import MongoClient

db = MongoClient(timeoutMS=5000).app


class Metrics(BaseModel):
    totals: dict = {}
    name: str
    rest: dict = {}


def add(name: str):
    db.metrics.insert_one(Metrics(name=name).model_dump())
"""
    assert [each.span.line for each in findings(code, tmp_path, rules={"MDB221"})] == [8, 10]


@pytest.mark.parametrize(("alias", "kinds"), [("_id", "objectId"), ("key", "objectId|null"), ("", "objectId|null")])
def test_the_key_of_a_document_that_was_read_is_not_null(alias: str, kinds: str, tmp_path: Path) -> None:
    """A model of documents begins without one, as long as they are not stored."""
    declared = f"Field(default=None, alias={alias!r})" if alias else "None"
    code = f"""
from bson import ObjectId
from pydantic import BaseModel, Field

class Person(BaseModel):
    id: ObjectId | None = {declared}
    name: str

def add(name):
    person = Person(**db.people.find_one({{"name": name}}))
    db.books.insert_one({{"of": person.id}})
"""
    assert told(known(code, tmp_path))["of"] == kinds
