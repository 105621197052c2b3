"""Which indexes are redundant: by the question itself, on a real server, and in the code of projects."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from pymongo.collection import Collection
from pymongo.database import Database
from pymongo.errors import OperationFailure

from mongolint.coverage import Index
from mongolint.project.advice.redundancy import redundant
from mongolint.testing import project

A, AB, ABC = (("a", 1),), (("a", 1), ("b", 1)), (("a", 1), ("b", 1), ("c", 1))
BA = (("a", -1), ("b", 1))
PARTIAL = {"partialFilterExpression": {"c": {"$gt": 1}}}
ENGLISH = {"collation": {"locale": "en"}}

# The indexes, and for each that goes: its number, that of the one that is kept, what it is to that
CASES: dict[str, tuple[list[Index], list[tuple[int, int | None, str]]]] = {
    "prefix": ([Index(A), Index(AB)], [(0, 1, "a prefix of")]),
    "the shortest that stays": ([Index(A), Index(AB), Index(ABC)], [(0, 2, "a prefix of"), (1, 2, "a prefix of")]),
    "reverse": ([Index((("a", -1),)), Index(AB)], [(0, 1, "in reverse a prefix of")]),
    "reverse of two": ([Index(BA), Index((("a", 1), ("b", -1), ("c", 1)))], [(0, 1, "in reverse a prefix of")]),
    "the last of two alike": ([Index(A), Index((("a", -1),))], [(1, 0, "the reverse of")]),
    "twice": ([Index(A), Index(A, {"name": "x"}), Index(A)], [(1, 0, "the same as"), (2, 0, "the same as")]),
    "unique twice": ([Index(A, {"unique": True}), Index(A, {"unique": True})], [(1, 0, "the same as")]),
    "beside a unique one": ([Index(A), Index(A, {"unique": True})], [(0, 1, "on the same keys as")]),
    "beside a TTL one": ([Index(A), Index(A, {"expireAfterSeconds": 0})], [(0, 1, "on the same keys as")]),
    "of a unique one": ([Index(A), Index(AB, {"unique": True})], [(0, 1, "a prefix of")]),
    "hashed": ([Index((("a", "hashed"),)), Index((("a", "hashed"), ("b", 1)))], [(0, 1, "a prefix of")]),
    "one partial filter": ([Index(A, PARTIAL), Index(AB, PARTIAL)], [(0, 1, "a prefix of")]),
    "one collation": ([Index(A, ENGLISH), Index(AB, ENGLISH)], [(0, 1, "a prefix of")]),
    "text twice": ([Index((("t", "text"),)), Index((("t", "text"),))], [(1, 0, "the same as")]),
    "on _id": ([Index((("_id", 1),), {"name": "x"})], [(0, None, "the server always keeps an index on _id")]),
    "beginning with _id": ([Index((("_id", 1), ("a", 1)))], []),
    "options that are off": ([Index(A, {"unique": False}), Index(AB, {"sparse": False})], [(0, 1, "a prefix of")]),
    "options without effect": ([Index(A, {"background": True}), Index(AB, {"name": "x"})], [(0, 1, "a prefix of")]),
    "not the first fields": ([Index((("b", 1),)), Index(AB)], []),
    "another order of two": ([Index((("a", 1), ("b", -1))), Index(ABC)], []),
    "unique": ([Index(A, {"unique": True}), Index(AB, {"unique": True})], []),
    "TTL": ([Index(A, {"expireAfterSeconds": 5}), Index(AB)], []),
    "TTL of another age": ([Index(A, {"expireAfterSeconds": 5}), Index(A, {"expireAfterSeconds": 6})], []),
    "TTL of an age not known": ([Index(A, {"expireAfterSeconds": None}), Index(A, {"expireAfterSeconds": None})], []),
    "sparse": ([Index(A, {"sparse": True}), Index(AB, {"sparse": True})], []),
    "of a sparse one": ([Index(A), Index(AB, {"sparse": True})], []),
    "of a partial one": ([Index(A), Index(AB, PARTIAL)], []),
    "partial": ([Index(A, PARTIAL), Index(AB)], []),
    "of a hidden one": ([Index(A), Index(AB, {"hidden": True})], []),
    "another collation": ([Index(A), Index(AB, ENGLISH)], []),
    "a collation not known": ([Index(A, {"collation": None}), Index(AB, {"collation": None})], []),
    "uniqueness not known": ([Index(A, {"unique": None}), Index(AB)], []),
    "hashed and ordered": ([Index((("a", "hashed"),)), Index(AB)], []),
    "of a 2dsphere one": ([Index(A), Index((("a", 1), ("g", "2dsphere")))], []),
    "of a text one": ([Index(A), Index((("a", 1), ("t", "text")))], []),
    "of a wildcard one": ([Index(A), Index((("a", 1), ("$**", 1)))], []),
    "_id, hashed": ([Index((("_id", "hashed"),))], []),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_cases(case: tuple[list[Index], list[tuple[int, int | None, str]]]) -> None:
    indexes, expected = case
    found = [(_number(indexes, i), None if k is None else _number(indexes, k), why) for i, k, why in redundant(indexes)]
    assert found == expected


def _number(indexes: list[Index], index: Index) -> int:
    return next(number for number, other in enumerate(indexes) if other is index)


_keys = st.permutations("abc").flatmap(
    lambda names: st.lists(st.sampled_from([1, 1, -1, "hashed"]), min_size=1, max_size=3).map(
        lambda kinds: tuple(zip(names, kinds, strict=False))
    )
)
_options = st.sampled_from([{}] * 3 + [{"unique": True}, {"sparse": True}, PARTIAL, ENGLISH])
_indexes = st.lists(st.builds(Index, _keys, _options), min_size=2, max_size=5)


@given(_indexes)
def test_what_stays_is_enough(indexes: list[Index]) -> None:
    """What is kept stays, and without those that go none is redundant any more."""
    found = redundant(indexes)
    gone = [index for index, _, _ in found]
    staying = [index for index in indexes if all(index is not other for other in gone)]
    assert staying
    assert all(any(kept is other for other in staying) for _, kept, _ in found)
    assert redundant(staying) == []
    # Which of several goes may depend on the order; how many stay may not
    assert len(redundant(indexes[::-1])) == len(found)


# A real server

# MONGOLINT_DRAWS asks for more
DRAWS = int(os.environ.get("MONGOLINT_DRAWS", "25"))
_value = st.sampled_from([None, 0, 1, 2, 3, "x1", "x2"])
_document = st.dictionaries(st.sampled_from("abc"), _value, max_size=3)
_range = st.sampled_from([{"$gt": 1}, {"$lt": 3}, {"$gte": 1, "$lte": 3}, {"$regex": "^x"}])
_comparison = st.one_of(_range, st.sampled_from([1, "x1", {"$in": [1, 3]}, {"$exists": True}, {"$ne": 2}]))
_filter = st.dictionaries(st.sampled_from("abc"), _comparison, max_size=2)
_sort = st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from([1, -1])), max_size=3, unique_by=lambda key: key[0])
_command = st.sampled_from(["find", "find", "find", "count", "distinct"])
_queries = st.lists(st.tuples(_command, _filter, _sort), min_size=12, max_size=12)


@seed(3)
@settings(
    max_examples=DRAWS,
    deadline=None,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(st.lists(_document, min_size=10, max_size=10), _indexes, _queries)
def test_server_misses_none(
    server_db: Database[dict[str, Any]],
    documents: list[dict[str, Any]],
    indexes: list[Index],
    queries: list[tuple[str, dict[str, Any], list[tuple[str, int]]]],
) -> None:
    """Whatever a redundant index does for a query, the one that is kept does too: no scan, sort or fetch more."""
    collection = server_db["drawn"]
    collection.drop()
    collection.insert_many([dict(document) for document in documents])
    made = list(_made(collection, indexes))
    for index, kept, _ in redundant(made):
        assert kept is not None
        mine = [_plans(collection, made, index, query) for query in queries]
        its = [_plans(collection, made, kept, query) for query in queries]
        for query, before, after in zip(queries, mine, its, strict=True):
            if "COLLSCAN" in before[0]:
                continue
            for stage in {"COLLSCAN", "SORT", "FETCH"} - before[0]:
                assert not all(stage in plan for plan in after), (stage, query, index, kept)
            for stage in {"DISTINCT_SCAN", "COUNT_SCAN"} & before[0]:
                assert any(stage in plan for plan in after), (stage, query, index, kept)


def _made(collection: Collection[dict[str, Any]], indexes: list[Index]) -> Iterator[Index]:
    """Those that the server makes, each with a name of its own."""
    for number, index in enumerate(indexes):
        named = Index(index.keys, {**index.options, "name": f"i{number}"})
        try:
            collection.create_index(named.keys, **named.options)
        except OperationFailure:
            continue
        yield named


def _plans(
    collection: Collection[dict[str, Any]],
    indexes: list[Index],
    seen: Index,
    query: tuple[str, dict[str, Any], list[tuple[str, int]]],
) -> list[set[str]]:
    """The stages of each plan for a query where all indexes but one are hidden, the winning plan first."""
    for index in indexes:
        _hide(collection, index.name, index is not seen)
    name, predicate, sort = query
    command: dict[str, Any] = {name: collection.name, ("filter" if name == "find" else "query"): predicate}
    if name == "find" and sort:
        command["sort"] = dict(sort)
    if name == "distinct":
        command["key"] = seen.keys[0][0]
    if "collation" in seen.options:
        command["collation"] = seen.options["collation"]
    told = collection.database.command({"explain": command, "verbosity": "queryPlanner"})["queryPlanner"]
    return [set(_stages(plan)) for plan in (told["winningPlan"], *told.get("rejectedPlans", ()))]


def _hide(collection: Collection[dict[str, Any]], name: str, hidden: bool) -> None:
    collection.database.command("collMod", collection.name, index={"name": name, "hidden": hidden})


def _stages(plan: Any) -> Iterator[str]:
    if isinstance(plan, dict):
        if "stage" in plan:
            yield plan["stage"]
        for value in plan.values():
            yield from _stages(value)
    elif isinstance(plan, list):
        for value in plan:
            yield from _stages(value)


def test_hidden_index_is_not_missed(server_db: Database[dict[str, Any]]) -> None:
    """The server's own way to try it: hide the index, and ask the same again."""
    orders = server_db["orders"]
    orders.insert_many([{"user_id": i % 5, "shop": i % 3, "created": i} for i in range(50)])
    orders.create_index("user_id")
    orders.create_index([("user_id", -1), ("created", 1)])
    orders.create_index([("shop", "hashed")])
    orders.create_index([("shop", "hashed"), ("created", 1)])
    declared = [Index(tuple(index["key"].items()), {"name": index["name"]}) for index in orders.list_indexes()]
    gone = [index for index, kept, _ in redundant(declared) if kept is not None]
    assert [index.name for index in gone] == ["user_id_1", "shop_hashed"]
    queries: list[tuple[dict[str, Any], list[tuple[str, int]]]] = [
        ({"user_id": 1}, []),
        ({"user_id": {"$gt": 2}}, [("user_id", 1)]),
        ({"shop": 1}, []),
        ({"shop": {"$in": [0, 2]}}, []),
    ]
    before = [list(orders.find(query, sort=sort or None)) for query, sort in queries]
    for index in gone:
        _hide(orders, index.name, True)
    for (query, sort), found in zip(queries, before, strict=True):
        cursor = orders.find(query, sort=sort or None)
        stages = set(_stages(cursor.explain()["queryPlanner"]["winningPlan"]))
        assert stages == {"FETCH", "IXSCAN"}
        key = [document["_id"] for document in found]
        assert [document["_id"] for document in cursor] == key if not sort else len(key) == len(list(cursor))


# In projects

HEAD = """\
from pymongo import IndexModel, MongoClient

from settings import OPTIONS, enabled

db = MongoClient().app
"""
FOUND = {
    "statements": 'db.users.create_index("a")\ndb.users.create_index([("a", 1), ("b", 1)])\n',
    "in a list": 'db.users.create_indexes([IndexModel([("a", 1), ("b", 1)]), IndexModel("a")])\n',
    "through a helper": """\
        def ensure(collection, keys, **options):
            collection.create_index(keys, **options)


        ensure(db.users, "a", background=True)
        ensure(db.users, [("a", 1), ("b", 1)], unique=True)
        """,
    "on every collection": """\
        for users in (db.users, db.admins):
            users.create_index("a")
            users.create_index([("a", 1), ("b", 1)])
        """,
    "under one condition": """\
        if enabled:
            db.users.create_index("a")
            db.users.create_index([("a", 1), ("b", 1)])
        """,
    "under a condition the shorter only": """\
        if enabled:
            db.users.create_index("a")
        db.users.create_index([("a", 1), ("b", 1)])
        """,
    "a hint at another": """\
        db.users.create_index("a")
        db.users.create_index([("a", 1), ("b", 1)])
        db.users.find({"a": 1}).hint("a_1_b_1")
        db.admins.find({"a": 1}).hint("a_1")
        """,
}
NOT_FOUND = {
    "unique by a helper's options": """\
        def ensure(collection, keys, **options):
            collection.create_index(keys, **options)


        ensure(db.users, "a", unique=True)
        ensure(db.users, [("a", 1), ("b", 1)])
        """,
    "options known at run time": """\
        db.users.create_index("a", **OPTIONS)
        db.users.create_index([("a", 1), ("b", 1)])
        """,
    "the longer one with options known at run time": """\
        db.users.create_index("a")
        db.users.create_index([("a", 1), ("b", 1)], **OPTIONS)
        """,
    "another collection": 'db.users.create_index("a")\ndb.admins.create_index([("a", 1), ("b", 1)])\n',
    "another database": """\
        db.users.create_index("a")
        db.client.other.users.create_index([("a", 1), ("b", 1)])
        """,
    "needed on another collection": """\
        for users in (db.users, db.admins):
            users.create_index("a")
        db.users.create_index([("a", 1), ("b", 1)])
        """,
    "the longer one under a condition": """\
        db.users.create_index("a")
        if enabled:
            db.users.create_index([("a", 1), ("b", 1)])
        """,
    "tried where the longer one failed": """\
        try:
            db.users.create_index([("a", 1), ("b", 1)])
        except Exception:
            db.users.create_index("a")
        """,
    "made again after an error": """\
        try:
            db.users.create_index("a")
        except Exception:
            db.users.drop_indexes()
            db.users.create_index("a")
        """,
    "the longer one in a function that nothing runs": """\
        db.users.create_index("a")


        def later():
            db.users.create_index([("a", 1), ("b", 1)])
        """,
    "the same in two parts of a program": """\
        db.users.create_index("a")


        def ensure():
            db.users.create_index("a")


        ensure()
        """,
    "an array in the longer one": """\
        db.users.create_index("a")
        db.users.create_index([("a", 1), ("b.c", 1)])
        db.users.update_one({"_id": 1}, {"$push": {"b": {"c": 1}}})
        """,
    "elements asked for in the longer one": """\
        db.users.create_index("a")
        db.users.create_index([("a", 1), ("b", 1)])
        db.users.find({"b": {"$elemMatch": {"$gt": 1}}})
        """,
    "a hint by name": """\
        db.users.create_index("a")
        db.users.create_index([("a", 1), ("b", 1)])
        db.users.update_one({"a": 1}, {"$set": {"c": 1}}, hint="a_1")
        """,
    "a hint by keys in a write request": """\
        from pymongo import UpdateOne

        db.users.create_index("a")
        db.users.create_index([("a", 1), ("b", 1)])
        db.users.bulk_write([UpdateOne({"a": 1}, {"$set": {"c": 1}}, hint=[("a", 1)])])
        """,
    "a hint known at run time": """\
        db.users.create_index("a")
        db.users.create_index([("a", 1), ("b", 1)])
        db.users.find({"a": 1}).hint(OPTIONS)
        """,
}


def _needless(code: str, tmp_path: Path, file: str = "app.py") -> list[str]:
    text = HEAD + "".join(line.removeprefix("        ") for line in code.splitlines(keepends=True))
    return [found.index.name for found in project({file: text}, tmp_path).project.redundant_indexes]


@pytest.mark.parametrize("code", FOUND.values(), ids=FOUND)
def test_found_in_code(code: str, tmp_path: Path) -> None:
    assert _needless(code, tmp_path) == ["a_1"]


@pytest.mark.parametrize("code", NOT_FOUND.values(), ids=NOT_FOUND)
def test_not_found_in_code(code: str, tmp_path: Path) -> None:
    assert _needless(code, tmp_path) == []


def test_migrations_are_history(tmp_path: Path) -> None:
    assert _needless(FOUND["statements"], tmp_path, "migrations/0001_users.py") == []
