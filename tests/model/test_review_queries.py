"""Which queries a review shows to look at first, and what it says would serve them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mongolint.engine.review.queries import patterns
from mongolint.source.deepstack import with_deep_stack
from mongolint.testing import project

HEAD = """\
from fastapi import FastAPI
from pymongo import MongoClient

app = FastAPI()
db = MongoClient(timeoutMS=5000).app
db.users.create_index("email", unique=True, partialFilterExpression={"email": {"$type": "string"}})
db.alerts.create_index([("place", 1), ("event", 1)], unique=True)
db.alerts.create_index("kind")


@app.get("/")
def read(place, event, kind, email):
"""


def _shown(body: str, folder: Path) -> list[dict[str, Any]]:
    loaded = project({"app.py": f"{HEAD}    return {body}\n"}, folder)
    return with_deep_stack(lambda: patterns(loaded))


def test_one_document_by_a_unique_key_is_no_query_to_look_at(tmp_path: Path) -> None:
    one = 'db.alerts.find_one({"place": place, "event": event, "kind": {"$ne": kind}})'
    assert _shown(one, tmp_path) == []


def test_what_an_index_serves_in_part_is_shown_where_another_is_required(tmp_path: Path) -> None:
    """Else the list of required indexes would lack what the queries beside it ask for."""
    few = 'list(db.alerts.find({"place": place, "kind": {"$ne": kind}}).limit(9))'
    assert _shown(few, tmp_path / "few") == []
    sorts = 'list(db.alerts.find({"kind": kind}).sort("at", 1).limit(9))'
    (shown,) = _shown(sorts, tmp_path / "sorts")
    assert (shown["verdict"]["verdict"], shown["better"]["keys"]) == ("partial", [[["kind", 1], ["at", 1]]])


def test_no_second_index_beside_a_partial_one_on_the_same_keys(tmp_path: Path) -> None:
    (shown,) = _shown('db.users.find_one({"email": email})', tmp_path)
    assert shown["verdict"]["verdict"] == "unserved"
    assert shown["better"] is None


def test_a_list_is_called_as_the_code_calls_it(tmp_path: Path) -> None:
    body = """\
    keys = [each["_id"] for each in db.places.find({"kind": kind})]
    return db.alerts.count_documents({"owner": {"$in": keys}})


@app.get("/other")
def other(kind):
    return read(0, 0, kind, 0)
"""
    loaded = project({"app.py": f"{HEAD}{body}"}, tmp_path)
    shown = next(each for each in with_deep_stack(lambda: patterns(loaded)) if each["collection"] == "alerts")
    assert shown["mongosh"] == "db.alerts.countDocuments({owner: {$in: <keys>}})"
    assert shown["reached"] == "GET / and 1 more request"
