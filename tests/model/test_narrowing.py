"""What a call in a loop runs, by what it passes and by the object that it is made on."""

from __future__ import annotations

from pathlib import Path

import pytest

from mongolint.finding import Severity
from mongolint.testing import findings

HEAD = """\
from collections import OrderedDict

from pymongo import MongoClient

db = MongoClient(timeoutMS=5000).app


KINDS = OrderedDict([("a", 1), ("b", 2)])


class Document(dict):
    collection_name = None

    def __init__(self, values=()):
        dict.__init__(self, values)
        self.collection = db[self.collection_name]

    @classmethod
    def get(cls, **query):
        return cls(db[cls.collection_name].find_one(query))

    def save(self):
        self.collection.replace_one({"_id": self["_id"]}, dict(self))

    def put_into(self, name, value):
        return self.change({"$addToSet": {name: value}})

    def change(self, update, conditions={}):
        query = {"_id": self["_id"]}
        query.update(conditions)
        return self.collection.update_one(query, update).modified_count == 1

    def lock(self, field):
        return self.change({"$set": {field: 1}}, {field: None})


class Report(Document):
    collection_name = "reports"

    def start(self, key):
        if self.put_into("keys", key):
            print(key)


class Sheet(Document):
    collection_name = "sheets"

    def fill(self, names):
        for name in names:
            self.put_into("names", name)


class Order(Document):
    collection_name = "orders"

    def __init__(self, values):
        self["state"] = "new"
        Document.__init__(self, values)
        self.user = db.users.find_one({"_id": self["user"]})
        if "_id" not in self:
            db.orders.insert_one(dict(self))
            db.queue.insert_one({"order": 1})


class Single(type):
    def __call__(cls, *args):
        cls.one = getattr(cls, "one", None) or super().__call__(*args)
        return cls.one


class Settings(metaclass=Single):
    def __init__(self):
        self.values = db.settings.find_one({"_id": "all"})


def setting(name):
    return Settings().values[name]


def name_of(key, name=None):
    if not name:
        return str(key)
    return db.names.find_one({"_id": key})


def described(key, users=None):
    if users is not None:
        users = dict(users)
        users["x"] = db.users.find_one({"_id": key})
    return key


def described_in_full(key, users):
    return described(key, users)


def of_kind(key=None):
    query = {"kind": {"$in": ["a", "b"]}}
    if key:
        query["key"] = key
    return db.things.find(query)


def started(keys, key):
    try:
        keys.start(key)
    except ValueError:
        put(key, None)


def put(key, value):
    db.values.update_one({"_id": key}, {"$set": {"value": value}}, upsert=True)


def kept(value):
    if "_id" in value:
        db.values.replace_one({"_id": value["_id"]}, value)
    else:
        db.values.insert_one(value)


def added(report, key):
    done = db.reports.update_one({"_id": report}, {"$addToSet": {"keys": key}})
    if done.modified_count == 1:
        db.reports.update_one({"_id": report}, {"$inc": {"count": 1}})
def put_all(keys):
    for key in keys:
        put(key, 1)


def drop(key):
    db.values.delete_one({"_id": key})


class Wrapped:
    def __init__(self, collection):
        self.collection = collection
        self.find_one = self.collection.find_one

    def put(self, key):
        found = self.find_one({"_id": key})
        self.collection.update_one({"_id": key}, {"$set": {"seen": found}})


books = Wrapped(db.books)
shelves = Wrapped(db.shelves)


class Looked:
    def __init__(self, names=False, ranks=False):
        self.names = names
        self.ranks = ranks

    def name(self, key):
        if not self.names:
            return key
        return db.names.find_one({"_id": key})

    def get(self, key):
        found = db.values.find_one({"_id": key})
        found["name"] = self.name(key)
        if self.ranks:
            found["rank"] = db.ranks.find_one({"_id": key})
        return found


def drop_one(key):
    db.values.delete_one({"owner": key})


def size(collection=None):
    if collection is None:
        collection = "values"
    return db[collection].count_documents({})


class Named:
    def add(self, key):
        return db.names.find_one({"_id": key})


class Ranked:
    def add(self, key):
        return db.ranks.find_one({"_id": key})


def run_steps(key, steps):
    for step in steps:
        step.add(key)


def run_all_steps(key, more):
    run_steps(key, [Named(), Ranked()])
    run_steps(key, [Named(), more.step])


def both(key):
    found = db.values.find_one({"_id": key})
    db.values.update_one({"_id": key}, {"$set": {"seen": found["seen"] + 1}})


"""
TOLD = {
    "what is tried": (
        "for key in keys:\n    try:\n        put(key, 1)\n    except ValueError:\n        keys.stop()",
        "put runs update_one on values once per item",
    ),
    "a loop in what is done about an error": (
        "try:\n    keys.start()\nexcept ValueError:\n    for key in keys:\n        put(key, 1)",
        "put runs update_one on values once per item",
    ),
    "the class of the object decides": (
        'for key in keys:\n    Report.get(_id=key)["x"]',
        "get runs find_one on reports once per item",
    ),
    "an object made of what was found": (
        "for key in keys:\n    Report.get(_id=key).save()",
        "save runs replace_one on reports once per item",
    ),
    "one of two branches": (
        "for key in keys:\n    kept(key)",
        "kept runs replace_one or insert_one on values once per item",
    ),
    "what is done for any document": (
        'for key in keys:\n    Order(db.orders.find_one({"_id": key}))',
        "Order runs find_one on users once per item",
    ),
    "and more for one that may be new": (
        'for key in keys:\n    Order({"user": key})',
        "Order runs find_one on users and insert_one on orders and 1 more query once per item",
    ),
    "fields may be left out, the key too": (
        'for key in keys:\n    Order(db.orders.find_one({"_id": key}, {"_id": 0}))',
        "Order runs find_one on users and insert_one on orders and 1 more query once per item",
    ),
    "one of two classes": (
        "for key in keys:\n    (Report(key) if key else Sheet(key)).save()",
        "save runs replace_one on reports or sheets once",
    ),
    "a key that is given on this way only": (
        "for key in keys:\n    of_kind(key)",
        'takes all keys, with {"kind": …, "key": {"$in": keys}}',
    ),
    "a constant is no key": ("for key in keys:\n    of_kind()", "kind is the same each time: read it once"),
    "upserts": ("for key in keys:\n    put(key, 1)", "takes all items, and sends their writes with one bulk_write"),
    "deletes": ("for key in keys:\n    drop(key)", 'takes all keys, with one delete_many({"_id": {"$in": keys}})'),
    "deletes of one of several": (
        "for key in keys:\n    drop_one(key)",
        "takes all items, and sends their writes with one bulk_write",
    ),
    "reads and writes": (
        "for key in keys:\n    both(key)",
        'takes all keys, with {"_id": {"$in": keys}}, and sends the writes with one bulk_write',
    ),
    "methods that an attribute holds": (
        "for key in keys:\n    books.put(key)",
        "put runs find_one on books and update_one on books once per item",
    ),
    "what an object is made for": (
        "looked = Looked(names=False, ranks=True)\nfor key in keys:\n    looked.get(key)",
        "get runs find_one on values and find_one on ranks once per item",
    ),
    "what another object is made for": (
        "looked = Looked(names=True)\nfor key in keys:\n    looked.get(key)",
        "get runs find_one on values and find_one on names once per item",
    ),
    "a loop of a helper": (
        "for key in keys:\n    put_all(key)",
        "put_all runs update_one on values once per item of the loop; the loop around put in it asks for each",
    ),
    "the same document each time": (
        "report = Report.get(_id=1)\nfor key in keys:\n    report.put_into('keys', key)",
        "_id is the same each time: write all changes as one, after the loop",
    ),
    "a branch that the call comes to": ("for key in keys:\n    name_of(key, 'x')", "name_of runs find_one on names"),
    "a branch of what may be there": (
        "for key in keys:\n    described_in_full(key, keys.get('users'))",
        "described_in_full runs find_one on users",
    ),
}
SILENT = {
    "what follows from a parameter that is left out": "for key in keys:\n    described(key)",
    "two calls deep": "for key in keys:\n    described_in_full(key, None)",
    "an object that is made once": "for key in keys:\n    Settings()",
    "a constant dict": "for name, kind in KINDS.items():\n    put(keys[name], kind)",
    "another collection each round": "for key in keys:\n    size(key['name'])",
    "by a helper": "for key in keys:\n    setting(key)",
    "only where something fails": (
        "for key in keys:\n    try:\n        keys.start(key)\n    except ValueError:\n        put(key, None)\n"
        "        db.values.delete_one({'_id': key})"
    ),
    "only where something fails in a helper": "for key in keys:\n    started(keys, key)",
    "the answer of each write decides": (
        "report = Report.get(_id=1)\nfor key in keys:\n    if report.put_into('keys', key):\n        keys.start(key)"
    ),
    "the answer of each write decides in a helper": (
        "report = Report.get(_id=1)\nfor key in keys:\n    report.start(key)"
    ),
    "or of each first write, for the second": "for key in keys.held:\n    added(keys, key)",
}


def _messages(body: str, tmp_path: Path) -> list[str]:
    lines = "".join(f"    {line}\n" for line in body.splitlines())
    found = findings(f"{HEAD}def ask(keys):\n{lines}", tmp_path, rules={"MDB101"})
    own = HEAD.count("\n")
    return [finding.message for finding in found if finding.span.line > own]


@pytest.mark.parametrize(("body", "wanted"), TOLD.values(), ids=TOLD)
def test_what_a_call_runs(body: str, wanted: str, tmp_path: Path) -> None:
    assert wanted in "\n".join(_messages(body, tmp_path))


@pytest.mark.parametrize("body", SILENT.values(), ids=SILENT)
def test_what_a_call_cannot_come_to(body: str, tmp_path: Path) -> None:
    assert _messages(body, tmp_path) == []


def test_a_method_that_its_class_inherits(tmp_path: Path) -> None:
    found, _ = findings(HEAD, tmp_path, rules={"MDB101"})
    assert "put_into runs update_one on sheets once per item" in found.message
    assert "_id is the same each time" in found.message


def test_the_inner_loop_names_the_outer_one(tmp_path: Path) -> None:
    text = f"{HEAD}def ask(keys):\n    for key in keys:\n        put_all(key)\n"
    *_, inner, outer = findings(text, tmp_path, rules={"MDB101"})
    assert [related.message for related in inner.related][:2] == ["the loop", "put_all is called in a loop, too"]
    assert inner.severity is Severity.HIGH
    assert outer.severity is Severity.LOW


def test_a_call_is_no_query_of_another_file_at_the_same_row(tmp_path: Path) -> None:
    ask = "def all_of(owners):\n    for owner in owners:\n        Store(owner)\n"
    user = "from store import Store\n" + "".join(f"y{number} = {number}\n" for number in range(20)) + ask
    for pad in range(24):
        store = (
            "from pymongo import MongoClient\n"
            + "".join(f"x{number} = {number}\n" for number in range(pad))
            + "books = MongoClient(timeoutMS=5).app.books\n\n\nclass Store:\n    def __init__(self, owner):\n"
            + "        self.book = books.find_one({'owner_id': owner})\n"
        )
        (found,) = findings({"store.py": store, "user.py": user}, tmp_path, rules={"MDB101"})
        assert found.message.startswith("Store runs find_one on books once")


def test_a_method_of_another_class_is_not_run(tmp_path: Path) -> None:
    """What a base class calls on ``self`` is the method of the object that is made, not that of its brothers."""
    code = """\
from pymongo import MongoClient

db = MongoClient(timeoutMS=5000).app


class Record:
    collection = None

    def __init__(self, attrs=None):
        self.fill(attrs or {})

    def fill(self, attrs):
        self.attrs = attrs

    def load(self, query):
        return getattr(db, self.collection).find_one(query)


class Note(Record):
    collection = "notes"


class Index(Record):
    collection = "index"

    def fill(self, attrs):
        super().fill(attrs)
        self.old = self.load({"title": attrs["title"]})


def notes(texts):
    return [Note({"text": text}) for text in texts]


def indexes(titles):
    return [Index({"title": title}) for title in titles]
"""
    found = findings(code, tmp_path, rules={"MDB101"})
    assert [each.message.partition(";")[0] for each in found] == [
        "Index runs find_one on index once per item of the loop"
    ]


OPTIONAL = """\
def term(name, meta=None):
    if TEST:
        meta = db.metadata.find_one({"_id": name})
    return meta["term"]


def all_terms(names, module, kept=None):
    meta = module.metadata
    return [CALL for name in names]
"""


@pytest.mark.parametrize("test", ["meta is None", "not meta"])
@pytest.mark.parametrize(
    ("call", "count"),
    [
        ("term(name, meta)", 0),
        ("term(name, meta=module.metadata)", 0),
        ("term(name, {'term': name})", 0),
        ("term(name)", 1),
        ("term(name, None)", 1),
        ("term(name, kept)", 1),
        ("term(name, meta if name else None)", 1),
    ],
)
def test_what_is_passed_is_not_asked_for(test: str, call: str, count: int, tmp_path: Path) -> None:
    text = HEAD + OPTIONAL.replace("TEST", test).replace("CALL", call)
    found = [finding for finding in findings(text, tmp_path, rules={"MDB101"}) if "metadata" in finding.message]
    assert len(found) == count
