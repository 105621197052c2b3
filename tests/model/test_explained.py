"""A query as ``explain`` tells it: as mongosh, each field in its role, what would serve it better."""

from __future__ import annotations

import re
import textwrap
from pathlib import Path
from typing import Any

import pytest

from mongolint.engine.explained import explained
from mongolint.project.explained.answer import answer
from mongolint.source.deepstack import with_deep_stack
from mongolint.testing import project

HEAD = """\
import os
import re
import uuid
from datetime import datetime, timedelta, timezone

from bson import Decimal128, Int64, ObjectId, Regex, SON
from pymongo import DESCENDING, DeleteOne, InsertOne, MongoClient, ReturnDocument, UpdateOne
from pymongo.collation import Collation

db = MongoClient(timeoutMS=5000).app
db.c.create_index([("a", 1), ("b", -1)])
db.c.create_index("n")
db.c.create_index([("t", "text")])
db.c.create_index([("place", "2dsphere")])
db.people.create_index("team")


def run(x, y, flag, self):
"""


def told(tmp_path: Path, body: str) -> dict[str, Any]:
    """Of the last operation of a function."""
    loaded = project(HEAD + textwrap.indent(textwrap.dedent(body), "    "), tmp_path)

    def items() -> list[dict[str, Any]]:
        found = [o for o in loaded.project.operations if o.method.kind in ("read", "write")]
        return explained(loaded.project, [answer(loaded.project, found[-1])])

    return with_deep_stack(items)[0]


MONGOSH = [
    ("db.c.find()", "db.c.find()"),
    ('db.c.find({}, {"a": 1})', "db.c.find({}, {a: 1})"),
    ('db.c.find_one({"a": x, "b.c": 1})', 'db.c.findOne({a: <x>, "b.c": 1})'),
    ('db.c.find_one({"a": x}, ["a", "b"])', "db.c.findOne({a: <x>}, {a: 1, b: 1})"),
    ('db.c.find_one({"a": x}, sort=[("b", DESCENDING)])', "db.c.find({a: <x>}).sort({b: -1}).limit(1)"),
    ('db.c.find_one("k")', 'db.c.findOne({_id: "k"})'),
    ("db.c.find_one(ObjectId(x))", "db.c.findOne({_id: ObjectId(<x>)})"),
    ('db.c.find({"a": x}, sort=[("b", 1)], skip=x, limit=5)', "db.c.find({a: <x>}).sort({b: 1}).skip(<x>).limit(5)"),
    ('db.c.find({"a": x}).sort("b").limit(0)', "db.c.find({a: <x>}).sort({b: 1}).limit(0)"),
    ('db.c.find({"a": x}).sort(y, -1).hint([("a", 1)])', "db.c.find({a: <x>}).sort({<y>: -1}).hint({a: 1})"),
    ('db.c.find({"a": x}).hint("a_1").max_time_ms(50)', 'db.c.find({a: <x>}).hint("a_1").maxTimeMS(50)'),
    ('db.c.find({"a": x}).distinct("b")', 'db.c.distinct("b", {a: <x>})'),
    ('db.c.distinct("b", {"a": x})', 'db.c.distinct("b", {a: <x>})'),
    ('db.c.count_documents({"a": x}, limit=3)', "db.c.countDocuments({a: <x>}, {limit: 3})"),
    ("db.c.estimated_document_count()", "db.c.estimatedDocumentCount()"),
    ('db.c.delete_many({"a": {"$lt": x}})', "db.c.deleteMany({a: {$lt: <x>}})"),
    ('db.c.update_one({"a": x}, {"$set": y}, upsert=True)', "db.c.updateOne({a: <x>}, {$set: <y>}, {upsert: true})"),
    ('db.c.replace_one({"a": x}, {"a": 1})', "db.c.replaceOne({a: <x>}, {a: 1})"),
    (
        'db.c.find_one_and_update({"a": x}, {"$inc": {"n": 1}}, return_document=ReturnDocument.AFTER)',
        'db.c.findOneAndUpdate({a: <x>}, {$inc: {n: 1}}, {returnDocument: "after"})',
    ),
    ('db.c.find_one_and_delete({"a": x}, sort=[("b", 1)])', "db.c.findOneAndDelete({a: <x>}, {sort: {b: 1}})"),
    ('db.c.insert_one({"a": x})', "db.c.insertOne({a: <x>})"),
    (
        'db.c.bulk_write([UpdateOne({"a": x}, {"$set": {"b": 1}}, upsert=True), DeleteOne({"n": 1}), InsertOne(y)])',
        textwrap.dedent("""\
            db.c.bulkWrite([
              {updateOne: {filter: {a: <x>}, update: {$set: {b: 1}}, upsert: true}},
              {deleteOne: {filter: {n: 1}}},
              {insertOne: {document: <y>}}
            ])"""),
    ),
    # Collections
    ('db["a-b"].find()', 'db.getCollection("a-b").find()'),
    ("db.stats.find()", 'db.getCollection("stats").find()'),
    ('db["fs.files"].find()', "db.fs.files.find()"),
    ("db[x].find()", "db.getCollection(<collection>).find()"),
    # Values
    ('db.c.find({"a": None, "b": True, "n": -1, "t": 1.5})', "db.c.find({a: null, b: true, n: -1, t: 1.5})"),
    ('db.c.find({"a": 2.0, "b": 5000000000})', 'db.c.find({a: Double(2), b: Long("5000000000")})'),
    ('db.c.find({"a": Int64(7), "b": Decimal128("1.5")})', 'db.c.find({a: Long("7"), b: Decimal128("1.5")})'),
    ('db.c.find({"a": "it\'s \\"so\\"\\n"})', r'db.c.find({a: "it\'s \"so\"\n"})'.replace("\\'", "'")),
    ('db.c.find({"a": re.compile("^x/y", re.I | re.M)})', 'db.c.find({a: BSONRegExp("^x/y", "im")})'),
    ('db.c.find({"a": re.compile("^x", re.I)})', "db.c.find({a: /^x/i})"),
    ('db.c.find({"a": Regex(f"^{x}")})', "db.c.find({a: /^<x>/})"),
    ('db.c.find({"a": re.compile("(?i)x")})', 'db.c.find({a: BSONRegExp("(?i)x", "")})'),
    ('db.c.find({"a": {"$regex": "^" + x, "$options": "i"}})', 'db.c.find({a: {$regex: "^<x>", $options: "i"}})'),
    ('db.c.find({"a": f"user:{x}:{y.z}"})', 'db.c.find({a: "user:<x>:<y.z>"})'),
    (
        'db.c.find({"a": datetime(2026, 1, 2, tzinfo=timezone.utc)})',
        'db.c.find({a: ISODate("2026-01-02T00:00:00.000Z")})',
    ),
    ('db.c.find({"a": datetime.now(timezone.utc)})', "db.c.find({a: <datetime.now(timezone.utc)>})"),
    (
        'db.c.find({"a": uuid.UUID("00000000-0000-0000-0000-000000000001")})',
        'db.c.find({a: UUID("00000000-0000-0000-0000-000000000001")})',
    ),
    ('db.c.find({"a": {"$in": [1, x]}, "b": [1, [2]]})', "db.c.find({a: {$in: [1, <x>]}, b: [1, [2]]})"),
    ('db.c.find({"a": (x - 1) * y})', "db.c.find({a: <(x - 1) * y>})"),
    (
        'db.c.find({"a": (datetime.now() - timedelta(days=x)).isoformat()})',
        "db.c.find({a: <(datetime.now() - timedelta(days=x)).isoformat()>})",
    ),
    ('for each in x:\n    db.c.find({"a": each.b, "b": each})', "db.c.find({a: <(each of x).b>, b: <each of x>})"),
    (
        'for n, each in enumerate(x):\n    db.c.update_one({"a": each.b}, {"$set": {"n": n}})',
        "db.c.updateOne({a: <(each of x).b>}, {$set: {n: <position in x>}})",
    ),
    (
        'for k, v in x.items():\n    db.c.find({"a": k, "b": v})',
        "db.c.find({a: <each key of x>, b: <each value of x>})",
    ),
    ('d = db.people.find_one({})\ndb.c.find({"a": d["_id"]})', 'db.c.find({a: <people.find_one({…})["_id"]>})'),
    ('db.c.find({"a": self.org["id"]})', 'db.c.find({a: <self.org["id"]>})'),
    ('db.c.find({"a": os.environ.get("A", "x")})', 'db.c.find({a: <os.environ.get("A", "x")>})'),
    ('db.c.find({"a": "p" if flag else "q"})', 'db.c.find({a: <"p" or "q">})'),
    ('db.c.find(SON([("a", 1), ("b", x)]))', "db.c.find({a: 1, b: <x>})"),
    ('db.c.find({f"a.{x}": 1, y: 2})', 'db.c.find({"a.<x>": 1, <y>: 2})'),
    ("db.c.find(x)", "db.c.find(<x>)"),
    # Built in steps
    ('q = {"a": x}\nq["b"] = y\ndb.c.find(q)', "db.c.find({a: <x>, b: <y>})"),
    ('q = {"a": x}\nif flag:\n    q["b"] = y\ndb.c.find(q)', "db.c.find({a: <x>, /* optional */ b: <y>})"),
    (
        'q = {"a": x}\nif flag:\n    q["$or"] = [{"b": y}, {"n": y}]\ndb.c.find(q)',
        "db.c.find({a: <x>, /* optional */ $or: [{b: <y>}, {n: <y>}]})",
    ),
    ('q = {"a": x, **y}\ndb.c.find(q)', "db.c.find({a: <x>, /* … */})"),
    (
        'q = {"$and": [{"a": x}]}\nif flag:\n    q["$and"].append({"b": y})\ndb.c.find(q)',
        "db.c.find({$and: [{a: <x>}, /* optional */ {b: <y>}]})",
    ),
    (
        'db.c.find({"$and": [{"a": {"$gt": x}}, {"a": {"$lt": y}}]})',
        "db.c.find({$and: [{a: {$gt: <x>}}, {a: {$lt: <y>}}]})",
    ),
    (
        'q = {"a": x}\nfor name in y:\n    q[name] = 1\ndb.c.find(q)',
        "db.c.find({a: <x>, /* optional */ <each of y>: 1})",
    ),
    ('c = db.c.find({"a": x})\nif flag:\n    c = c.limit(3)\nlist(c)', "db.c.find({a: <x>}) /* optional */ .limit(3)"),
    # Pipelines
    (
        'p = [{"$match": {"a": x}}]\nif flag:\n    p.append({"$limit": y})\ndb.c.aggregate(p, allowDiskUse=True)',
        "db.c.aggregate([{$match: {a: <x>}}, /* optional */ {$limit: <y>}], {allowDiskUse: true})",
    ),
    ("db.c.aggregate(x)", "db.c.aggregate(<x>)"),
]


@pytest.mark.parametrize(("body", "expected"), MONGOSH, ids=[body for body, _ in MONGOSH])
def test_mongosh(tmp_path: Path, body: str, expected: str) -> None:
    assert told(tmp_path, body)["mongosh"] == expected


def test_long_statements_are_broken_into_lines(tmp_path: Path) -> None:
    body = (
        'q = {"first_long_field": {"$gte": x, "$lt": y}, "second_long_field": {"$in": ["one", "two", "three"]}}\n'
        'if flag:\n    q["third_long_field"] = y\ndb.c.find(q, {"first_long_field": 1}).sort("a", -1).limit(10)'
    )
    assert told(tmp_path, body)["mongosh"] == textwrap.dedent("""\
        db.c.find(
          {
            first_long_field: {$gte: <x>, $lt: <y>},
            second_long_field: {$in: ["one", "two", "three"]},
            /* optional */ third_long_field: <y>
          },
          {first_long_field: 1}
        )
          .sort({a: -1})
          .limit(10)""")


ROLES: list[tuple[str, list[tuple[str, str, str | None]]]] = [
    ('db.c.find({"a": x})', [("a", "equality", "bounds")]),
    ('db.c.find({"a": {"$in": [x, y]}, "z": 1})', [("a", "in", "bounds"), ("z", "equality", "documents")]),
    ('db.c.find({"a": {"$gte": x, "$lt": y}})', [("a", "range >=, <", "bounds")]),
    ('db.c.find({"n": {"$ne": x}})', [("n", "negation", "wide bounds")]),
    ('db.c.find({"n": {"$ne": None}})', [("n", "not null", "wide bounds")]),
    ('db.c.find({"n": {"$regex": "^ab"}})', [("n", "regex, anchored", "bounds")]),
    ('db.c.find({"n": {"$regex": "ab"}})', [("n", "regex, not anchored", "keys")]),
    ('db.c.find({"n": {"$regex": "^ab", "$options": "i"}})', [("n", "regex, ignores case", "keys")]),
    ('db.c.find({"n": {"$exists": True}})', [("n", "exists", "documents")]),
    ('db.c.find({"n": {"$exists": False}})', [("n", "missing", "documents")]),
    ('db.c.find({"n": None})', [("n", "null", "bounds")]),
    ('db.c.find({"n": [1, 2]})', [("n", "array equality", "bounds")]),
    ('db.c.find({"$text": {"$search": x}})', [("$text", "text", "bounds")]),
    ('db.c.find({"place": {"$geoWithin": {"$geometry": x}}})', [("place", "geo", "bounds")]),
    ('db.c.find({"n": {"$elemMatch": {"$gt": 1, "$lt": 5}}})', [("n", "elemMatch", "bounds")]),
    (
        'db.c.find({"n": {"$elemMatch": {"k": x, "v": {"$gt": y}}}})',
        [("n.k", "equality", "documents"), ("n.v", "range >", "documents")],
    ),
    (
        'db.c.find({"a": x, "$or": [{"b": 1}, {"z": {"$exists": True}}]})',
        [("a", "equality", "bounds"), ("b", "equality", "documents"), ("z", "exists", "documents")],
    ),
    (
        'db.c.find({"n": x, "$nor": [{"z": 1}]})',
        [("n", "equality", "bounds"), ("z", "negation", "documents")],
    ),
    ('db.c.find({"a": x}).sort("b", -1)', [("a", "equality", "bounds"), ("b", "sort, descending", "order")]),
    ('db.c.find({"a": x}).sort("z")', [("a", "equality", "bounds"), ("z", "sort, ascending", "memory")]),
    ('db.c.find({"z": x}).sort("z")', [("z", "equality", "documents"), ("z", "sort, ascending", "memory")]),
    ('db.c.find({"_id": x, "z": y})', [("_id", "equality", "bounds"), ("z", "equality", "documents")]),
    ('db[x].find({"a": 1})', [("a", "equality", None)]),
    (
        'db.c.aggregate([{"$match": {"a": x}}, {"$sort": {"b": 1}}])',
        [("a", "equality", "bounds"), ("b", "sort, ascending", "order")],
    ),
    ('db.c.insert_one({"a": x})', []),
]


@pytest.mark.parametrize(("body", "expected"), ROLES, ids=[body for body, _ in ROLES])
def test_roles(tmp_path: Path, body: str, expected: list[tuple[str, str, str | None]]) -> None:
    found = told(tmp_path, body)["fields"]
    assert [(each["field"], each["role"], each["place"]) for each in found] == expected
    assert not any(each["optional"] for each in found)


def test_optional_fields_have_a_role_and_no_place(tmp_path: Path) -> None:
    body = 'q = {"a": x}\nif flag:\n    q["b"] = {"$gt": y}\n    q["$or"] = [{"n": 1}]\ndb.c.find(q)'
    found = told(tmp_path, body)["fields"]
    assert sorted((each["field"], each["role"], each["place"], each["optional"]) for each in found) == [
        ("a", "equality", "bounds", False),
        ("b", "range >", None, True),
        ("n", "equality", None, True),
    ]


def test_a_default_of_none_is_not_what_is_asked_for(tmp_path: Path) -> None:
    """A parameter that nobody passes in this project may be passed by a framework."""
    code = (
        HEAD + "    pass\n\n\ndef find(name=None):\n    q = {}\n    if name:\n        q['z'] = name\n    db.c.find(q)\n"
    )
    loaded = project(code, tmp_path)
    found = loaded.project.operations[-1]
    item = with_deep_stack(lambda: explained(loaded.project, [answer(loaded.project, found)]))[0]
    assert item["mongosh"] == "db.c.find({/* optional */ z: <name>})"
    assert [(each["field"], each["role"]) for each in item["fields"]] == [("z", "equality")]


BETTER: list[tuple[str, list[list[list[Any]]] | None]] = [
    # Served: nothing to better
    ('db.c.find({"a": x})', None),
    ('db.c.find({"z": x})', [[["z", 1]]]),
    ('db.c.find({"y": {"$gt": x}, "z": 1}).sort("w", -1)', [[["z", 1], ["w", -1], ["y", 1]]]),
    ('db.c.find({"a": x, "z": y})', [[["a", 1], ["z", 1]]]),
    ('db.c.find({"a": {"$in": x}}).sort("z")', [[["a", 1], ["z", 1]]]),
    ('db.c.find({"$or": [{"y": x}, {"z": x}]})', [[["y", 1]], [["z", 1]]]),
    ('db.c.find({"far": {"$geoWithin": {"$geometry": x}}})', [[["far", "2dsphere"]]]),
    ('db.c.find().sort([("y", 1), ("z", -1)])', [[["y", 1], ["z", -1]]]),
    # What no index serves well
    ('db.c.find({"z": {"$regex": x}})', []),
    ('db.c.find({"z": {"$ne": x}})', []),
    # What is searched, the query does not say; a hint leaves no choice
    ('db.k.find({"$text": {"$search": x}})', None),
    ('db.c.find({"z": 1}).hint("n_1")', None),
    # Not known
    ('db.c.find({"z": 1, **x})', None),
    ('db[x].find({"z": 1})', None),
]


@pytest.mark.parametrize(("body", "expected"), BETTER, ids=[body for body, _ in BETTER])
def test_better(tmp_path: Path, body: str, expected: list[list[list[Any]]] | None) -> None:
    item = told(tmp_path, body)
    assert (item["better"] and item["better"]["keys"]) == expected
    if expected:
        assert item["better"]["verdict"] == "served"


def test_better_keeps_the_collation(tmp_path: Path) -> None:
    item = told(tmp_path, 'db.c.find({"z": x}, collation=Collation(locale="en"))')
    assert item["mongosh"] == 'db.c.find({z: <x>}).collation({locale: "en"})'
    assert item["better"]["options"] == {"collation": {"locale": "en"}}


def test_indexes_that_serve_and_come_near(tmp_path: Path) -> None:
    served = told(tmp_path, 'db.c.find({"$or": [{"a": x}, {"n": y}]})')
    assert [(index["name"], index["line"]) for index in served["indexes"]] == [("a_1_b_-1", 11), ("n_1", 12)]
    assert served["nearest"] is None
    missed = told(tmp_path, 'db.c.find({"b": x})')
    assert missed["indexes"] == []
    assert (missed["nearest"]["name"], missed["nearest"]["keys"]) == ("a_1_b_-1", [["a", 1], ["b", -1]])


def test_queries_inside(tmp_path: Path) -> None:
    body = """\
        db.c.aggregate([
            {"$match": {"a": x}},
            {"$lookup": {"from": "people", "localField": "team_id", "foreignField": "team", "as": "p"}},
            {"$unionWith": {"coll": "old", "pipeline": [{"$match": {"k": y}}]}},
        ])
    """
    inner = told(tmp_path, body)["inner"]
    assert [(each["stage"], each["collection"], each["mongosh"], each["verdict"]["verdict"]) for each in inner] == [
        ("$lookup", "people", "db.people.find({team: <team_id of each document>})", "served"),
        ("$unionWith", "old", "db.old.find({k: <of each document>})", "unserved"),
    ]
    requests = told(tmp_path, 'db.c.bulk_write([UpdateOne({"n": x}, {"$set": y}), DeleteOne({"z": 1})])')
    assert requests["verdict"]["verdict"] == "none"
    assert [(each["stage"], each["verdict"]["verdict"]) for each in requests["inner"]] == [
        ("updateOne", "served"),
        ("deleteOne", "unserved"),
    ]


def test_a_long_value_is_cut_between_its_brackets(tmp_path: Path) -> None:
    """The end of ``(each of self.….find_one(…)["isolates"])["id"]`` is told without a bracket that nothing opens."""
    body = """
    for part in db.somewhere.where_parts_are_kept_long.find_one({"number": x, "state": y})["parts_of_a_whole"]:
        db.c.find_one({"a": part["key"]})
    """
    (shown,) = re.findall(r"<(.*)>", told(tmp_path, body)["mongosh"])
    assert shown.count("(") == shown.count(")")
    assert shown.count("[") == shown.count("]")
    assert shown.endswith('["key"]')


def test_a_collation_kept_on_an_object_is_written_out(tmp_path: Path) -> None:
    code = f"""{HEAD.partition("def run")[0]}
class Users:
    def __init__(self, database):
        self.users = database.users
        self.any_case = Collation("en", strength=2)

    def by_mail(self, mail):
        return self.users.find_one({{"mail": mail}}, collation=self.any_case)


users = Users(db)
"""
    loaded = project(code, tmp_path)

    def statement() -> str:
        (found,) = [o for o in loaded.project.operations if o.name == "find_one"]
        return str(explained(loaded.project, [answer(loaded.project, found)])[0]["mongosh"])

    written = 'db.users.find({mail: <mail>}).collation({locale: "en", strength: 2}).limit(1)'
    assert with_deep_stack(statement) == written
