"""The bulk operations of PyMongo 3 are writes to their collection, sent once."""

from __future__ import annotations

from pathlib import Path

from mongolint.engine.listing import queries
from mongolint.source.deepstack import with_deep_stack
from mongolint.testing import findings, project

CODE = {
    "store.py": """\
from pymongo import MongoClient

db = MongoClient(serverSelectionTimeoutMS=5000, socketTimeoutMS=5000).shop


class Batch:
    def __init__(self, collection):
        self._bulk = collection.initialize_ordered_bulk_op()

    def chosen(self, name):
        return self._bulk.find({"name": name}).upsert()

    def send(self):
        return self._bulk.execute()
""",
    "fill.py": """\
from store import Batch, db


def fill(items, shop):
    bulk = db.users.initialize_unordered_bulk_op()
    batch = Batch(db["orders"])
    for item in items:
        query = {"email": item["email"]}
        if shop:
            query["shop"] = shop
        bulk.find(query).upsert().update_one({"$set": item})
        bulk.find(selector={"gone": True}).remove()
        chosen = bulk.find({"_id": item["_id"]})
        chosen.replace_one(item)
        bulk.insert({"name": "x"})
        batch.chosen(item["name"]).update({"$inc": {"n": 1}})
    bulk.execute()
    batch.send()


def in_chunks(chunks):
    for chunk in chunks:
        bulk = db.users.initialize_unordered_bulk_op()
        for item in chunk:
            bulk.find({"_id": item}).remove_one()
        bulk.execute()


def not_mongodb(cursor, items):
    for item in items:
        cursor.execute(item)
        items.remove(item)
""",
}


def test_what_is_queued(tmp_path: Path) -> None:
    loaded = project(CODE, tmp_path)
    found = with_deep_stack(lambda: queries(loaded))
    told = [
        (q["line"], q["collection"], q["method"], q["filter"]["required"], q["filter"]["optional"], q["in_loop"])
        for q in found
        if q["file"].endswith("fill.py")
    ]
    assert told == [
        (11, "users", "update_one", ["email"], ["shop"], True),
        (12, "users", "remove", ["gone"], [], True),
        (14, "users", "replace_one", ["_id"], [], True),
        (15, "users", "insert", [], [], True),
        (16, "orders", "update", ["name"], [], True),
        (17, "users", "execute", [], [], False),
        (25, "users", "remove_one", ["_id"], [], True),
        (26, "users", "execute", [], [], True),
    ]
    assert [(q["collection"], q["method"]) for q in found if q["file"].endswith("store.py")] == [("orders", "execute")]
    assert not any(q["filter"]["open"] for q in found)
    assert next(q for q in found if q["line"] == 14)["index"]["name"] == "_id_"


def test_what_is_sent_at_once_is_no_query_for_each_item(tmp_path: Path) -> None:
    assert not [f for f in findings(CODE, tmp_path) if f.code == "MDB101"]
