"""``review``: what it asks of collections, and what answers a question before it is asked."""

from __future__ import annotations

from typing import Any

import pytest

CODE = """\
from bson import ObjectId
from fastapi import FastAPI
from pydantic import BaseModel, Field
from pymongo import MongoClient

app = FastAPI()
db = MongoClient("mongodb://db/shop", timeoutMS=5000).shop
GOODS = [{"slug": "tea", "stock": 3}]


class Good(BaseModel):
    slug: str
    name: str = ""


@app.on_event("startup")
def start():
    db.goods.create_index("slug", unique=True)
    if db.news.count_documents({}) == 0:
        db.news.insert_many([{"text": "open"}])


@app.post("/goods")
def add(good: Good):
    db.goods.insert_one(good.model_dump())


@app.post("/goods/{slug}")
def buy(slug: str, count: int):
    db.goods.update_one({"slug": slug}, {"$inc": {"stock": -count, "sold": +1}})
"""

STOCK = "May stock go below zero? An update takes an amount off it, and no filter asks whether that much is there"
REFUSED = "Is 500 the answer to a key that is taken? slug_1 refuses it, and nothing that the code shows"
FAILS = "Does a second worker start all the same? A start of the application stores what it has not found"
FIRST = "def start():\n    if not db.goods.find_one({'slug': 'tea'}):\n        db.goods.insert_one({'slug': 'tea'})\n"
CAUGHT = "        try:\n            db.goods.insert_one({'slug': 'tea'})\n        except Exception:\n            pass"
TWICE = "Does only one worker ever start? A start of the application that finds the collection empty fills it, and two"


@pytest.mark.parametrize(
    ("before", "after", "asked"),
    [
        ("", "", {STOCK, REFUSED, TWICE}),
        # How much is there
        ('{"slug": slug}', '{"slug": slug, "stock": {"$gte": count}}', {REFUSED, TWICE}),
        (
            "def buy(slug: str, count: int):\n",
            "def buy(slug: str, count: int):\n    db.lines.delete_one({'slug': slug})\n",
            {REFUSED, TWICE},
        ),
        ("-count", "count", {REFUSED, TWICE}),
        # Who answers
        ("class Good(", "@app.exception_handler(Exception)\ndef fail(*_):\n    pass\n\n\nclass Good(", {STOCK, TWICE}),
        ("app = FastAPI()", "app = FastAPI(exception_handlers=HANDLERS)", {STOCK, TWICE}),
        (
            "    db.goods.insert_one(good.model_dump())",
            "    try:\n        db.goods.insert_one(good.model_dump())\n    except Exception:\n        return None",
            {STOCK, TWICE},
        ),
        ("slug: str\n", "slug: str = Field(default_factory=lambda: str(ObjectId()))\n", {STOCK, TWICE}),
        ("good.model_dump()", '{"slug": f"g-{ObjectId()}", "name": good.name}', {STOCK, TWICE}),
        ('create_index("slug", unique=True)', 'create_index("slug")', {STOCK, TWICE}),
        # What is stored twice
        ("def start():\n", FIRST, {STOCK, REFUSED, TWICE, FAILS}),
        (
            "def start():\n",
            FIRST.replace("        db.goods.insert_one({'slug': 'tea'})", CAUGHT),
            {STOCK, REFUSED, TWICE},
        ),
        ("def start():\n", 'def start():\n    db.news.create_index("text", unique=True)\n', {STOCK, REFUSED}),
        # Nothing makes the index either
        ('@app.on_event("startup")\n', "", {STOCK}),
        ("count_documents({})", 'count_documents({"text": "open"})', {STOCK, REFUSED}),
    ],
)
def test_what_two_do_at_the_same_time(before: str, after: str, asked: set[str], place: Any) -> None:
    shop = place.write({"shop.py": CODE.replace(before, after), "pyproject.toml": "[tool.mongolint]\n"})
    done = shop.run("review", ".", "--format", "json")
    notes = [note for held in done.asked.values() for note in held]
    for each in (STOCK, REFUSED, TWICE, FAILS):
        assert any(note.startswith(each) for note in notes) is (each in asked), notes


READS = """\
from fastapi import Depends, FastAPI, Request
from pymongo import MongoClient

app = FastAPI()
db = MongoClient("mongodb://db/shop", timeoutMS=5000).shop
BY_DAY = [{"$unwind": "$lines"}, {"$group": {"_id": "$day", "sold": {"$sum": "$lines.count"}}}, {"$limit": 14}]


def current_user(request: Request):
    return db.users.find_one({"key": request.headers["key"]}, {"password": 0})


@app.get("/addresses")
def addresses(user=Depends(current_user)):
    fresh = db.users.find_one({"key": user["key"]})
    return fresh["addresses"]


@app.get("/sold")
def sold():
    return {"all": db.orders.count_documents({}), "days": list(db.orders.aggregate(BY_DAY))}



@app.delete("/orders/{key}")
def forget(key: str):
    db.orders.delete_one({"key": key})
    return {"ok": True}
"""

AGAIN = "Would the document do that current_user has read for the same request?"
ALL = "Would the documents of a span of time do, or a result that is kept for a while? A pipeline reads all documents"
COUNTED = "Would estimated_document_count() do? A request counts all documents one by one"
LOOKED = "Is the answer the same when there was no such document? Nothing looks whether what the path names was there"


@pytest.mark.parametrize(
    ("before", "after", "asked"),
    [
        ("", "", {AGAIN, ALL, COUNTED, LOOKED}),
        # The first does not have it, or it has changed since
        ('fresh["addresses"]', 'fresh["password"]', {ALL, COUNTED, LOOKED}),
        (
            "    fresh =",
            '    db.users.update_one({"key": user["key"]}, {"$set": {"seen": 1}})\n    fresh =',
            {ALL, COUNTED, LOOKED},
        ),
        ('{"key": user["key"]}', '{"key": user["friend"]}', {ALL, COUNTED, LOOKED}),
        ('[{"$unwind"', '[{"$match": {"day": {"$gt": 3}}}, {"$unwind"', {AGAIN, COUNTED, LOOKED}),
        ('[{"$unwind"', '[{"$limit": 5}, {"$unwind"', {AGAIN, COUNTED, LOOKED}),
        ("count_documents({})", 'count_documents({"open": 1})', {AGAIN, ALL, LOOKED}),
        ("count_documents({})", "count_documents({}) > 0", {AGAIN, ALL, LOOKED}),
        ('@app.get("/sold")\n', "", {AGAIN, LOOKED}),
        ("    db.orders.delete_one", "    gone = db.orders.delete_one", {AGAIN, ALL, COUNTED}),
        (
            "    db.orders.delete_one",
            "    db.orders.find_one({'key': key})\n    db.orders.delete_one",
            {AGAIN, ALL, COUNTED},
        ),
        ('{"key": key}', '{"key": key, "open": 1}', {AGAIN, ALL, COUNTED}),
    ],
)
def test_what_requests_read_for_nothing(before: str, after: str, asked: set[str], place: Any) -> None:
    shop = place.write({"shop.py": READS.replace(before, after), "pyproject.toml": "[tool.mongolint]\n"})
    done = shop.run("review", ".", "--format", "json")
    notes = [note for held in done.asked.values() for note in held]
    for each in (AGAIN, ALL, COUNTED, LOOKED):
        assert any(note.startswith(each) for note in notes) is (each in asked), notes
