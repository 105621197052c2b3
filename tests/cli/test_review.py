"""``review``: what it writes, that each place it names is there, and what becomes of it the next time."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from mongolint.report.review.document import scripts

ROOT = Path(__file__).parents[2]
SCHEMAS = ROOT / "mongolint" / "report" / "schemas"
BOOKSHELF = ROOT / "examples" / "bookshelf"

CODE = """\
from pymongo import MongoClient

db = MongoClient("mongodb://db/shop?replicaSet=rs0").shop


def names(orders):
    for order in orders:
        print(db.customers.find_one({"_id": order}))


def by_mail(mail):
    return db.customers.find_one({"mail": mail})


def alive():
    return db.command("ping")
"""


@pytest.fixture
def shop(place: Any) -> Any:
    return place.write({"shop/orders.py": CODE, "pyproject.toml": "[tool.mongolint]\n", "backup.sh": "mongodump\n"})


def review(shop: Any, *arguments: str) -> dict[str, Any]:
    done = shop.run("review", "shop", "--format", "json", *arguments)
    assert done.code == 0, done.err
    found: dict[str, Any] = json.loads(done.out)
    return found


def test_places_are_there(shop: Any) -> None:
    found = review(shop)
    places = list(_places(found))
    assert len(places) > 10
    for each in places:
        lines = (shop.root / each["file"]).read_text().splitlines()
        assert 1 <= each["line"] <= len(lines)
        assert 1 <= each["column"] <= len(lines[each["line"] - 1]) + 1


def test_what_only_tests_ask_counts_nowhere(shop: Any) -> None:
    shop.write(
        {
            "shop/tests/test_orders.py": """\
            from shop.orders import db, names


            def test_names():
                db.customers.delete_many({"mail": "x"})
                db.fakes.delete_many({"mail": "x"})
                names([])
            """
        }
    )
    found = review(shop)
    (customers,) = found["coverage"]["collections"]
    assert customers["name"] == "customers"
    assert [place["file"] for shape in customers["shapes"] for place in shape["places"]] == ["shop/orders.py"] * 2
    assert [held["completeness"]["queries"] for held in found["collections"]] == [2]


def test_findings_by_cause(shop: Any) -> None:
    found = review(shop)
    codes = [issue["code"] for issue in found["issues"]]
    assert len(codes) == len(set(codes))
    assert {"MDB101", "MDB104", "MDB503"} <= set(codes)
    loop = next(issue for issue in found["issues"] if issue["code"] == "MDB101")
    assert [(place["line"], place["collections"]) for place in loop["places"]] == [(8, ["customers"])]
    assert any(line["mark"] for line in loop["places"][0]["frame"])
    assert loop["impact"]
    assert found["counts"]["high"] >= 1
    assert found["health"]["level"] in ("orange", "red")
    assert [step["issues"] for step in found["plan"]]
    assert {number for step in found["plan"] for number in step["issues"]} == {i["id"] for i in found["issues"]}


def test_a_reason_that_several_indexes_share_is_told_once() -> None:
    shared = {"keys": [["id", 1]], "options": {}, "database": None, "replaces": None}
    two = [{**shared, "collection": name, "reason": "it helps"} for name in ("a", "b")]
    found = scripts([*two, {**shared, "collection": "c", "reason": "the data"}])
    assert found["mongosh"].splitlines() == [
        'use("<your database>");',
        "// each of these 2: it helps",
        'db.getCollection("a").createIndex({"id": 1});',
        'db.getCollection("b").createIndex({"id": 1});',
        "// the data",
        'db.getCollection("c").createIndex({"id": 1});',
    ]
    assert found["python"].count("# each of these 2: it helps") == 1


def test_indexes(shop: Any) -> None:
    found = review(shop)
    assert [(index["priority"], index["collection"], index["keys"]) for index in found["indexes"]] == [
        (2, "customers", [["mail", 1]])
    ]
    assert 'db.getCollection("customers").createIndex({"mail": 1});' in found["scripts"]["mongosh"]
    compile(found["scripts"]["python"], "script", "exec")
    (customers,) = found["collections"]
    assert customers["needed"][0]["keys"] == [["mail", 1]]
    assert sum(part["weight"] for part in customers["completeness"]["parts"]) == 100


COLLECTIONS = """\
from datetime import datetime, timezone

from fastapi import FastAPI
from pymongo import MongoClient

app = FastAPI()
db = MongoClient("mongodb://db/shop").shop


def setup():
    db.orders.create_index("number", unique=True)
    db.command("collMod", "orders", validator={"$jsonSchema": {"required": ["number"]}})


@app.post("/orders")
def order(number: str):
    db.orders.insert_one({"number": number, "at": datetime.now(timezone.utc)})
    db.trail.insert_one({"what": "order", "at": datetime.now(timezone.utc)})


@app.get("/orders")
def orders(state: str):
    return list(db.orders.find({"state": state}).limit(5))


@app.delete("/orders")
def delete(number: str):
    if find(number) is None:
        raise LookupError(number)
    show(find(number))
    db.orders.delete_one({"number": number})


def find(number: str):
    return db.orders.find_one({"number": number})
"""


def test_collections(shop: Any, asked: Any) -> None:
    """Validators, indexes that nothing makes, what is kept for ever, what no write stores and so needs no index."""
    shop.write({"shop/orders.py": COLLECTIONS})
    found = review(shop)
    orders, trail = found["collections"]
    assert (orders["validator"], trail["validator"]) == (True, False)
    parts = {part["part"]: part["share"] for part in orders["completeness"]["parts"]}
    assert parts["validator"] == 1.0
    assert [index["made"] for index in orders["indexes"]] == [False]
    assert asked(found)["orders"] == [
        "Is state named right? The code asks for it, and no write that it shows stores it. (shop/orders.py:23)",
        "Can the document that was read be handed on? A function reads it twice, with no write in between that the "
        "code shows: again in line 30, by find. (shop/orders.py:28, shop/orders.py:30)",
    ]
    assert [each[:30] for each in asked(found)["trail"]] == ["How long are the documents kep"]
    assert not any("unique" in strength["text"] for strength in found["strengths"])
    out = shop.run("review", "shop").out
    assert "{number: 1} unique (made by no start of the application) | none | yes |" in out
    assert "\n**Upkeep**\n\n- **How long are the documents kept?** Nothing that the code shows deletes them" in out


ASKED = """\
from bson import ObjectId
from fastapi import FastAPI
from pymongo import AsyncMongoClient

app = FastAPI()
db = AsyncMongoClient("mongodb://db/shop", timeoutMS=5000).shop


@app.on_event("startup")
async def start():
    await db.answers.create_index("of")
    await db.tags.create_index("by")


@app.post("/answers")
async def answer(of: str, given: dict[str, str], hidden: bool):
    by = "-1" if hidden else ObjectId()
    await db.answers.insert_one({"of": of, "by": by, "given": given})


@app.get("/answers")
async def answers(of: str, name: str):
    told = db.answers.find({"of": of, f"given.{name}": {"$ne": ""}}).sort("_id").limit(20)
    counted = await db.answers.aggregate([{"$match": {"of": of, f"given.{name}": {"$ne": None}}}]).to_list(1)
    return await told.to_list(20), counted, await db.answers.find({"of": of}).to_list(length=100)
"""


def test_what_is_to_be_asked(shop: Any, asked: Any) -> None:
    """What the code shows, and does not say whether it is meant."""
    shop.write({"shop/orders.py": ASKED})
    (types, unlike, cut, named), (idle,) = asked(review(shop)).values()
    assert types.startswith("Is by meant to be now a string, now an ObjectId? A range meets one type only")
    assert types.endswith("(shop/orders.py:18)")
    assert unlike.startswith("Are documents without given.<…> meant, too? They fit the $ne of a filter")
    assert unlike.endswith("(shop/orders.py:23)")
    assert cut.startswith("Which documents may be missing, when there are more than 100? A query stops there, no sort")
    assert cut.endswith("(shop/orders.py:25)")
    assert named.startswith("Would an array of documents do in the place of given.<…>? Only a wildcard index on given")
    assert named.endswith("(shop/orders.py:23, shop/orders.py:24)")
    assert idle.startswith("What is the index by_1 for? No query that the code shows can use it, and each write keeps")


def test_steps_that_are_alike_are_one(shop: Any) -> None:
    """Two rules that ask for unique indexes make one step, and what is told with another finding is named there."""
    shop.write(
        {
            "shop/orders.py": """\
import secrets

from fastapi import FastAPI
from pymongo import MongoClient

app = FastAPI()
db = MongoClient("mongodb://db/shop", timeoutMS=5000).shop


@app.post("/orders")
def order(number: str):
    if db.orders.find_one({"number": number}) is None:
        db.orders.insert_one({"number": number})


@app.post("/tokens")
def token(user: str):
    made = secrets.token_urlsafe(32)
    db.tokens.insert_one({"token": made, "user": user})
    return made


@app.get("/tokens")
def user(token: str):
    return db.tokens.find_one({"token": token}, {"user": 1})["user"]
"""
        }
    )
    found = review(shop)
    by_code = {issue["code"]: issue for issue in found["issues"]}
    assert [also["code"] for also in by_code["MDB202"]["also"]] == ["MDB207"]
    (step,) = [step for step in found["plan"] if step["step"] == "Declare the unique index"]
    assert sorted(step["issues"]) == sorted(by_code[code]["id"] for code in ("MDB104", "MDB202", "MDB207"))
    assert step["collections"] == ["orders", "tokens"]
    out = shop.run("review", "shop").out
    assert "Declare the unique index: orders and tokens (2 high, 2 medium)" in out
    assert "Told with it, at 1 place:" in out
    # A plain index on the same keys would be refused beside the unique one
    assert 'declare create\\_index(\\[("number", 1)\\])' not in out
    assert 'declare create\\_index(\\[("number", 1)\\], unique=True)' in out


def test_what_another_finding_mends_is_told_with_it(shop: Any) -> None:
    """Queries that a missing unique index serves go with its step; what limits the client limits each operation."""
    shop.write(
        {
            "shop/orders.py": """\
from fastapi import FastAPI
from pymongo import MongoClient

app = FastAPI()
db = MongoClient("mongodb://db/shop").shop
db.orders.create_index("at")


@app.post("/orders")
def order(number: str):
    if db.orders.find_one({"number": number}) is None:
        db.orders.insert_one({"number": number})


@app.get("/orders")
def orders(number: str, mail: str):
    counted = db.orders.count_documents({"at": 1})
    return db.orders.find_one({"number": number}), db.users.find_one({"mail": mail}), counted
"""
        }
    )
    found = review(shop)
    ids = {issue["code"]: issue["id"] for issue in found["issues"]}
    assert {issue["code"]: issue["ends_with"] for issue in found["issues"] if issue["ends_with"]} == {
        "MDB103": ids["MDB301"]
    }
    steps = {step["step"]: (step["collections"], step["issues"]) for step in found["plan"]}
    unique = sorted([ids["MDB104"], ids["MDB202"]])
    assert steps["Declare the unique index and catch its error"] == (["orders"], unique)
    assert steps["Declare the index"] == (["users"], [ids["MDB104"]])
    assert steps["Limit the time of every operation"] == ([], sorted([ids["MDB103"], ids["MDB301"]]))
    ending = f"It ends with finding {ids['MDB301']}, whose fix is for all places at once: limit the time of every"
    assert ending in shop.run("review", "shop").out
    assert ending in shop.run("review", "shop", "--format", "html").out


def test_since_the_last_review(shop: Any) -> None:
    (shop.root / "old.json").write_text(json.dumps(review(shop)))
    mended = CODE.replace("        print(db", "        yield (db").replace(
        "def alive():", "def alive():\n    print(1)\n"
    )
    shop.write({"shop/orders.py": "# moved\n\n" + mended})
    compared = review(shop, "--baseline", "old.json")["compared"]
    assert [gone["code"] for gone in compared["fixed"]].count("MDB503") == 1
    assert len(compared["new"]) >= 1
    assert len(compared["remaining"]) >= 2


MARKED = """\
import os

from fastapi import FastAPI
from pymongo import MongoClient

app = FastAPI()
db = MongoClient(os.environ["MONGODB_URI"], timeoutMS=5000).app


@app.post("/users")
def register(email: str):
    if db.users.find_one({"email": email}):
        raise ValueError(email)
    db.users.insert_one({"email": email, "deleted": False})


@app.delete("/users")
def delete(email: str):
    db.users.update_one({"email": email}, {"$set": {"deleted": True}})
"""


def test_what_is_only_marked_as_deleted_is_told_before_unique_indexes(shop: Any) -> None:
    shop.write({"shop/users.py": MARKED})
    (index,) = [each for each in review(shop)["indexes"] if each["collection"] == "users"]
    assert index["keeps_deleted"]
    out = shop.run("review", "shop").out
    assert "- In users, documents that are only marked as deleted keep their email: a unique index then refuses" in out


@pytest.mark.parametrize("name", ["review.html", "review.md", "review.json"])
def test_files(shop: Any, name: str) -> None:
    done = shop.run("review", "shop", "-o", name)
    assert done.code == 0
    assert done.out == ""
    text = (shop.root / name).read_text(encoding="utf-8")
    begin = {"review.html": "<!DOCTYPE html>", "review.md": "# Database review", "review.json": "{"}[name]
    assert text.startswith(begin)
    assert "customers" in text


def test_markdown_is_the_default(shop: Any) -> None:
    out = shop.run("review", "shop").out
    assert out.startswith("# Database review\n")
    assert "mongolint check shop --select MDB101" in out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nowhere"], "nowhere: no such file or directory"),
        (["shop", "-o", "nowhere/review.html"], "cannot write: there is no such directory"),
        (["shop", "--baseline", "nowhere.json"], "nowhere.json: cannot read: no such file or directory"),
        (["shop", "--baseline", "backup.sh"], "backup.sh: not JSON"),
        (["shop", "--baseline", "list.json"], "list.json: not a review"),
    ],
)
def test_mistakes(shop: Any, arguments: list[str], message: str) -> None:
    (shop.root / "list.json").write_text("[1]")
    done = shop.run("review", *arguments)
    assert done.code == 2
    assert message in done.err
    assert len(done.err.splitlines()) == 1


def test_nothing_found(place: Any) -> None:
    place.write({"app.py": "def f():\n    return 1\n"})
    done = place.run("review", ".")
    assert done.code == 0
    assert "Health: good" in done.out


def test_formats_agree(shop: Any) -> None:
    """Every finding is in each of them."""
    found = review(shop)
    shop.run("review", "shop", "-o", "review.html")
    page = (Path(shop.root) / "review.html").read_text(encoding="utf-8")
    text = shop.run("review", "shop", "--format", "markdown").out
    for issue in found["issues"]:
        for each in issue["places"]:
            assert f'id="f-{each["fingerprint"]}"' in page
            at = rf"`{each['file']}(:{each['line']}`|` lines .*\b{each['line']}\b)"
            assert re.search(at, text)


def _places(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        if {"file", "line", "column"} <= value.keys():
            yield value
        for each in value.values():
            yield from _places(each)
    elif isinstance(value, list):
        for each in value:
            yield from _places(each)


def test_json_schema(shop: Any) -> None:
    """The JSON is what its schema says, with an earlier review and without, and the schema refuses less and more."""
    schema = json.loads((SCHEMAS / "review.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    checker = jsonschema.Draft202012Validator(schema)
    alone = review(shop)
    (shop.root / "old.json").write_text(json.dumps(alone))
    shop.write({"shop/orders.py": CODE.replace("print(", "str(")})
    example = shop.run("review", str(BOOKSHELF), "--format", "json").json
    for found in (alone, review(shop, "--baseline", "old.json"), example):
        assert not [f"{error.json_path}: {error.message[:300]}" for error in checker.iter_errors(found)]
    assert not checker.is_valid({**alone, "more": 1})
    assert not checker.is_valid({key: value for key, value in alone.items() if key != "plan"})
    assert not checker.is_valid({**alone, "issues": [{**alone["issues"][0], "severity": "dreadful"}]})


UNCHECKED = """\
from bson import ObjectId
from fastapi import FastAPI
from pymongo import MongoClient

app = FastAPI()
db = MongoClient("mongodb://db/shop", timeoutMS=5000).shop


def order(key):
    return db.orders.find_one({"_id": ObjectId(key)})


@app.get("/orders/{key}")
def get(key: str):
    return order(key)


@app.delete("/orders/{key}")
def delete(key: str):
    db.orders.delete_one({"_id": ObjectId(key)})
    db.orders.delete_many({"_id": ObjectId(key)})
"""


@pytest.mark.parametrize(
    ("before", "after", "places"),
    [
        ("", "", "(shop/orders.py:10, shop/orders.py:20)"),
        (
            "    return order(key)",
            "    try:\n        return order(key)\n    except Exception:\n        return None",
            ":23)",
        ),
        (
            '    db.orders.delete_one({"_id": ObjectId(key)})\n    db.orders.delete_many({"_id": ObjectId(key)})\n',
            "    try:\n        made = ObjectId(key)\n    except Exception:\n        return\n"
            '    db.orders.delete_one({"_id": made})\n',
            "(shop/orders.py:10)",
        ),
        ("key: str", "key: int", ""),
        ("from bson import ObjectId", "from bson import ObjectId\nfrom bson.errors import InvalidId", ""),
        ("def order(key):\n", "def order(key):\n    ObjectId.is_valid(key)\n", ""),
        ("def order(key):\n", "@app.exception_handler(Exception)\ndef order(key):\n", ""),
    ],
)
def test_keys_of_requests_that_are_no_ids(before: str, after: str, places: str, shop: Any, asked: Any) -> None:
    shop.write({"shop/orders.py": UNCHECKED.replace(before, after)})
    (held,) = asked(review(shop)).values()
    said = [note for note in held if "InvalidId" in note]
    assert bool(said) is bool(places)
    assert not said or said[0].endswith(places)
