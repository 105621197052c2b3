"""Asking a server for the plan of a query: samples for what is not known, rights, and the answers of all servers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pymongo.database import Database

from mongolint.config import Config
from mongolint.coverage import ANY, Index
from mongolint.coverage import explain as judge
from mongolint.engine.explained import explained
from mongolint.engine.load import load
from mongolint.engine.served import add_server
from mongolint.live.explain import Served, command_of, database_of, explain
from mongolint.live.plans import planned
from mongolint.live.samples import Sampler
from mongolint.live.uri import LiveError, Uri
from mongolint.project.explained.answer import answer
from mongolint.project.explained.sent import Sent
from mongolint.project.verdicts import Query
from mongolint.source.deepstack import with_deep_stack

Db = Database[dict[str, Any]]

# Every operator with a value that is not known
FILTERS: list[dict[str, Any]] = [
    {"a": ANY},
    {"a": {"$eq": ANY}},
    {"a": {"$in": ANY}},
    {"a": {"$in": [ANY, 1]}},
    {"a": {"$nin": ANY}},
    {"a": {"$ne": ANY}},
    {"a": {"$gt": ANY}},
    {"a": {"$gte": ANY, "$lt": ANY}},
    {"a": {"$lte": ANY, "$gt": ANY}},
    {"a": {"$exists": ANY}},
    {"a": {"$type": ANY}},
    {"a": {"$mod": ANY}},
    {"a": {"$regex": ANY}},
    {"a": {"$regex": "^b\ue000", "$options": "?"}},
    {"a": {"$regex": "^b\ue000"}},
    {"a": {"$not": {"$regex": ANY}}},
    {"a": {"$all": ANY}},
    {"a": {"$all": [ANY]}},
    {"a": {"$size": ANY}},
    {"a": {"$elemMatch": {"b": ANY, "c": {"$gt": ANY}}}},
    {"a": {"$elemMatch": {"$gt": ANY}}},
    {"a": {"$bitsAllSet": ANY}},
    {"place": {"$geoWithin": {"$geometry": ANY}}},
    {"place": {"$near": {"$geometry": ANY, "$maxDistance": ANY}}},
    {"$text": {"$search": ANY}},
    {"$expr": {"$eq": ["$a", ANY]}},
    {"$expr": ANY, "a": ANY},
    {"$or": [{"a": ANY}, {"b": {"$gt": ANY}}]},
    {"$nor": [{"a": ANY}]},
    {"$and": [{"a": ANY}, {"$or": [{"b": ANY}, {"c": ANY}]}]},
    {"$jsonSchema": ANY},
    {"a": {"b": ANY}},
    {"a": [ANY, ANY]},
]
INDEXES = [
    Index([("a", 1), ("b", 1)]),
    Index([("b", 1)]),
    Index([("c", 1)]),
    Index([("place", "2dsphere")]),
    Index([("t", "text")]),
]


def sampled(filter: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
    sampler = Sampler()
    return sampler.filter(filter), sampler.fields


@pytest.mark.parametrize("filter", FILTERS, ids=repr)
def test_samples_keep_the_plan(filter: dict[str, Any]) -> None:
    known, fields = sampled(filter)
    assert fields
    assert "?" not in repr(known)
    before, after = judge(filter, INDEXES), judge(known, INDEXES)
    for name in ("usable", "covered", "bounds", "selective", "best", "exact"):
        assert getattr(after, name) == getattr(before, name), name


@pytest.mark.parametrize("filter", FILTERS, ids=repr)
def test_a_server_takes_samples(filter: dict[str, Any], server_db: Db, mongod_uri: str) -> None:
    server_db.c.create_index("a")
    server_db.c.create_index([("place", "2dsphere")])
    server_db.c.create_index([("t", "text")])
    served = one(Uri(mongod_uri), server_db.name, Query("c", filter))
    assert served.refused == ""
    assert served.plan is not None
    assert [index.name for index in served.indexes or ()] == ["_id_", "a_1", "place_2dsphere", "t_text"]


def one(uri: Uri, database: str, query: Query, sent: Sent | None = None) -> Served:
    [found] = explain(uri, [(database, query, sent or Sent())], 10)
    return found


@pytest.mark.parametrize(
    ("filter", "fields"),
    [
        ({"a": ANY, "b": 1, "c": {"$gt": ANY}}, ["a", "c"]),
        ({"$or": [{"a": ANY}, {"b": {"$regex": "^x\ue000"}}]}, ["a", "b"]),
        ({"a": {"$elemMatch": {"b": ANY}}}, ["b"]),
        ({"$text": {"$search": ANY}}, ["$text"]),
        ({"a": 1}, []),
    ],
)
def test_fields_with_samples(filter: dict[str, Any], fields: list[str]) -> None:
    assert sampled(filter)[1] == fields


def test_commands() -> None:
    query = Query("c", {"a": 1}, (("b", -1),), "a_1", {"locale": "en"}, {"a": 1})
    assert command_of(query, Sent(), Sampler()) == {
        "find": "c",
        "filter": {"a": 1},
        "hint": "a_1",
        "collation": {"locale": "en"},
        "sort": {"b": -1},
        "projection": {"a": 1},
    }
    by_keys = Query("c", {"a": 1}, hint=(("a", 1), ("b", -1)))
    assert command_of(by_keys, Sent("count"), Sampler()) == {"count": "c", "query": {"a": 1}, "hint": {"a": 1, "b": -1}}
    distinct = command_of(by_keys, Sent("distinct", "k"), Sampler())
    assert distinct == {"distinct": "c", "key": "k", "query": {"a": 1}}
    pipeline = command_of(
        Query("c", {}), Sent("aggregate", pipeline=({"$match": {"a": 1}}, {"$limit": ANY})), Sampler()
    )
    assert pipeline == {"aggregate": "c", "pipeline": [{"$match": {"a": 1}}, {"$limit": 1}], "cursor": {}}


def test_database() -> None:
    uri, bare = Uri("mongodb://h/shop"), Uri("mongodb://h/admin")
    assert [database_of(uri, given, named) for given, named in (("x", "y"), (None, "y"))] == ["x", "shop"]
    assert database_of(bare, None, "y") == "y"
    with pytest.raises(LiveError, match="which database"):
        database_of(bare, None, None)


EXAMPLE = Path(__file__).parents[2] / "examples" / "bookshelf_fixed"


def test_an_example_is_planned_as_judged(server_db: Db, mongod_uri: str) -> None:
    """Every query of the example, on a server with the indexes that it declares."""
    loaded = with_deep_stack(lambda: load([EXAMPLE], Config(root=EXAMPLE), EXAMPLE, jobs=1)).project
    operations = [o for o in loaded.operations if o.method.kind in ("read", "write")]
    for name in {name for operation in operations for name in operation.collection_names}:
        server_db.create_collection(name)
    for index in loaded.indexes:
        if index.collection_name is not None and index.keys:
            server_db[index.collection_name].create_index(list(index.keys), **index.options)

    def told() -> list[dict[str, Any]]:
        answers = [answer(loaded, operation) for operation in operations]
        items = explained(loaded, answers)
        add_server(loaded, answers, items, Uri(mongod_uri), server_db.name, 60)
        return [each for item in items for each in (item, *item["inner"]) if each["server"]]

    found = with_deep_stack(told)
    assert len(found) > 50
    differing = [(each["mongosh"], each["server"]["differences"]) for each in found if each["server"]["same"] is False]
    # Which of two that can serve it is better, only the documents tell
    assert [each for each in differing if any(one["kind"] != "preferred" for one in each[1])] == []
    assert sum(each["server"]["same"] is True for each in found) > 50


# Rights


def test_the_role_read_is_enough(guarded: Any) -> None:
    served = one(Uri(guarded.uri("readeruser")), "shop", Query("orders", {"user": ANY}))
    assert served.plan is not None
    assert [read.name for read in served.plan.reads] == ["user_1"]
    assert [index.name for index in served.indexes or ()] == ["_id_", "user_1"]


@pytest.mark.parametrize(
    ("user", "password", "message"),
    [
        ("readeruser", "wrong", "refuses the login: user name, password or authSource is wrong"),
        ("strangeruser", None, "the login may not read shop"),
    ],
)
def test_refused(guarded: Any, user: str, password: str | None, message: str) -> None:
    uri = guarded.uri(user, password=password) if password else guarded.uri(user)
    with pytest.raises(LiveError, match=message) as caught:
        one(Uri(uri), "shop", Query("orders", {"user": ANY}))
    assert user not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_what_cannot_be_listed(server_db: Db, mongod_uri: str) -> None:
    server_db.c.create_index("a")
    server_db.create_collection("v", viewOn="c", pipeline=[{"$match": {"b": 1}}])
    served = one(Uri(mongod_uri), server_db.name, Query("v", {"a": ANY}))
    assert (served.indexes, served.plan and [read.name for read in served.plan.reads]) == (None, ["a_1"])
    assert served.unlisted == "it is a view, and its indexes are those of the collection that it reads"
    missing = one(Uri(mongod_uri), server_db.name, Query("gone", {"a": ANY}))
    assert (missing.indexes, missing.plan and missing.plan.empty) == ((), True)


# Answers of servers and topologies that are not at hand, as the manual shows them

SCAN = {
    "stage": "IXSCAN",
    "indexName": "a_1",
    "keyPattern": {"a": 1},
    "indexBounds": {"a": ['["x", "x"]']},
    "isMultiKey": False,
}
FETCH = {"stage": "FETCH", "inputStage": SCAN}


def winning(plan: dict[str, Any], version: str = "8.0.1") -> dict[str, Any]:
    return {"queryPlanner": {"winningPlan": plan}, "serverInfo": {"version": version}}


TOLD = 'IXSCAN a_1 (a: ["x", "x"])'
SORT = {"stage": "SORT", "sortPattern": {"b": -1}, "inputStage": FETCH}
OTHER = {**SCAN, "indexName": "b_1"}
ANSWERS: list[tuple[dict[str, Any], str, list[str]]] = [
    (winning(FETCH), f"{TOLD} > FETCH", ["a_1"]),
    (winning({"queryPlan": FETCH, "slotBasedPlan": {}}), f"{TOLD} > FETCH", ["a_1"]),
    (winning({"stage": "COLLSCAN"}), "COLLSCAN", []),
    (winning({"stage": "EXPRESS_IXSCAN", "indexName": "_id_"}), "EXPRESS_IXSCAN _id_", ["_id_"]),
    (winning({"stage": "IDHACK"}), "IDHACK", ["_id_"]),
    (winning({"stage": "CLUSTERED_IXSCAN", "minRecord": 1}), "CLUSTERED_IXSCAN", ["_id_"]),
    (winning(SORT), f"{TOLD} > FETCH > SORT {{b: -1}}", ["a_1"]),
    (
        winning({"stage": "OR", "inputStages": [SCAN, OTHER]}),
        f"({TOLD}; {TOLD.replace('a_1', 'b_1')}) > OR",
        ["a_1", "b_1"],
    ),
    # A server before 5.1, with a stage behind the plan
    ({"stages": [{"$cursor": winning(FETCH)}, {"$sort": {"sortKey": {"b": -1}}}]}, f"{TOLD} > FETCH", ["a_1"]),
    # A $lookup inside the plan reads indexes of another collection
    (
        winning({"stage": "EQ_LOOKUP", "foreignCollection": "d.u", "strategy": "HashJoin", "inputStage": FETCH}),
        f"{TOLD} > FETCH > EQ_LOOKUP u (HashJoin)",
        ["a_1"],
    ),
    # Shards
    (
        winning({"stage": "SHARD_MERGE", "shards": [{"winningPlan": FETCH}, {"winningPlan": {"stage": "COLLSCAN"}}]}),
        f"{TOLD} > FETCH; COLLSCAN",
        ["a_1"],
    ),
    ({"shards": {"one": {"stages": [{"$cursor": winning(FETCH)}]}, "two": winning(FETCH)}}, f"{TOLD} > FETCH", ["a_1"]),
    ({}, "no plan", []),
]


@pytest.mark.parametrize(("answer", "text", "indexes"), ANSWERS, ids=[text for _, text, _ in ANSWERS])
def test_answers(answer: dict[str, Any], text: str, indexes: list[str]) -> None:
    found = planned(answer)
    assert (found.text, [read.name for read in found.reads]) == (text, indexes)
    assert found.scans == ("COLLSCAN" in text)
    assert found.sorts == ({(("b", -1),)} if "sort" in repr(answer) else set())
