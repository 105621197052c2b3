"""``indexes suggest``: the fewest indexes, each needed, with which all known queries are served."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mongolint.coverage import ANY, Index, explain
from mongolint.engine.listing import suggestions
from mongolint.finding import Severity
from mongolint.project.advice.merging import merge
from mongolint.project.advice.patterns import Pattern, patterns_of, wide_comparisons
from mongolint.project.verdicts import Query
from mongolint.source.deepstack import with_deep_stack
from mongolint.testing import findings, project
from mongolint.testing.projects import run as check

HEAD = "from pymongo import MongoClient\n\ndb = MongoClient(timeoutMS=5000).app\n"


def suggested(tmp_path: Path, body: str) -> list[tuple[str, dict[str, int], dict[str, Any], int]]:
    loaded = project(HEAD + textwrap.dedent(body), tmp_path)
    found = with_deep_stack(lambda: suggestions(loaded))
    return [(i["collection"], dict(i["keys"]), i["options"], len(i["serves"])) for i in found]


def test_one_index_serves_what_shares_a_prefix(tmp_path: Path) -> None:
    body = """
        def run(u, s, since):
            db.events.find({"user": u})
            db.events.find({"user": u, "state": s}).sort("at", -1)
            db.events.delete_many({"user": u, "state": s, "at": {"$lt": since}})
            db.events.update_one({"_id": u, "state": s}, {"$set": {"seen": True}})
    """
    assert suggested(tmp_path, body) == [("events", {"user": 1, "state": 1, "at": -1}, {}, 3)]


def test_equality_then_sort_then_range(tmp_path: Path) -> None:
    body = """
        def run(u, since):
            return db.events.find({"since": {"$gte": since}, "user": u}).sort([("rank", 1), ("at", -1)])
    """
    assert suggested(tmp_path, body) == [("events", {"user": 1, "rank": 1, "at": -1, "since": 1}, {}, 1)]


def test_pages_in_no_order_are_to_be_sorted_by_id(tmp_path: Path) -> None:
    body = """
        def run(u, skip):
            return db.events.find({"user": u}).skip(skip).limit(9), db.events.count_documents({"user": u})
    """
    assert suggested(tmp_path, body) == [("events", {"user": 1, "_id": 1}, {}, 2)]


def test_a_finding_asks_for_the_index_that_is_required(tmp_path: Path) -> None:
    """Pages of documents that are not marked as gone: a partial index, with ``_id`` behind."""
    code = """
        from pymongo import MongoClient

        db = MongoClient(timeoutMS=5000).app


        def run(u, skip):
            return list(db.events.find({"gone": False, "user": u}).skip(skip).limit(9))
    """
    loaded = project(textwrap.dedent(code), tmp_path)
    (found,) = check(loaded, ["MDB104"])
    index = '[("user", 1), ("_id", 1)], partialFilterExpression={"gone": False}'
    assert found.message.endswith(f"declare create_index({index})")


def test_what_is_declared_is_not_suggested_again(tmp_path: Path) -> None:
    body = """
        db.events.create_index([("user", 1), ("at", 1)])

        def run(u):
            db.events.find({"user": u}).sort("at", -1)
            db.events.count_documents({"user": u, "kind": "x"})
    """
    assert suggested(tmp_path, body) == []


def test_a_filter_that_varies_needs_its_sure_part(tmp_path: Path) -> None:
    body = """
        def run(u, state):
            query = {"user": u}
            if state:
                query["state"] = state
            db.events.find(query).sort("at", -1)
            db.events.find({"user": u, "state": state}).sort("rank", 1)
    """
    assert suggested(tmp_path, body) == [("events", {"user": 1, "state": 1, "rank": 1}, {}, 2)]


def test_each_branch_of_an_or(tmp_path: Path) -> None:
    body = """
        db.users.create_index("email")

        def run(x):
            return db.users.find_one({"$or": [{"email": x}, {"phone": x}]})
    """
    assert suggested(tmp_path, body) == [("users", {"phone": 1}, {}, 1)]


def test_a_constant_makes_it_partial(tmp_path: Path) -> None:
    body = """
        def run(u):
            db.tasks.find({"owner": u, "done": False})
            db.tasks.count_documents({"owner": u, "done": False})
    """
    assert suggested(tmp_path, body) == [("tasks", {"owner": 1}, {"partialFilterExpression": {"done": False}}, 2)]
    other = body.rstrip() + '\n            db.tasks.find({"owner": u})\n'
    assert suggested(tmp_path, other) == [("tasks", {"owner": 1, "done": 1}, {}, 3)]


def test_a_flag_does_not_choose_the_order_of_keys(tmp_path: Path) -> None:
    body = """
        def run(flow, user, everything):
            db.chats.find({"flow": flow})
            db.chats.find({"flow": flow, "gone": False})
            mine = {"gone": False} if everything else {"user": user, "gone": False}
            db.chats.find(mine).sort("at", -1)
    """
    assert suggested(tmp_path, body) == [
        ("chats", {"flow": 1, "gone": 1}, {}, 2),
        ("chats", {"gone": 1, "at": -1}, {}, 1),
    ]


def test_what_another_query_sorts_by_is_not_partial(tmp_path: Path) -> None:
    body = """
        db.tasks.create_index([("owner", 1), ("title", 1)])

        def run(owner, everything):
            db.tasks.find({"owner": owner, "done": False}).sort("at", 1)
            filter = {"owner": owner}
            if not everything:
                filter["hidden"] = False
            db.tasks.find(filter).sort("at", 1)
    """
    assert [(keys, options) for _, keys, options, _ in suggested(tmp_path, body)] == [({"owner": 1, "at": 1}, {})]


def test_unique_and_expiry_come_first(tmp_path: Path) -> None:
    body = """
        from datetime import datetime, timedelta, timezone
        import secrets

        def start(user):
            token = secrets.token_urlsafe()
            end = datetime.now(timezone.utc) + timedelta(hours=1)
            db.sessions.insert_one({"token": token, "user": user, "expires_at": end})
            return token

        def find(token):
            return db.sessions.find_one({"token": token})
    """
    assert suggested(tmp_path, body) == [
        ("sessions", {"token": 1}, {"unique": True}, 1),
        ("sessions", {"expires_at": 1}, {"expireAfterSeconds": 0}, 0),
    ]


def test_joins_count_as_queries(tmp_path: Path) -> None:
    body = """
        def run(x):
            join = {"from": "reviews", "localField": "_id", "foreignField": "book", "as": "reviews"}
            return db.books.aggregate([{"$match": {"_id": x}}, {"$lookup": join}])
    """
    assert suggested(tmp_path, body) == [("reviews", {"book": 1}, {}, 1)]


def test_the_requests_of_a_bulk_write_count_as_queries(tmp_path: Path) -> None:
    body = """
        from pymongo import UpdateOne

        def run(seen):
            requests = [UpdateOne({"sku": sku}, {"$inc": {"n": 1}}) for sku in seen]
            db.stock.bulk_write(requests)
    """
    assert suggested(tmp_path, body) == [("stock", {"sku": 1}, {}, 1)]


def test_nothing_is_claimed_where_an_index_is_not_known(tmp_path: Path) -> None:
    body = """
        db.users.create_index(KEYS)

        def run(x):
            return db.users.find_one({"email": x})
    """
    assert suggested(tmp_path, body) == []


def test_what_each_query_costs_without_it(tmp_path: Path) -> None:
    body = """
        db.events.create_index([("user", "hashed")])

        def run(u, s):
            db.events.find({"user": u}).sort("at", -1)
            db.users.find_one({"mail": s})
            db.users.find_one({"active": True})
    """
    found = with_deep_stack(lambda: suggestions(project(HEAD + textwrap.dedent(body), tmp_path)))
    told = {tuple(key for key, _ in index["keys"]): (index["why"], index["reason"]) for index in found}
    assert told == {
        ("user", "at"): ("query", "without it 1 query sorts in memory what an index finds"),
        ("mail",): ("query", "without it 1 query reads the whole collection"),
        ("active",): (
            "flag",
            "without it 1 query reads the whole collection; only yes or no is asked of it, so it helps where few "
            "documents have the value that is asked for",
        ),
    }
    assert [each["cost"] for index in found for each in index["serves"]].count("sort") == 1


def test_what_an_index_does_not_help_is_not_required(tmp_path: Path) -> None:
    body = """
        def run(x):
            db.events.find({"gone": {"$exists": True}})
            db.events.find({"$or": [{"kind": x}, {"seen": {"$exists": True}}]})
    """
    assert suggested(tmp_path, body) == []


def test_no_second_index_on_the_keys_of_a_partial_one(tmp_path: Path) -> None:
    body = """
        db.users.create_index("handle", unique=True, partialFilterExpression={"handle": {"$type": "string"}})

        def run(x):
            return db.users.find_one({"handle": x})
    """
    assert suggested(tmp_path, body) == []
    (found,) = check(project(HEAD + textwrap.dedent(body), tmp_path), ["MDB104"])
    assert found.message.endswith(
        "let the filter say, too, what handle_1 holds: servers before 5.0 make no second index on the same keys"
    )


def test_a_list_and_the_count_of_it_are_told_as_one(tmp_path: Path) -> None:
    """One index serves both, and other fields that it serves as well are told apart."""
    body = """
def page(role):
    every = db.users.find({"role": role}).sort("at", -1).limit(9)
    return list(every), db.users.count_documents({"role": role}), db.users.find_one({"role": role, "at": 1})
"""
    found = check(project(HEAD + body, tmp_path), ["MDB104"])
    assert [each.message.partition(":")[0] for each in found] == [
        "find on users filters by role (2 queries)",
        "find_one on users filters by role, at",
    ]


def test_a_field_of_documents_is_no_key(tmp_path: Path) -> None:
    body = """
        def save(kind, hits, total):
            db.runs.insert_one({"kind": kind, "result": {"hits": hits, "total": total}, "key": {"a": 1}})

        def run(x):
            db.runs.find({"kind": x, "result": None})
            db.runs.find({"result": "file"})
            db.runs.find({"key": {"a": x}})
    """
    assert suggested(tmp_path, body) == [("runs", {"key": 1}, {}, 1), ("runs", {"kind": 1}, {}, 1)]


@pytest.mark.parametrize(("filter", "is_flag"), [({"done": False}, True), ({"kind": "x", "done": False}, False)])
def test_yes_or_no_is_less_severe(filter: dict[str, Any], is_flag: bool, tmp_path: Path) -> None:
    (found,) = check(project(f"{HEAD}def run():\n    return db.jobs.find_one({filter})\n", tmp_path), ["MDB104"])
    assert (found.severity, "only yes or no is asked" in found.message) == (
        (Severity.LOW, True) if is_flag else (Severity.MEDIUM, False)
    )


def test_a_finding_names_the_index_that_is_suggested(tmp_path: Path) -> None:
    body = """
        def run(u, s):
            db.events.find({"user": u})
            db.events.find({"user": u, "state": s}).sort("at", -1)
            db.events.delete_many({"user": u, "state": s, "kind": "x"})
    """
    found = check(project(HEAD + textwrap.dedent(body), tmp_path), ["MDB104"])
    loaded = suggested(tmp_path, body)
    named = [one.message.rpartition("declare ")[2] for one in found]
    keys = [", ".join(f'("{name}", {way})' for name, way in keys.items()) for _, keys, _, _ in loaded]
    assert len(keys) < len({one.message for one in found})
    assert {*named} == {f"create_index([{each}])" for each in keys}


def test_a_collation_is_the_index_s_too(tmp_path: Path) -> None:
    body = """
        from pymongo.collation import Collation

        def run(u):
            db.logins.find_one({"mail": u}, collation=Collation(locale="en", strength=2))
            db.logins.delete_many({"mail": u}, collation=Collation(locale="en", strength=2))
            db.logins.count_documents({"mail": u})
    """
    assert suggested(tmp_path, body) == [
        ("logins", {"mail": 1}, {"collation": {"locale": "en", "strength": 2}}, 2),
        ("logins", {"mail": 1}, {}, 1),
    ]


def test_yes_or_no_chooses_the_order_last(tmp_path: Path) -> None:
    body = """
        def run(u):
            db.jobs.find({"failed": True})
            db.jobs.find({"failed": True, "owner": u})
            db.jobs.find({"owner": u})
    """
    assert [keys for _, keys, _, _ in suggested(tmp_path, body)] == [{"owner": 1, "failed": 1}, {"failed": 1}]


_names = st.sampled_from(["a", "b", "c", "d"])
_rest = st.lists(st.tuples(_names, st.sampled_from([1, -1])), max_size=2, unique_by=lambda key: key[0])


@st.composite
def _patterns(draw: st.DrawFn) -> Pattern:
    rest = draw(_rest)
    equal = draw(st.lists(_names, max_size=3, unique=True).filter(lambda names: bool(names or rest)))
    ordered = {name for name, _ in rest}
    equal = [name for name in equal if name not in ordered]
    sorts = draw(st.integers(0, len(rest)))
    return Pattern(tuple(equal), tuple(rest), loose=bool(equal) and draw(st.booleans()), ordered=sorts)


@given(st.lists(_patterns(), min_size=1, max_size=5))
def test_what_is_merged_is_served(wanted: list[Pattern]) -> None:
    """Each pattern's own query is bounded by the keys it got, and in its order."""
    for pattern, keys in merge(wanted).items():
        assert len({name for name, _ in keys}) == len(keys)
        ranges = {name: {"$gt": ANY} for name, _ in pattern.rest[pattern.ordered :]}
        sort = () if pattern.loose else pattern.rest[: pattern.ordered]
        plan = explain(dict.fromkeys(pattern.equal, ANY) | ({} if pattern.loose else ranges), [Index(keys)], sort=sort)
        assert plan.usable
        assert set(pattern.equal) <= set(plan.bounds)
        assert plan.sort_in_memory is (False if sort else None), (pattern, keys)


@given(st.lists(_patterns(), min_size=1, max_size=5))
def test_merging_never_needs_more(wanted: list[Pattern]) -> None:
    assert len(set(merge(wanted).values())) <= len(set(wanted))


@pytest.mark.parametrize(
    ("filter", "keys"),
    [
        ({"a": 1, "b": {"$gt": 2}}, [(("a", 1), ("b", 1))]),
        ({"t": {"$elemMatch": {"k": 1, "n": {"$gt": 2}}}}, [(("t.k", 1), ("t.n", 1))]),
        ({"name": {"$regex": "^x"}}, [(("name", 1),)]),
        ({"a": {"$ne": 1}, "b": 2}, [(("b", 1),)]),
        ({"$or": [{"a": 1}, {"b": 1}], "c": 2}, [(("c", 1),)]),
        ({"$or": [{"a": 1}, {"b": 1}]}, [(("a", 1),), (("b", 1),)]),
        ({"$or": [{"a": 1}, {"$where": "x"}]}, []),
        ({"loc": {"$geoWithin": {"$centerSphere": [[0, 0], 1]}}}, [(("loc", "2dsphere"),)]),
        ({"$where": "x"}, []),
    ],
    ids=str,
)
def test_patterns(filter: dict[str, Any], keys: list[Any]) -> None:
    assert [pattern.keys for pattern in patterns_of(Query("c", filter))] == keys


@pytest.mark.parametrize(
    ("filter", "wide"),
    [
        ({"a": {"$regex": "x"}}, {"a": "regex"}),
        ({"a": {"$regex": ANY, "$options": "i"}}, {"a": "case"}),
        ({"a": {"$regex": "^x", "$options": "i"}}, {"a": "case"}),
        ({"a": {"$ne": 1}, "b": {"$exists": True}}, {"a": "negation", "b": "exists"}),
        ({"$or": [{"a": {"$regex": "x"}}, {"b": {"$not": {"$gt": 1}}}]}, {"a": "regex", "b": "negation"}),
        ({"a": {"$regex": ANY}}, {}),
        ({"a": {"$ne": 1}, "b": 1}, {}),
        ({"$or": [{"a": {"$regex": "x"}}, {"b": 1}]}, {}),
        ({"a": {"$exists": False}}, {}),
        ({"a": {"$nin": [1, 2]}}, {"a": "negation"}),
        ({"a": {"$ne": ANY}}, {"a": "negation"}),
        ({"a": {"$nin": ANY}}, {}),
        ({"a": {"$ne": None}}, {}),
        ({"a": {"$nin": [None, ""]}}, {}),
        ({"$expr": ANY, "a": {"$ne": 1}}, {}),
    ],
    ids=str,
)
def test_wide(filter: dict[str, Any], wide: dict[str, str]) -> None:
    assert wide_comparisons(Query("c", filter)) == wide


STARTED = """
    import asyncio

    from fastapi import FastAPI

    app = FastAPI()


    async def check(database):
        for org in database.orgs.find({{"storage.custom": False}}):
            print(org)


    async def prepare(database):
        {before}await check(database)


    @app.on_event("startup")
    async def start():
        asyncio.create_task(prepare(db))


    class Bot(discord.Client):
        async def {event}(self):
            db.logs.find({{"open": True}})
"""

STARTS: list[tuple[dict[str, str], str, list[str]]] = [
    ({}, "", []),
    # A request, a loop, a use that is not seen
    ({}, '\n\n@app.get("/check")\nasync def again():\n    await check(db)\n', ["orgs"]),
    ({"before": "while True: "}, "", ["orgs"]),
    ({}, "\n\nCHECKS = [check]\n", ["orgs"]),
    # A bot is ready each time that it has connected anew
    ({"event": "on_ready"}, "", ["logs"]),
]


@pytest.mark.parametrize(("changed", "more", "wanted"), STARTS)
def test_what_only_the_start_asks_of_a_flag_needs_no_index(
    changed: dict[str, str], more: str, wanted: list[str], tmp_path: Path
) -> None:
    """It runs once, and most documents may say so."""
    written = STARTED.format(**{"before": "", "event": "setup_hook"} | changed)
    code = f"{HEAD}import discord\n{textwrap.dedent(written)}{more}"
    loaded = project(code, tmp_path)
    assert [each["collection"] for each in with_deep_stack(lambda: suggestions(loaded))] == wanted
    assert [each.message.split()[2] for each in check(loaded, ["MDB104"])] == wanted


def test_what_the_start_asks_by_a_key_still_does(tmp_path: Path) -> None:
    written = STARTED.format(before="", event="setup_hook").replace('"storage.custom": False', '"owner": 5')
    found = suggested(tmp_path, "import discord\n" + textwrap.dedent(written))
    assert found == [("orgs", {"owner": 1}, {}, 1)]


@pytest.mark.parametrize(("folder", "is_told"), [("migrations", False), ("scripts", True), ("app", True)])
def test_a_migration_needs_no_index(folder: str, is_told: bool, tmp_path: Path) -> None:
    """It runs once, and the index would outlive it."""
    code = f'{HEAD}\n\ndef upgrade(x):\n    db.orgs.update_many({{"kind": x}}, {{"$set": {{"kind": 1}}}})\n'
    found = check(project({f"{folder}/m0001_kinds.py": code}, tmp_path), ["MDB104"])
    assert bool(found) is is_told


BULK = """\
from pymongo import MongoClient, UpdateOne

db = MongoClient(timeoutMS=5000).app


def store(rows):
    requests = []
    for row in rows:
        requests.append(UpdateOne({FILTER}, {"$set": row}, upsert=True))
    SEND
"""
SENT = {
    "all": ('"device": row["device"]', "db.readings.bulk_write(requests)", ["device"]),
    "in slices": (
        '"device": row["device"], "at": row["at"]',
        "for i in range(0, len(requests), 500):\n        db.readings.bulk_write(requests[i : i + 500])",
        ["device, at"],
    ),
    "by _id": ('"_id": row["_id"]', "db.readings.bulk_write(requests)", []),
    "by a field with an index": ('"name": row["name"]', "db.readings.bulk_write(requests)", []),
    "by what is not known": ("**row", "db.readings.bulk_write(requests)", []),
    "nobody sees where": ('"device": row["device"]', "return requests", []),
}


@pytest.mark.parametrize(("filter", "send", "fields"), SENT.values(), ids=SENT)
def test_each_request_of_a_bulk_write_is_a_query(filter: str, send: str, fields: list[str], tmp_path: Path) -> None:
    text = BULK.replace("FILTER", filter).replace("SEND", send) + '\n\ndb.readings.create_index("name")\n'
    found = findings(text, tmp_path, rules={"MDB104"})
    told = [f"bulk_write on readings filters by {each}: no index" for each in fields]
    assert len(found) == len(told)
    assert all(start in finding.message for start, finding in zip(told, found, strict=True))
    assert all("each request reads" in finding.message for finding in found)


def test_a_database_is_called_what_the_code_calls_it_anywhere(tmp_path: Path) -> None:
    code = """\
from os import environ

from pymongo import MongoClient

client = MongoClient(timeoutMS=5000)


def find(name):
    return client[environ["DB"]].shops.find_one({"name": name})


def add(shop):
    client.market.shops.insert_one(shop)
    client[environ["DB"]].towns.find_one({"name": shop["town"]})
"""
    found = suggestions(project(code, tmp_path))
    assert {each["collection"]: each["database"] for each in found} == {"shops": "market", "towns": None}
