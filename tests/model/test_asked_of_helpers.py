"""What is asked by helpers that take the filter as keyword arguments: one question for each way to call them."""

from __future__ import annotations

from pathlib import Path

import pytest

from mongolint.engine.coverage import coverage
from mongolint.engine.listing import suggestions
from mongolint.engine.review.queries import patterns
from mongolint.project.coveragemap.build import coverage_map
from mongolint.testing import project
from mongolint.testing.projects import run

HEAD = """\
from pymongo import MongoClient

db = MongoClient(timeoutMS=5000).app


class Shop(dict):
    @classmethod
    def get(cls, **kwargs):
        return db.shops.find_one(kwargs)


"""
# A function that calls the helper, and the fields of each question
CALLS = {
    "keywords": ("def f(v):\n    Shop.get(name=v, city=v)\n", [["name", "city"]]),
    "one of two": ("def f(v):\n    for k in ['name', 'city']:\n        Shop.get(**{k: v})\n", [["name"], ["city"]]),
    "one of two, and one": (
        "def f(v):\n    for k in ['name', 'city']:\n        Shop.get(**{k: v, 'open': True})\n",
        [["open", "name"], ["open", "city"]],
    ),
    "any": ("def f(k, v):\n    Shop.get(**{k: v})\n", []),
    "any, and one": ("def f(k, v):\n    Shop.get(**{k: v, 'open': True})\n", []),
}


@pytest.mark.parametrize(("code", "fields"), CALLS.values(), ids=CALLS)
def test_questions(code: str, fields: list[list[str]], tmp_path: Path) -> None:
    asked = project(HEAD + code, tmp_path).project.asked_of_helpers
    assert [list(each.operation.filter.required) for each in asked] == fields


ASKED = """\
from fastapi import FastAPI

app = FastAPI()


@app.get("/shops/{name}")
def shop(name):
    return Shop.get(name=name)


@app.get("/cities/{city}")
def city(city):
    return Shop.get(city=city)
"""


def test_what_callers_ask_needs_indexes_and_is_ranked_where_it_is_asked(tmp_path: Path) -> None:
    loaded = project(HEAD + ASKED, tmp_path)
    suggested = suggestions(loaded)
    assert [each["keys"] for each in suggested] == [[["city", 1]], [["name", 1]]]
    lines = [one["line"] for each in suggested for one in each["serves"]]
    ranked = patterns(loaded)
    assert [each["line"] for each in ranked] == sorted(lines)
    assert [each["mongosh"] for each in ranked] == [
        "db.shops.findOne({name: <name>})",
        "db.shops.findOne({city: <city>})",
    ]
    assert [each["reached"] for each in ranked] == ["GET /shops/{name}", "GET /cities/{city}"]
    assert [each["better"]["keys"] for each in ranked] == [[[["name", 1]]], [[["city", 1]]]]


WRAPPER = """\
from pymongo import MongoClient


class Store:
    def __init__(self, collection):
        self.collection = collection

    def update(self, query, change):
        self.collection.find_one(query, ["_id"])
        return self.collection.update_one(query, change)


db = MongoClient(timeoutMS=5000).app
shops, cities = Store(db.shops), Store(db.cities)


def rename(found, name):
    for each in found:
        shops.update({"name": each["name"]}, {"$set": {"name": name, "open": {"name": True}}})


def close(query):
    cities.update({"mayor": "x", "code": query}, {"$set": {"open": False}})
    cities.update(query, {"$set": {"open": False}})
"""


def test_a_wrapper_asks_what_each_call_gives(tmp_path: Path) -> None:
    loaded = project(WRAPPER, tmp_path)
    asked = [(one.operation.name, one.operation.target, *one.operation.filter.required) for one in
             loaded.project.asked_of_helpers]  # fmt: skip
    names = ("find_one", "update_one")
    assert asked == [each for name in names for each in ((name, "shops", "name"), (name, "cities", "mayor", "code"))]
    keys = [[name for name, _ in each["keys"]] for each in suggestions(loaded)]
    assert keys == [["mayor", "code"], ["name"]]
    found = run(loaded, ["MDB104"])
    assert sorted(one.span.line for one in found) == [19, 23]


OTHERS = """
from pymongo import MongoClient

db = MongoClient(timeoutMS=5000).app
db.users.create_index("mail")


def retrieve(name, query):
    return db[name].find_one(query)


def first(role, town):
    return retrieve("users", {"role": role, "town": town})


def second(role, town):
    return retrieve("users", {"role": role, "town": town, "$or": [{"old": {"$exists": True}}, {"new": {"$ne": None}}]})


def third(role, town):
    return retrieve("users", {"role": role, "town": town})


def other(key):
    return retrieve("shops", {"_id": key})
"""


def test_calls_that_one_index_serves_are_not_told_by_the_same_fields(tmp_path: Path) -> None:
    (found,) = run(project(OTHERS, tmp_path), ["MDB104"])
    assert "retrieve runs find_one on users, by role, town (3 calls, 1 by other fields): no index" in found.message
    assert [each.message for each in found.related[:2]] == [
        "retrieve by role, town, old, new",
        "retrieve by role, town",
    ]


PAGES = """
from flask import Flask, request
from pymongo import MongoClient

app = Flask(__name__)
db = MongoClient(timeoutMS=5000).app


def page(name, number=1, order=None, query=None):
    total = db[name].count_documents(query)
    found = db[name].find(query, limit=10)
    if order:
        found = found.sort(order[0], order[1])
    return list(found.skip(10 * number)), total


@app.get("/mails")
def mails():
    return page("mails", order=("sent", -1), query={"owner": request.args["owner"]})


@app.get("/notes")
def notes():
    return page("notes", order=(request.args["order"], -1), query={"owner": request.args["owner"]})
"""


def test_the_order_that_a_call_asks_for_belongs_to_the_index_and_is_told_once(tmp_path: Path) -> None:
    loaded = project(PAGES, tmp_path)
    keys = {each["collection"]: each["keys"] for each in suggestions(loaded)}
    assert keys == {"mails": [["owner", 1], ["sent", -1]], "notes": [["owner", 1]]}
    found = sorted(run(loaded, ["MDB104"]), key=lambda one: one.span.line)
    assert [one.span.line for one in found] == [19, 24]
    assert "page runs count_documents on mails, by owner" in found[0].message
    assert 'declare create_index([("owner", 1), ("sent", -1)])' in found[0].message
    assert "db.mails.find({owner: <owner>}).sort({sent: -1})" in [each["mongosh"] for each in patterns(loaded)]


def test_the_map_holds_what_each_call_asks_in_the_place_of_the_helper(tmp_path: Path) -> None:
    found = coverage(project(PAGES, tmp_path))
    own = {held["name"]: held for held in found["collections"] if held["name"]}
    shapes = [(shape["text"], shape["sort_text"], shape["verdict"]) for shape in own["mails"]["shapes"]]
    assert sorted(shapes) == [("{owner}", "", "unserved"), ("{owner}", "{sent: -1}", "unserved")]
    assert own["mails"]["operations"] == own["notes"]["operations"] == 2
    assert found["summary"]["operations"] == 4


PIPELINES = """\
from fastapi import FastAPI
from pymongo import MongoClient

app = FastAPI()
db = MongoClient().app


def first(pipeline):
    return list(db.urls.aggregate(pipeline))[0]


def stages(field, value):
    return [{"$match": {field: value}}, {"$project": {"clicks": 1}}]


@app.get("/urls/{code}")
def by_code(code):
    return first(stages("_id", code))
"""
MORE = """

@app.get("/owners/{owner}")
def by_owner(owner):
    return first(stages("owner", owner))
"""
UNSEEN = """

@app.post("/urls")
def search(stages: list):
    return first(stages)
"""


@pytest.mark.parametrize(
    ("code", "unbounded", "keys", "shown"),
    [
        ("", [], [], []),
        (MORE, ["list"], [["owner"]], ["db.urls.aggregate([{$match: {owner: <owner>}}, /* … */])"]),
        (UNSEEN, ["list"], [], []),
    ],
)
def test_pipelines_are_what_each_call_gives(
    code: str, unbounded: list[str], keys: list[list[str]], shown: list[str], tmp_path: Path
) -> None:
    """A pipeline that each caller begins with one document reads no other, whatever the helper would run."""
    loaded = project(PIPELINES + code, tmp_path)
    told = [one for one in run(loaded, ["MDB103"]) if "aggregate on urls has no time limit" in one.message]
    assert len(told) == len(unbounded)
    assert [[name for name, _ in each["keys"]] for each in suggestions(loaded)] == keys
    assert [each["mongosh"] for each in patterns(loaded)] == shown


BASE = """
from datetime import datetime

from pymongo import MongoClient

db = MongoClient(timeoutMS=5000).app
db.visits.create_index([("patient", 1)])


class Stored:
    def __init__(self, name):
        self.collection = db[name]

    def find_one(self, filter):
        filter.setdefault("deleted_at", None)
        return self.collection.find_one(filter)

    def find_many(self, filter, sort=None, limit=200):
        filter.setdefault("deleted_at", None)
        cursor = self.collection.find(filter)
        if sort:
            cursor = cursor.sort(sort)
        return list(cursor.limit(limit))

    def forget(self, filter):
        self.collection.update_one(filter, {"$set": {"deleted_at": datetime.utcnow()}})


class Visits(Stored):
    def __init__(self):
        super().__init__("visits")

    def one(self, key):
        return self.find_one({"visit": key})

    def all(self):
        return self.find_many({})

    def latest(self):
        return self.find_many({}, sort=[("at", -1)])

    def of(self, patient, after=None):
        wanted = {"patient": patient}
        return self.find_many(wanted, sort=[("at", -1)])


class Calls(Stored):
    def __init__(self):
        super().__init__("calls")

    def latest(self, phone=None):
        wanted = {}
        if phone:
            wanted["phone"] = phone
        return self.find_many(wanted, sort=[("at", -1)])
"""


def test_what_a_helper_adds_to_a_filter_hides_nothing_of_it_and_a_sort_is_that_of_each_call(tmp_path: Path) -> None:
    loaded = project(BASE, tmp_path)
    asked = [(list(one.operation.filter.required), one.operation.sort) for one in loaded.project.asked_of_helpers]
    assert asked == [
        (["deleted_at", "visit"], []),
        (["deleted_at"], []),
        (["deleted_at"], [("at", -1)]),
        (["deleted_at", "patient"], [("at", -1)]),
        (["deleted_at"], [("at", -1)]),
    ]
    # Nearly all documents are not deleted: no index on that alone, and none that begins with it
    keys = {(each["collection"], *(name for name, _ in each["keys"])) for each in suggestions(loaded)}
    assert keys == {("visits", "visit"), ("visits", "at"), ("visits", "patient", "at"), ("calls", "at")}
    (filter,) = run(loaded, ["MDB104"])
    assert filter.message.startswith("find_one runs find_one on visits, by deleted_at, visit: no index")
    told = [each.message.partition("; ")[0].partition("find_many runs find on ")[2] for each in run(loaded, ["MDB105"])]
    no_order = "no index gives that order and deleted_at leaves little out, so nearly all are sorted in memory"
    assert told == [
        f"visits sorted by -at: {no_order} at each call",
        "visits sorted by -at: patient_1 finds the documents but does not give that order, so they are "
        "sorted in memory at each call",
        f"calls sorted by -at: {no_order} at each call that asks for nothing more",
    ]


@pytest.mark.parametrize(
    ("filter", "verdict", "needed"),
    [
        ('{"patient": p, "deleted_at": None}', "partial", [("patient",)]),
        ('{"patient": p, "ended_at": None}', "partial", [("patient", "ended_at")]),
        ('{"patient": p, "deleted_at": p}', "partial", [("patient", "deleted_at")]),
        ('{"deleted_at": None}', "unserved", []),
        ('{"ended_at": None}', "unserved", [("ended_at",)]),
    ],
)
def test_what_is_not_marked_as_deleted_needs_no_index(
    filter: str, verdict: str, needed: list[tuple[str, ...]], tmp_path: Path
) -> None:
    code = BASE.partition("\n\n\nclass")[0] + f"\n\n\ndef f(p):\n    return db.visits.find_one({filter})\n"
    model = project(code, tmp_path).project
    (query,) = (one for one in model.operations if one.name == "find_one")
    assert model.verdict(query).verdict == verdict
    assert [tuple(name for name, _ in each.keys) for each in model.needed_patterns(query)] == needed


SHOWN = """
from fastapi import FastAPI

app = FastAPI()


@app.get("/visits")
def visits(patient=None):
    return Visits().of(patient)
"""


def test_a_query_at_a_helper_is_shown_with_its_order_and_not_with_the_default_of_a_parameter(tmp_path: Path) -> None:
    (shown,) = (each for each in patterns(project(BASE + SHOWN, tmp_path)) if each["reached"])
    assert shown["mongosh"] == "db.visits.find({deleted_at: null, patient: <patient>}).sort({at: -1})"


def test_what_calls_ask_is_on_the_map_in_the_place_of_the_helper(tmp_path: Path) -> None:
    found = coverage_map(project(BASE, tmp_path).project)
    shapes = {each.names: [(shape.text, shape.verdict) for shape in each.shapes] for each in found}
    assert shapes[("visits",)] == [
        ("{deleted_at: null, visit}", "unserved"),
        ("{deleted_at: null}", "unserved"),
        ("{deleted_at: null}", "unserved"),
        ("{deleted_at: null, patient}", "partial"),
    ]
    assert [names for names in shapes if len(names) > 1] == [("calls", "visits")]  # nothing is seen to call forget


def test_a_helper_that_nobody_calls_for_a_collection_is_not_what_writes_it(tmp_path: Path) -> None:
    code = BASE + '\n\ndef move(key, at):\n    db.visits.update_one({"_id": key}, {"$set": {"at": at}}, upsert=True)\n'
    found = {each.message.split(":")[0].split()[-1]: each for each in run(project(code, tmp_path), ["MDB220"])}
    assert found["visits"].span.line == len(code.splitlines())


def test_a_range_of_what_is_sorted_by_is_a_filter(tmp_path: Path) -> None:
    code = BASE.partition("\n\n\nclass")[0] + (
        "\n\n\ndef f(day):\n"
        '    return list(db.visits.find({"deleted_at": None, "at": {"$gte": day}}).sort("at", -1).limit(9))\n'
    )
    (found,) = run(project(code, tmp_path), ["MDB104", "MDB105"])
    assert found.code == "MDB104"
    assert found.message.endswith('declare create_index([("at", -1)])')
