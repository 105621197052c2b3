"""Which declared index serves a query of the code: what is sure of it, and one line of why."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest

from mongolint.engine.listing import queries
from mongolint.project.verdicts import query_of
from mongolint.source.deepstack import with_deep_stack
from mongolint.testing import project

HEAD = """\
import re

from pymongo import MongoClient
from pymongo.collation import Collation

db = MongoClient(timeoutMS=5000).app
db.c.create_index([("a", 1), ("b", -1)], name="ab")
db.c.create_index("s", sparse=True, name="s")
db.c.create_index("p", partialFilterExpression={"live": True}, name="p")
db.c.create_index("name", collation=Collation(locale="en", strength=2), name="name")
db.c.create_index("only", partialFilterExpression=SETTING, name="only")


def run(x, y, flag):
"""


def verdict(tmp_path: Path, body: str) -> tuple[str, str | None, str]:
    """Of the first query of a function."""
    loaded = project(HEAD + textwrap.indent(textwrap.dedent(body), "    "), tmp_path)
    found = with_deep_stack(lambda: queries(loaded))
    index = next(item["index"] for item in found if item["method"] != "create_index")
    return index["verdict"], index["name"], index["reason"]


@pytest.mark.parametrize(
    ("body", "expected", "name", "why"),
    [
        ('db.c.find({"a": x, "b": y})', "served", "ab", "bounds a, b"),
        ('db.c.find({"a": x}).sort("b", 1)', "served", "ab", "bounds a"),
        ('db.c.find({"a": {"$in": x}}).sort("b", 1)', "served", "ab", "bounds a"),
        ('db.c.find({"a": {"$gt": x}}).sort("b", 1)', "partial", "ab", "the sort is done in memory"),
        ('db.c.find({"a": x, "z": y})', "partial", "ab", "only a in the index, z checked on each document"),
        ('db.c.find({"a": {"$ne": x}})', "partial", "ab", "a is compared so that most of the index is read"),
        ('db.c.find({"a": {"$regex": x}})', "partial", "ab", "a is compared so that most of the index is read"),
        ('db.c.find({"a": {"$regex": f"^{x}"}})', "served", "ab", "bounds a"),
        ('db.c.find({"a": re.compile("^x", re.I)})', "partial", "ab", "most of the index is read"),
        ('db.c.find({"s": x})', "served", "s", "bounds s"),
        ('db.c.find({"a": x}).sort("$natural", -1)', "unknown", None, "the order on disk, in which no index is read"),
        ('db.c.find({"_id": x, "z": y})', "served", "_id_", "_id is always indexed"),
        ('db.c.find({"p": x, "live": True})', "served", "p", "bounds p; only documents with that live are in it"),
        ('db.c.find({"p": x, "live": True, "a": y})', "partial", "p", "only p in the index, live, a checked"),
        ('db.c.find({"name": x}, collation=Collation(locale="en", strength=2))', "served", "name", "bounds name"),
        ('db.c.find({"name": x}).collation(Collation(locale="en", strength=2))', "served", "name", "bounds name"),
        ('db.c.find({"$or": [{"a": x}, {"s": y}]})', "served", "ab and s", "bounds a, s"),
        ('db.c.find({"a": x}).hint("ab")', "served", "ab", "bounds a"),
        ('db.c.aggregate([{"$set": {"n": 1}}, {"$match": {"a": x}}])', "served", "ab", "bounds a"),
        ('db.c.aggregate([{"$unwind": "$t"}, {"$match": {"a": x}}, {"$sort": {"b": 1}}])', "served", "ab", "bounds a"),
        # the server takes such a filter apart, and moves what a stage before it has not changed
        ('db.c.aggregate([{"$unwind": "$t"}, {"$match": {"a": x, "t.n": y}}])', "served", "ab", "bounds a"),
        ('db.c.aggregate([{"$unwind": "$t"}, {"$match": {"$and": [{"t": x}, {"a": y}]}}])', "served", "ab", "bounds a"),
        ('db.c.find({"a": {"$elemMatch": {"$gt": x}}})', "served", "ab", "bounds a"),
        # a declared index of unknown options may serve what none other does
        ('db.c.find({"b": x})', "unknown", None, "known only at run time"),
        ('db.c.find({"name": x})', "unknown", None, "known only at run time"),
        ('db.c.find({"a": x}, collation=y)', "unknown", None, "its collation is known only at run time"),
        ("db.c.find(x)", "unknown", None, ""),
    ],
)
def test_verdict(tmp_path: Path, body: str, expected: str, name: str | None, why: str) -> None:
    found = verdict(tmp_path, body)
    assert found[:2] == (expected, name)
    assert why in found[2]


CLEAR = "\n".join(line for line in HEAD.splitlines() if "SETTING" not in line) + "\n"


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ('db.c.find({"b": x})', "ab begins with a, which the filter does not hold"),
        ('db.c.find({"s": None})', "s leaves out documents without the field, which the filter wants"),
        ('db.c.find({"p": x})', "p leaves documents out (partialFilterExpression) that the filter may want"),
        ('db.c.find({"name": "x"})', "name compares text with another collation"),
        ('db.c.find({"$or": [{"a": x}, {"z": y}]})', "cannot be used by this filter"),
        ('db.c.find({"z": x})', "no index is declared on z"),
        ('db.c.find({"$or": [{"_id": x}, {"z": x}]})', "no index is declared on z"),
        ('db.c.aggregate([{"$limit": 5}, {"$match": {"a": x}}, {"$sort": {"b": 1}}])', ""),
        ('db.c.aggregate([{"$set": {"a": 1}}, {"$match": {"a": x}}])', ""),
        ('db.c.aggregate([{"$unwind": "$t"}, {"$match": {"$or": [{"a": x}, {"t": y}]}}])', ""),
        ('db.c.find({"$text": {"$search": x}})', "the server refuses it: the query needs a text index"),
    ],
)
def test_unserved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, body: str, why: str) -> None:
    monkeypatch.setitem(globals(), "HEAD", CLEAR)
    found = verdict(tmp_path, body)
    # nothing is left of a filter that cannot be moved to the front
    assert found[0] == ("unserved" if why else "none")
    assert why in found[2]


def test_whether_a_value_is_text_decides_with_collations(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An index of another collation serves numbers and ids all the same."""
    monkeypatch.setitem(globals(), "HEAD", CLEAR)
    assert verdict(tmp_path / "a", 'db.c.find({"name": x})')[0] == "unknown"
    assert verdict(tmp_path / "b", 'db.c.find({"a": x}, collation=Collation(locale="en"))')[0] == "unknown"
    assert verdict(tmp_path / "c", 'db.c.find({"a": 1}, collation=Collation(locale="en"))')[0] == "served"


def test_a_collation_kept_on_an_object(tmp_path: Path) -> None:
    code = """
        from pymongo import MongoClient
        from pymongo.collation import Collation


        class Users:
            def __init__(self):
                self.users = MongoClient(timeoutMS=5000).app.users
                self.folded = Collation(locale="en", strength=1)

            def indexes(self):
                self.users.create_index("email", name="folded", collation=self.folded)

            def find(self, email):
                return self.users.find_one({"email": email}, collation=self.folded)
    """
    found = with_deep_stack(lambda: queries(project(code, tmp_path)))[-1]["index"]
    assert (found["verdict"], found["name"]) == ("served", "folded")


def test_an_index_that_bounds_all_without_the_order_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Which of the two the server takes is settled by trial."""
    full = 'db.c.create_index([("a", 1), ("z", 1)], name="az", partialFilterExpression={"z": 5})'
    monkeypatch.setitem(globals(), "HEAD", HEAD.replace("\n\n\ndef", f"\n{full}\n\n\ndef"))
    told = "only a in the index, z checked on each document"
    ordered = 'db.c.find({"a": x, "z": 5}).sort("b", 1)'
    unless = ", unless the server takes az, which bounds all and leaves the sort to memory"
    assert verdict(tmp_path / "a", ordered) == ("partial", "ab", told + unless)
    assert verdict(tmp_path / "b", ordered.replace("5", "6")) == ("partial", "ab", told)


def test_what_is_optional_is_said(tmp_path: Path) -> None:
    body = """
        query = {"z": x}
        if flag:
            query["a"] = y
        return db.c.find(query)
    """
    loaded = project(CLEAR + textwrap.indent(textwrap.dedent(body), "    "), tmp_path)
    found = with_deep_stack(lambda: queries(loaded))[-1]["index"]
    assert found["verdict"] == "unserved"
    assert found["reason"].endswith("and not every call asks for a, too")


def test_a_filter_is_read_as_data(tmp_path: Path) -> None:
    code = CLEAR + textwrap.indent(
        textwrap.dedent(
            """
            base = {"a": 1, "b": {"$gt": x, "$lte": 5}}
            base["t"] = {"$elemMatch": {"k": "v", "n": {"$in": [1, 2]}}}
            return db.c.find({**base, "$or": [{"s": None}, {"s": {"$exists": False}}], "$expr": {"$eq": ["$q", 2]}})
            """
        ),
        "    ",
    )
    loaded = project(code, tmp_path)
    model = loaded.project
    query = with_deep_stack(lambda: query_of(model.reader, model.operations[-1]))
    assert repr(query.filter) == (
        "{'a': 1, 'b': {'$gt': ?, '$lte': 5}, 't': {'$elemMatch': {'k': 'v', 'n': {'$in': [1, 2]}}}, "
        "'$or': [{'s': None}, {'s': {'$exists': False}}], '$expr': {'$eq': ['$q', 2]}}"
    )


def test_what_pipelines_ask_of_other_collections(tmp_path: Path) -> None:
    code = """
        from pymongo import MongoClient

        db = MongoClient(timeoutMS=5000).app
        db.authors.create_index("country")


        def run(x):
            match = {"$and": [{"$expr": {"$eq": ["$book", "$$id"]}}, {"stars": {"$gte": 3}}]}
            return db.books.aggregate([
                {"$lookup": {"from": "authors", "localField": "a", "foreignField": "country", "as": "a"}},
                {"$lookup": {"from": "reviews", "let": {"id": "$_id"}, "pipeline": [{"$match": match}], "as": "r"}},
                {"$graphLookup": {"from": "parts", "startWith": "$_id", "connectFromField": "_id",
                                  "connectToField": "parent", "as": "parts"}},
                {"$unionWith": {"coll": "drafts", "pipeline": [{"$match": {"owner": x}}]}},
            ])
    """
    model = project(code, tmp_path).project
    asked = with_deep_stack(lambda: model.lookups)
    found = [(lookup.collection, list(lookup.filter), verdict.verdict) for _, lookup, verdict in asked]
    assert found == [
        ("authors", ["country"], "served"),
        ("reviews", ["stars", "$expr"], "unserved"),
        ("parts", ["parent"], "unserved"),
        ("drafts", ["owner"], "unserved"),
    ]


def test_one_helper_makes_the_indexes_of_many_collections(tmp_path: Path) -> None:
    names = [f"part{number}" for number in range(30)]
    calls = "\n".join(f'    make_index("{name}", [("{name}_id", 1), ("at", 1)], unique=True)' for name in names)
    code = f"""\
from pymongo import MongoClient

db = MongoClient().app
prefix = "shop_"


def get(name):
    return getattr(db, prefix + name)


def make_index(name, keys, **options):
    found = get(name)
    found.create_index(keys, **options)


def make_indexes():
{calls}


def load(part_id):
    return get("part29").find_one({{"part29_id": part_id}})
"""
    loaded = project(code, tmp_path)
    declared = with_deep_stack(lambda: loaded.project.indexes)
    assert [(each.collection_name, each.keys) for each in declared] == [
        (f"shop_{name}", ((f"{name}_id", 1), ("at", 1))) for name in names
    ]
    last = with_deep_stack(lambda: queries(loaded))[-1]
    assert (last["collection"], last["index"]["verdict"]) == ("shop_part29", "served")


def test_a_text_index_serves_no_comparison(tmp_path: Path) -> None:
    code = """\
from pymongo import MongoClient

db = MongoClient().app
db.notes.create_index([("text", "text"), ("user", "text")], name="words")


def of(user):
    return db.notes.find_one({"user": user})
"""
    loaded = project(code, tmp_path)
    found = with_deep_stack(lambda: queries(loaded))[-1]["index"]
    assert (found["verdict"], found["reason"]) == ("unserved", "words is a text index, which only $text reads")


def test_indexes_in_a_table_of_arguments(tmp_path: Path) -> None:
    code = """\
import sys

from pymongo import MongoClient

if hasattr(sys, "building_docs"):
    db = ""
else:
    db = MongoClient().app


def make_indexes(active=None):
    active = active or db
    indexes = [
        ("notes", ["text"], {}),
        ("users", ["email"], {"unique": True}),
        ("visits", [[("page", 1), ("at", -1)]], {}),
    ]
    for name, args, kwargs in indexes:
        getattr(active, name).create_index(*args, **kwargs)
"""
    loaded = project({"app.py": code, "script.py": "from app import make_indexes\n\nmake_indexes()\n"}, tmp_path)
    found = with_deep_stack(lambda: loaded.project.indexes)
    assert [(each.collection_name, each.keys, dict(each.options)) for each in found] == [
        ("notes", (("text", 1),), {}),
        ("users", (("email", 1),), {"unique": True}),
        ("visits", (("page", 1), ("at", -1)), {}),
    ]
    assert {loaded.project.index_span(each).file for each in found} == {"app.py"}


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ('[(name, 1) for name in ("shop", "sku")]', [(("shop", 1), ("sku", 1))]),
        ('[(name, way) for name, way in (("shop", 1), ("at", -1))]', [(("shop", 1), ("at", -1))]),
        ("[(name, pymongo.TEXT) for name in TITLES]", [(("title", "text"),)]),
        ("[(name, pymongo.TEXT) for name in read_names(path)]", [(("_fts", "text"),)]),
        ("[(name, 1) for name in read_names(path)]", [None]),
        ('[(name, 1) for name in ("shop", "sku") if name in path]', [None]),
        ('[(name, "text") for name in ("shop", "sku") if name in path]', [(("_fts", "text"),)]),
    ],
)
def test_keys_that_a_comprehension_lists_are_one_index(keys: str, expected: list[object], tmp_path: Path) -> None:
    code = f"""\
import pymongo

TITLES = {{"title"}}
db = pymongo.MongoClient().app


def ensure_indexes(path):
    db.items.create_index({keys})
"""
    loaded = project(code, tmp_path)
    assert [each.keys for each in with_deep_stack(lambda: loaded.project.indexes)] == expected


def test_each_call_of_a_comprehension_is_an_index_of_its_own(tmp_path: Path) -> None:
    code = """\
from pymongo import MongoClient

db = MongoClient().app
SPECS = [("shop", "sku"), ("at",)]


def ensure_indexes():
    return [db.items.create_index([(name, 1) for name in spec]) for spec in SPECS]
"""
    loaded = project(code, tmp_path)
    found = with_deep_stack(lambda: loaded.project.indexes)
    assert [each.keys for each in found] == [(("shop", 1), ("sku", 1)), (("at", 1),)]


@pytest.mark.parametrize(
    ("declared", "verdict"),
    [
        ("for name, keys in read_specs(path):\n        db[name].create_index(keys)", "unknown"),
        ("db[path].create_index('a')", "unserved"),
        ("pass\n\n\ndef make_index(name, keys):\n    db[name].create_index(keys)", "unserved"),
    ],
    ids=["a table that is not read", "known keys", "a helper that nobody calls"],
)
def test_a_table_of_indexes_that_cannot_be_read_leaves_it_open(declared: str, verdict: str, tmp_path: Path) -> None:
    code = f"""\
from pymongo import MongoClient

db = MongoClient().app


def ensure_indexes(path):
    {declared}


def load(email):
    return db.users.find_one({{"email": email}})
"""
    loaded = project(code, tmp_path)
    assert with_deep_stack(lambda: queries(loaded))[-1]["index"]["verdict"] == verdict


@pytest.mark.parametrize(
    ("callers", "expected"),
    [("", "served"), ('\n\ndef run():\n    find("x")\n', "served"), ("\n\ndef run():\n    find()\n", "unserved")],
    ids=["a framework", "a value", "the default"],
)
def test_the_default_of_a_parameter_is_not_what_is_given(callers: str, expected: str, tmp_path: Path) -> None:
    text = (
        "from pymongo import MongoClient\n\ndb = MongoClient(timeoutMS=5000).app\n"
        'db.c.create_index("s", partialFilterExpression={"s": {"$exists": True}})\n\n\n'
        'def find(s=None):\n    return db.c.find_one({"s": s})\n'
    )
    loaded = project(text + callers, tmp_path)
    (found,) = [each for each in with_deep_stack(lambda: queries(loaded)) if each["method"] == "find_one"]
    assert found["index"]["verdict"] == expected
