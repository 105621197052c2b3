"""What ``review`` says of indexes, queries and findings, in words and on the page."""

from __future__ import annotations

from typing import Any

import pytest

from mongolint.engine.review.issues import counts
from mongolint.report.review.diffs import added
from mongolint.report.review.findings import _clauses as clauses
from mongolint.report.review.findings import _Fixes as Fixes
from mongolint.report.review.findings import _told as told
from mongolint.report.review.words import (
    appended,
    by_file,
    clears,
    complete,
    conflict,
    gaps,
    is_code,
    kinds,
    listed,
    mending,
    numbers,
)

HEAD = """\
from fastapi import APIRouter, FastAPI
from pymongo import MongoClient

db = MongoClient("mongodb://db/shop", timeoutMS=5000).shop
app = FastAPI()
router = APIRouter(prefix="/shop")
"""


def review(place: Any, files: dict[str, str]) -> Any:
    place.write({"pyproject.toml": "[tool.mongolint]\n", **files})
    done = place.run("review", ".", "--format", "json")
    assert done.code == 0, done.err
    return done.json


def test_what_takes_the_place_of_a_declaration(place: Any) -> None:
    """The old call would fail from then on, and all are dropped elsewhere: both are said before the script is run."""
    code = f"""{HEAD}
db.users.create_index("mail")


def again():
    for name in db.list_collection_names():
        db[name].drop_indexes()


@app.post("/users")
def register(mail: str):
    if db.users.find_one({{"mail": mail}}) is None:
        db.users.insert_one({{"mail": mail}})
"""
    found = review(place, {"shop.py": code})
    (index,) = found["indexes"]
    assert (index["priority"], index["replaces"], index["declared"]["line"]) == (1, "mail_1", 8)
    assert [(drop["collections"], drop["line"]) for drop in found["drops"]] == [([], 13)]
    out = place.run("review", ".").out
    assert "shop.py:8 declares mail\\_1 on the same keys without these options: change that declaration too" in out
    assert "(IndexKeySpecsConflict)" in out
    assert "shop.py:13 drops all indexes of collections that are named at run time" in out
    page = place.run("review", ".", "--format", "html").out
    assert "shop.py:8 declares mail_1" in page


def test_which_options_collide() -> None:
    place = {"file": "a.py", "line": 3, "column": 1}
    index = {"keys": [["at", 1]], "options": {"expireAfterSeconds": 0}, "replaces": "at_1", "declared": place}
    assert conflict(index).endswith("fails from then on (IndexOptionsConflict)")
    assert "beside the new one" in conflict({**index, "replaces": "by_date"})
    assert conflict({**index, "declared": None}) == ""


def test_an_index_with_a_duty_is_not_idle(place: Any) -> None:
    code = f"""{HEAD}
db.users.create_index("number", unique=True)
db.users.create_index("since", expireAfterSeconds=60)
db.users.create_index("rank")


@app.get("/users")
def user(mail: str):
    return db.users.find_one({{"mail": mail}})
"""
    found = review(place, {"shop.py": code})
    (users,) = found["collections"]
    purposes = {index["name"]: index["purposes"] for index in users["indexes"]}
    assert purposes == {"number_1": ["unique"], "rank_1": [], "since_1": ["expires documents"]}
    page = place.run("review", ".", "--format", "html").out
    assert page.count("keeps its key unique") == page.count("ends documents") == 2
    assert page.count("serves nothing") == 2
    assert "| 1 | 0 | 0 | 1 | 0 | rank\\_1 |" in place.run("review", ".").out


QUERIES = f"""{HEAD}
db.users.create_index("name")


class Users:
    def __init__(self, mail=""):
        if mail:
            self.user = db.users.find_one({{"mail": mail}})


@router.get("/users/{{name}}")
def by_name(name: str):
    return Users(), db.users.find_one({{"name": name}})


@router.post("/users/mail")
def by_mail(mail: str):
    return Users(mail)


app.include_router(router, prefix="/api")
"""


def test_a_query_is_run_by_what_gets_to_it(place: Any) -> None:
    """The request that passes no mail does not; the other is told by method and whole path."""
    (query,) = review(place, {"shop.py": QUERIES})["queries"]
    assert query["reached"] == "POST /api/shop/users/mail"
    assert query["better"]["keys"] == [[["mail", 1]]]


def test_what_a_clock_runs_comes_before_what_people_ask(place: Any) -> None:
    """Queries are alike with the same operators only, and what scans comes before what is served in part."""
    code = f"""{HEAD}
from fastapi_utils.tasks import repeat_every

db.jobs.create_index("owner")


@app.get("/jobs")
def jobs(owner: str, states: list):
    others = db.jobs.find({{"state": {{"$nin": states}}}}).to_list(10)
    part = db.jobs.find({{"owner": owner}}).sort("at").to_list(10)
    return others, part, db.jobs.find({{"state": owner}}).to_list(10), db.jobs.find({{"due": True}}).to_list(10)


@app.on_event("startup")
@repeat_every(seconds=10)
def due():
    return db.jobs.find({{"due": True}}).to_list(10)
"""
    found = review(place, {"shop.py": code})["queries"]
    assert [(each["line"], each["alike"]) for each in found] == [(23, 1), (15, 0), (17, 0), (16, 0)]
    assert found[0]["reached"] == "a clock every 10 seconds, through due"


def test_what_stands_before_many_handlers_comes_first(place: Any) -> None:
    """A middleware before what many handlers depend on, and that before what stands first in the file."""
    handlers = "\n\n".join(f'@app.get("/{n}")\ndef h{n}(user=Depends(active)):\n    return user\n' for n in range(6))
    code = f"""{HEAD}
from fastapi import Depends


@app.get("/names")
def by_name(name: str):
    return [db.users.find_one({{"name": name, "day": day}}) for day in name]


def current(token: str):
    return db.users.find_one({{"token": token}})


def active(user=Depends(current)):
    return user


@app.middleware("http")
async def count(request, call_next):
    db.hits.update_one({{"path": request.path}}, {{"$inc": {{"n": 1}}}})
    return await call_next(request)


{handlers}"""
    found = review(place, {"shop.py": code})["queries"]
    assert [each["reached"] for each in found] == [
        "requests, through count",
        "6 requests, through current",
        "GET /names",
    ]


def test_one_order_of_keys_everywhere(place: Any) -> None:
    code = f"""{HEAD}
db.users.create_index("name")


@app.get("/jobs")
def jobs(owner: str):
    failed = db.jobs.find({{"failed": True, "owner": owner}}).to_list(10)
    return failed, db.jobs.find({{"owner": owner}}).to_list(10), db.jobs.find({{"failed": True}}).to_list(10)
"""
    found = review(place, {"shop.py": code})
    made = [(index["keys"], index["priority"]) for index in found["indexes"]]
    assert ([["failed", 1]], 4) in made
    (issue,) = [issue for issue in found["issues"] if issue["code"] == "MDB104"]
    told = [place["message"].rpartition("declare ")[2] for place in issue["places"]]
    assert 'create_index([("owner", 1), ("failed", 1)])' in told
    assert any(keys == [["owner", 1], ["failed", 1]] for keys, _ in made)
    assert any(query["better"]["keys"][0] == [["owner", 1], ["failed", 1]] for query in found["queries"])


@pytest.mark.parametrize("is_member", [False, True])
def test_transactions_need_a_replica_set(place: Any, is_member: bool) -> None:
    code = f"""{HEAD}
client = db.client


@app.post("/orders")
def order(number: str):
    with client.start_session() as session, session.start_transaction():
        db.orders.insert_one({{"number": number}}, session=session)
        db.trail.insert_one({{"number": number}})
"""
    command = "mongod --replSet rs0" if is_member else "mongod --quiet"
    files = {"shop.py": code, "compose.yml": f"services:\n  db:\n    image: mongo:7\n    command: {command}\n"}
    (issue,) = [issue for issue in review(place, files)["issues"] if issue["code"] == "MDB402"]
    assert issue["transactional"]
    for text in (place.run("review", ".").out, place.run("review", ".", "--format", "html").out):
        assert ("such a standalone refuses the first operation of a transaction" in text) is not is_member
        assert ("first make sure that production runs a replica set" in text) is not is_member


def test_what_scripts_run_requires_no_index(place: Any) -> None:
    code = f"""{HEAD}
db.users.create_index("name")


def mend():
    return db.users.find({{"broken": "yes"}}).to_list(10)


@app.get("/users")
def user(mail: str):
    return db.users.find_one({{"mail": mail}})
"""
    found = review(place, {"shop.py": code, "migrations/m1.py": "from shop import mend\n\nmend()\n"})
    assert [index["keys"] for index in found["indexes"]] == [[["mail", 1]]]


def test_no_strength_where_something_is_unknown(place: Any) -> None:
    known = f"""{HEAD}
db.users.create_index("mail")


@app.get("/users")
def user(mail: str):
    return db.users.find_one({{"mail": mail}}), db.users.find({{"mail": mail}}).sort("mail").to_list(10)
"""
    served = "an index serves every query on users"
    assert served in [each["text"] for each in review(place, {"shop.py": known})["strengths"]]
    more = known + "\n\ndef search(query: dict):\n    return db.users.find(query).to_list(10)\n"
    assert served not in [each["text"] for each in review(place, {"shop.py": more})["strengths"]]


def test_collections_of_helpers_and_of_tests(place: Any) -> None:
    """One that only a helper for several touches is listed, one that only tests name is not."""
    code = f"""{HEAD}

def clear(name: str):
    for each in ("users", "internals"):
        db[each].delete_many({{"name": name}})


@app.get("/users")
def user(mail: str):
    return db.users.find_one({{"mail": mail}})
"""
    tests = "from shop import db\n\ndef test_it():\n    db.fixtures.delete_many({})\n"
    found = review(place, {"shop.py": code, "tests/test_shop.py": tests})
    assert [held["name"] for held in found["collections"]] == ["internals", "users"]
    assert (found["scope"]["tests"], found["scope"]["operations"]) == (1, 2)
    (internals, _) = found["collections"]
    assert internals["completeness"]["parts"][0] == {"part": "queries", "weight": 50, "share": None}


def test_what_nothing_runs_is_told_last(place: Any) -> None:
    """Not so where just that is the finding: the index that nothing makes."""
    code = f"""{HEAD}
def ensure_indexes():
    db.orders.create_index("number")


@app.get("/orders")
def orders(number: str):
    return db.orders.find_one({{"number": number}})


@app.get("/users")
def users(mail: str):
    return db.users.find_one({{"mail": mail}})


def forgotten(name: str):
    return db.users.find_one({{"name": name}})
"""
    found = review(place, {"shop.py": code})
    issues = {issue["code"]: issue["places"] for issue in found["issues"]}
    assert [each["idle"] for each in issues["MDB201"]] == [False]
    assert [each["idle"] for each in issues["MDB104"]] == [False, True]
    out = place.run("review", ".").out
    assert "In functions that nothing calls, as far as the code shows, 1 further place:" in out
    assert "- A filter that no declared index serves: 1 of 2 places on users" in out


def test_what_is_in_tests_is_told_after_all_else(place: Any) -> None:
    code = f"""{HEAD}
@app.get("/users")
def users(name: str):
    return db.users.find_one({{"name": name}})
"""
    test = "from motor.motor_asyncio import AsyncIOMotorClient\n\n\nasync def test():\n"
    test += "    await AsyncIOMotorClient(timeoutMS=5000).close()\n"
    found = review(place, {"shop.py": code, "tests/test_shop.py": test})
    last, step = found["issues"][-1], found["plan"][-1]
    assert (last["code"], [each["test"] for each in last["places"]]) == ("MDB409", [True])
    assert (step["issues"], step["why"]) == ([last["id"]], "1 high, in tests")
    assert (found["counts"]["high"], found["counts"]["test"]) == (0, 1)
    assert "In tests, 1 place:" in place.run("review", ".").out


def test_what_nothing_runs_is_planned_last(place: Any) -> None:
    code = f"""{HEAD}
@app.get("/users")
def users():
    return db.users.find({{}}).skip(2).to_list(10)


async def held(name):
    return db[name]


async def forgotten():
    return await held("users").find_one({{"_id": 1}})
"""
    plan = review(place, {"shop.py": code})["plan"]
    assert [step["why"] for step in plan if "nothing runs" in step["why"]] == ["1 high, in code that nothing runs"]
    assert plan[-1]["why"] == "1 high, in code that nothing runs"
    out = place.run("review", ".").out
    assert "| in code that nothing runs | 1 |" in out
    assert "1 place, in code that nothing runs" in out[out.rindex("\n### ") :]


def test_what_many_places_have_in_common_is_said_once(place: Any) -> None:
    loops = "\n\n".join(
        f"def load{n}(keys):\n    for key in keys:\n        yield db.c{n}.find_one({{'_id': key}})\n" for n in range(3)
    )
    out = place.write({"shop.py": f"{HEAD}\n\n{loops}"}).run("review", ".").out
    advice = 'fetch all before the loop with find({"\\_id": {"\\$in": keys}}) and pick by \\_id'
    assert out.count(advice) == 1
    assert f"At each of these 3 places: {advice}." in out
    assert "find\\_one on c1 runs once per item of the loop\n" in out.replace(" (see", "\n(see")


@pytest.mark.parametrize(
    ("message", "parts"),
    [
        ("what: why; do this", ["what:", "why;", "do this"]),
        (
            'it is, so to say, "a: b"; pass {"_id": {"$in": keys}}',
            ["it is,", 'so to say, "a: b";', 'pass {"_id": {"$in": keys}}'],
        ),
        ("find(a, so b) fails", ["find(a, so b) fails"]),
        ("", [""]),
    ],
)
def test_clauses(message: str, parts: list[str]) -> None:
    assert clauses(message) == parts
    assert " ".join(parts) == message


@pytest.mark.parametrize(
    ("text", "is_python"),
    [
        ('db.users.create_index([("email", 1)], unique=True)', True),
        ('questions.delete_many({"book_id": …})  # the _id that is deleted', True),
        ("class Metadata(BaseModel): …  # its fields", True),
        ("give the helper a variant that takes all documents at once, with one insert_many", False),
        ('fetch all before the loop with find({"_id": {"$in": keys}}) and pick by _id', False),
    ],
)
def test_advice_is_no_code(text: str, is_python: bool) -> None:
    assert is_code(text) is is_python


def test_a_text_that_was_shown_is_not_shown_again() -> None:
    """Of an index that several queries need, in whatever order they are told."""

    def place(line: int, field: str) -> dict[str, Any]:
        text = f'def ensure_indexes(db):\n    db.a.create_index("{field}")\n'
        fix = {"applicability": "display", "reason": "why", "title": "declare the index", "text": text, "diff": []}
        return {"file": "a.py", "line": line, "message": "", "fix": fix}

    shown = Fixes()
    said = [list(shown.of(each)) for each in (place(1, "x"), place(2, "y"), place(3, "x"))]
    assert [len(each) > 2 for each in said] == [True, True, False]
    assert said[2][1] == "The fix shown for `a.py:1` mends this place too."


def test_things_of_which_there_is_one_each_are_not_asked_how_long_they_stay(place: Any, asked: Any) -> None:
    code = f"""{HEAD}
from datetime import datetime, timezone


@app.post("/users")
def register(mail: str):
    now = datetime.now(timezone.utc)
    if db.users.find_one({{"mail": mail}}) is None:
        db.users.insert_one({{"mail": mail, "since": now}})
    db.visits.insert_one({{"mail": mail, "at": now}})
"""
    notes = asked(review(place, {"shop.py": code}))
    assert not any("How long" in note for note in notes["users"])
    assert any("How long" in note for note in notes["visits"])


def test_places_by_file() -> None:
    places = [{"file": "a", "line": 3}, {"file": "b", "line": 1}, {"file": "a", "line": 9}, {"file": "a", "line": 3}]
    assert by_file(places) == {"a": [3, 9], "b": [1]}
    assert [listed(words) for words in ([], ["a"], ["a", "b"], ["a", "b", "c"])] == ["", "a", "a and b", "a, b and c"]


@pytest.mark.parametrize(
    ("lines", "shown"),
    [
        (range(1, 4), "(see `a.py` lines 1, 2 and 3)"),
        (range(1, 10), "(see `a.py` lines 1, 2, 3, 4, 5, 6 and 3 more)"),
    ],
)
def test_places_beside_a_finding(lines: range, shown: str) -> None:
    """One list has one "and", also where it goes on."""
    place = {"file": "a.py", "line": 99, "fingerprint": "", "severity": "low"}
    related = [{"file": "a.py", "line": line, "message": ""} for line in lines]
    assert list(told("m", [{**place, "related": related}], (), "low")) == [f"- `a.py:99` m {shown}"]


def test_one_finding_has_one_number() -> None:
    """The header, the summary and the plan count alike; what nothing runs is apart, as are tests."""
    kinds = [("high", ""), ("low", ""), ("high", ""), ("high", "idle"), ("high", "test")]
    places = [
        {"severity": severity, "idle": kind == "idle", "test": kind == "test", "collections": ["users"]}
        for severity, kind in kinds
    ]
    assert numbers({"places": places[:4]}) == "4 places: 2 high, 1 low, 1 in code that nothing runs"
    assert numbers({"places": places[:1]}) == "1 place"
    assert numbers({"places": places[3:4]}) == "1 place, in code that nothing runs"
    assert numbers({"places": places[2:]}) == "3 places: 1 high, 1 in code that nothing runs, 1 in tests"
    issues = [{"places": places}, {"places": places[3:4]}]
    assert counts(issues) == {"critical": 0, "high": 2, "medium": 0, "low": 1, "idle": 2, "test": 1}
    assert [gap["told"] for gap in gaps([{"places": places}])] == ["2 of 5 places on users"]


def test_a_place_of_lower_severity_says_so() -> None:
    place = {"severity": "low", "file": "a.py", "line": 1, "related": [], "fingerprint": ""}
    assert list(told("said", [place], (), "high")) == ["- `a.py:1` **low** said"]
    assert list(told("said", [place], (), "low")) == ["- `a.py:1` said"]


STEPS = """\
from fastapi import FastAPI
from motor.motor_asyncio import AsyncIOMotorClient

db = AsyncIOMotorClient("mongodb://db/shop").shop
app = FastAPI()


@app.get("/jobs")
async def jobs(owners: list):
    return [await db.jobs.find_one({"owner": owner}) for owner in owners], await db.jobs.distinct("owner")


@app.get("/users")
async def users(name: str):
    return [await db.users.find_one({"name": name, "day": day}) for day in jobs()]


@app.get("/mails")
async def mail(name: str):
    return db.users.find_one({"_id": name})["mail"]
"""


def test_what_fails_each_time_comes_first(place: Any) -> None:
    """Before what has more places, in the findings and in the plan."""
    found = review(place, {"shop.py": STEPS})
    assert found["issues"][0]["code"] == "MDB407"
    assert len(found["issues"][0]["places"]) < max(len(issue["places"]) for issue in found["issues"])
    assert found["plan"][0]["issues"] == [1]


@pytest.mark.parametrize("other", ["", 'second = AsyncIOMotorClient("mongodb://b", timeoutMS=5000)\n'])
def test_what_ends_with_another_finding_is_no_step(place: Any, other: str) -> None:
    """A limit on every client ends what single operations lack; one client of two does not."""
    found = review(place, {"shop.py": STEPS + other})
    numbered = {issue["code"]: issue["id"] for issue in found["issues"]}
    pair = sorted([numbered["MDB103"], numbered["MDB301"]])
    steps = [step["issues"] for step in found["plan"]]
    assert (pair in steps) is (not other)


def test_what_a_script_connects_to_is_no_client_of_the_application(place: Any) -> None:
    seed = "from pymongo import MongoClient\n\nMongoClient('mongodb://db/shop').shop.jobs.insert_one({'a': 1})\n"
    found = review(place, {"shop.py": STEPS, "scripts/seed.py": seed})
    numbered = {issue["code"]: issue["id"] for issue in found["issues"]}
    assert sorted([numbered["MDB103"], numbered["MDB301"]]) in [step["issues"] for step in found["plan"]]


def test_an_index_is_one_task_however_many_queries_it_serves(place: Any) -> None:
    files = {
        f"shop{n}.py": f'{HEAD}\n\n@app.get("/{n}")\ndef q{n}(mail: str):\n'
        f'    return db.users.find_one({{"mail": mail}})\n'
        for n in range(20)
    }
    found = review(place, files)
    (issue,) = [each for each in found["issues"] if each["code"] == "MDB104"]
    assert (len(issue["places"]), issue["size"]) == (20, "S")


def test_a_fix_that_was_shown_for_another_place_is_not_shown_again(place: Any) -> None:
    keys = ("mail", "name", "mail")
    code = HEAD + "".join(
        f'\n\n@app.post("/{n}")\ndef add{n}({key}: str):\n    if db.users.find_one({{"{key}": {key}}}) is None:\n'
        f'        db.users.insert_one({{"mail": {key}, "name": {key}}})\n'
        for n, key in enumerate(keys)
    )
    out = place.write({"pyproject.toml": "[tool.mongolint]\n", "shop.py": code}).run("review", ".").out
    assert "1 further place, mended in the same way: see the list above." in out
    assert out.count("**Fix** (changes behaviour: building a unique index") == 2


def test_how_diffs_of_the_same_lines_and_indexes_at_the_start_go_together(place: Any) -> None:
    """Two diffs write the same function; an index that serves nothing is named where all are to be built."""
    code = f"""{HEAD}
def ensure_indexes():
    db.orders.create_index("number")
    db.orders.create_index("never", name="idle")
    db.orders.create_index("once", unique=True)


@app.get("/orders")
def orders(number: str, mail: str):
    if db.users.find_one({{"mail": mail}}) is None:
        db.users.insert_one({{"mail": mail}})
    return db.orders.find_one({{"number": number}}), db.users.find_one({{"name": mail}})
"""
    out = place.write({"pyproject.toml": "[tool.mongolint]\n", "shop.py": code}).run("review", ".").out
    assert "takes time on a large collection; leave idle out, which no query that the code shows can use)" in out
    assert "A diff above changes the same place of `shop.py`: `mongolint check --fix --unsafe-fixes` merges" in out
    assert "a unique index fails where duplicates are stored, and with it a start of the application" in out
    assert "does not start then: look for them first" in out
    assert "of several that change the same lines" in place.run("review", ".", "--format", "html").out


def test_what_is_dropped_at_every_start_is_no_strength(place: Any) -> None:
    """Names and places of what is good belong together, and it is said how many are left out."""
    declared = "".join(f'    db.{name}.create_index("number", unique=True)\n' for name in "gfedcba")
    code = f"""{HEAD}
@app.on_event("startup")
def start():
{declared}    db.a.drop_indexes()
    db.users.drop_indexes()


@app.get("/b")
def b(number: int):
    return db.b.find_one({{"number": number}})
"""
    found = review(place, {"shop.py": code})
    (good,) = [each for each in found["strengths"] if each["text"].startswith("unique")]
    assert good["text"] == "unique indexes are declared on b.number, c.number, d.number, e.number, f.number and 1 more"
    assert [each["line"] for each in good["places"]] == [15, 14, 13, 12, 11]
    assert [(drop["collections"], drop["run"], drop["unique"]) for drop in found["drops"]] == [
        (["a"], True, ["a"]),
        (["users"], True, []),
    ]
    assert "- shop.py:17 drops all indexes of a whenever the application runs it" in place.run("review", ".").out


def test_how_many_queries_completeness_rests_on() -> None:
    assert complete({"completeness": {"percent": 90, "queries": 6, "judged": 3}}) == "90 % (3 of 6 queries known)"
    assert complete({"completeness": {"percent": 90, "queries": 6, "judged": 6}}) == "90 %"
    assert complete({"completeness": {"percent": 20, "queries": 0, "judged": 0}}) == "20 %"


def test_commands_of_an_application_are_scripts(place: Any) -> None:
    """Also one that is named like an attribute which requests read."""
    code = f"""{HEAD}
import click


@app.get("/users")
def names(request):
    return request.users.names()


@click.command()
def users():
    for name in input().split():
        click.echo(db.users.find_one({{"name": name}}))
"""
    (issue,) = [each for each in review(place, {"shop.py": code})["issues"] if each["code"] == "MDB101"]
    assert [(each["severity"], each["script"]) for each in issue["places"]] == [("low", True)]


START = "+def start():,+    db.a.create_index(1),  app = App()"
BESIDE = [
    (START.replace("db.a", "db.b"), " def start():,+    db.b.create_index(1)"),
    (START.replace("app = App()", "app = 1"), None),
    (START.replace("    db.a.create_index(1)", "    {"), None),
    (START.replace("def start()", "def other()"), None),
    (f"-app = 1,{START.replace('db.a', 'db.b')}", None),
    ("+db.b.create_index(1),  app = App()", None),
]


@pytest.mark.parametrize(("rows", "wanted"), BESIDE, ids=[rows for rows, _ in BESIDE])
def test_what_a_diff_adds_to_another(rows: str, wanted: str | None) -> None:
    """A line more in a function that another diff writes is told so; what is alike by chance stands for itself."""

    def hunk(told: str) -> dict[str, Any]:
        return {"rows": [(row[0], row[1:]) for row in told.split(",")]}

    shown = added(hunk(rows), [hunk("+x = 1"), hunk(START)])
    assert shown == (None if wanted is None else [(row[0], row[1:]) for row in wanted.split(",")])


def test_fixes_that_write_one_function_are_read_as_one(place: Any) -> None:
    """The function and the start that calls it are shown once; what another fix puts in is shown below its head."""
    code = f"""{HEAD}

@app.post("/users")
def register(mail: str, town: str):
    db.users.insert_one({{"mail": mail, "town": town}})


@app.get("/users")
def users(mail: str, town: str):
    there = db.users.find_one({{"town": town}})
    return there, db.users.find_one({{"mail": mail}})
"""
    out = place.write({"pyproject.toml": "[tool.mongolint]\n", "shop.py": code}).run("review", ".").out
    assert out.count("+ def ensure_indexes()") == out.count("+ async def lifespan(") == 1
    assert 'one that exists already is left alone."""\n+     db.users.create_index([("mail", 1)])' in out
    assert "With it goes what is shown above of `shop.py`." in out
    assert "A diff above changes" not in out.partition("### 2.")[0]


LOGGED = f"""{HEAD}
from bson import ObjectId

db.visits.create_index("at", expireAfterSeconds=86400)
db.visits.create_index("book_id")


@app.get("/books/{{book_id}}/visits")
def visits(book_id: str):
    book = db.books.find_one({{"_id": ObjectId(book_id)}})
    db.audit.insert_one({{"book_id": book_id}})
    db.book_history.find_one({{"book_id": book_id}})
    return db.visits.find({{"book_id": book_id}}).to_list(10), db.reading_log.find_one({{"book_id": book_id}})


@app.delete("/books/{{book_id}}")
def drop(book_id: str):
    db.books.delete_one({{"_id": ObjectId(book_id)}})
"""


def test_what_a_log_keeps_of_what_is_deleted_is_asked(place: Any, asked: Any) -> None:
    """No finding: it may be meant. What nothing reads, and a history, are kept because of what is gone."""
    found = review(place, {"shop.py": LOGGED})
    notes = {name: [note for note in held if "to stay" in note] for name, held in asked(found).items()}
    begin = "Are documents to stay whose book_id names what was deleted"
    end = "delete_one on books leaves them. (shop.py:24)"
    assert {name: note for name, note in notes.items() if note} == {
        "reading_log": [f"{begin}? {end}"],
        "visits": [f"{begin}, until they expire? {end}"],
    }
    assert "MDB224" not in [issue["code"] for issue in found["issues"]]


def test_an_end_that_no_ttl_index_can_read_is_asked_about(place: Any, asked: Any) -> None:
    code = f"""{HEAD}
import time

MINUTES = 5 * 60


@app.post("/codes")
def code(user: str):
    db.codes.insert_one({{"user": user, "expires_at": time.time() + MINUTES}})
    db.links.insert_one({{"user": user, "expiresAt": time.time(), "expires": 60}})


@app.delete("/links")
def drop(user: str):
    db.links.delete_one({{"user": user}})
"""
    found = review(place, {"shop.py": code})
    notes = {name: [note for note in held if "to stay" in note] for name, held in asked(found).items()}
    assert notes["links"] == []
    (note,) = notes["codes"]
    assert note.startswith("Is a document to stay after its expires_at? Nothing that the code shows deletes it then")
    assert "if that were a date (it is a number)" in note


def test_a_ttl_index_that_ends_nothing_is_no_strength(place: Any) -> None:
    """Its field holds an object: the finding says so, and the praise would say the opposite."""
    code = f"""{HEAD}
from datetime import datetime, timezone

db.visits.create_index("at", expireAfterSeconds=60)
db.tries.create_index("at", expireAfterSeconds=60)


@app.post("/visits")
def visit(who: str):
    now = datetime.now(timezone.utc)
    db.visits.insert_one({{"who": who, "at": now}})
    db.tries.insert_one({{"who": who, "at": {{"begin": now}}}})
"""
    found = review(place, {"shop.py": code})
    assert "documents expire by a TTL index in visits" in [each["text"] for each in found["strengths"]]
    assert "MDB204" in [issue["code"] for issue in found["issues"]]
    # Nor does a validator ask for what is a mistake
    schemas = place.run("schema", ".", "--format", "json").json
    told = {held["collection"]: held["validator"]["$jsonSchema"] for held in schemas}
    assert told["visits"]["properties"] == {"who": {"bsonType": "string"}, "at": {"bsonType": "date"}}
    assert told["tries"]["properties"] == {"who": {"bsonType": "string"}}


def test_all_that_makes_indexes_is_counted(place: Any) -> None:
    names = "abcde"
    made = "".join(
        f'def make_{n}():\n    db.{n}.create_index("x")\n    db.{n}{n}.create_index("x")\n\n\n' for n in names
    )
    calls = "".join(f"    make_{n}()\n" for n in names)
    code = f'{HEAD}\n{made}@app.on_event("startup")\ndef start():\n{calls}'
    (text,) = [each["text"] for each in review(place, {"shop.py": code})["strengths"] if "itself" in each["text"]]
    assert text == (
        "the application makes its indexes itself: 2 indexes on a and aa; 2 indexes on b and bb; "
        "2 indexes on c and cc; 2 more places"
    )


CASES = f"""{HEAD}
from datetime import datetime, timezone

from pymongo.collation import Collation

db.users.create_index("mail", unique=True{{options}})
db.users.create_index("mail", name="whatever_case", collation=Collation("en", strength=2))


@app.post("/users")
def register(mail: str):
    db.users.insert_one({{{{"mail": mail, "since": datetime.now(timezone.utc)}}}})


@app.get("/users")
def users(mail: str):
    db.users.update_one({{{{"mail": mail}}}}, {{{{"$set": {{{{"seen": datetime.now(timezone.utc)}}}}}}}})
    return db.users.find_one({{{{"mail": mail}}}}, collation=Collation("en", strength={{strength}}))
"""


@pytest.mark.parametrize(
    ("options", "strength", "is_asked"),
    [("", 2, True), ("", 3, False), (', collation=Collation("en", strength=2)', 2, False), (", **given()", 2, False)],
)
def test_a_unique_key_that_tells_case_apart(
    options: str, strength: int, is_asked: bool, place: Any, asked: Any
) -> None:
    """Who looks for a mail in any case takes it for one, and the index lets two in."""
    (held,) = asked(review(place, {"shop.py": CASES.format(options=options, strength=strength)})).values()
    said = [note for note in held if "the case of" in note]
    assert bool(said) is is_asked
    if is_asked:
        assert said[0].startswith("May two documents differ in the case of mail alone? It is looked for whatever the")
        assert any("How long are the documents kept?" in note and "(since tells their age)" in note for note in held)


def test_a_field_that_is_renamed_is_gone(place: Any) -> None:
    """It has no type, least of all that of its new name, and no place in the table."""
    code = f"""{HEAD}
@app.post("/users")
def register(name: str):
    db.users.insert_one({{"name": name}})


def migrate():
    db.users.update_many({{}}, {{"$rename": {{"aid": "oid"}}, "$unset": {{"old": ""}}}})
"""
    (held,) = review(place, {"shop.py": code})["collections"]
    assert [field["name"] for field in held["fields"]] == ["name", "oid", "_id"]
    (told,) = place.run("schema", ".", "--format", "json").json
    assert "aid" not in told["validator"]["$jsonSchema"]["properties"]


@pytest.mark.parametrize(
    ("advice", "shown"),
    [
        ("leave the field out", ". Leave the field out."),
        ("logger.info(…) with a name", ": logger.info(…) with a name"),
        ('{"$push": …} adds one', ': {"$push": …} adds one'),
    ],
)
def test_advice_behind_a_title(advice: str, shown: str) -> None:
    """Code does not begin a sentence: it would get a capital."""
    assert appended(advice) == shown


def test_how_a_place_is_mended_stands_beside_it() -> None:
    """The title would say less than the finding does; code is shown apart."""
    fix = {"title": "batch the queries", "text": "ask once, before the loop", "diff": []}
    assert mending({"message": "it asks each time; ask once, before the loop", "fix": fix}) == fix["text"]
    assert mending({"message": "it asks each time", "fix": fix}) == fix["title"]
    assert mending({"message": "declare x = 1", "fix": {**fix, "text": "x = 1"}}) == fix["title"]


def test_moving_what_is_stored_is_no_matter_of_an_hour(place: Any) -> None:
    code = f"""{HEAD}
@app.post("/pages/readers")
def share(name: str, user: str):
    db.pages.update_one({{"name": name}}, {{"$push": {{"readers": {{"user": user}}}}}})


@app.get("/pages")
def pages(user: str):
    return list(db.pages.find({{"readers.user": user}}).limit(9))
"""
    found = review(place, {"shop.py": code})
    (step,) = [each for each in found["plan"] if each["step"] == "Give the members a collection"]
    assert step["size"] == "M"


def test_a_finding_that_several_steps_mend() -> None:
    found = {
        "issues": [{"id": 1, "name": "uncovered-filter"}, {"id": 2, "name": "missing-unique"}],
        "plan": [{"step": "a", "issues": [1]}, {"step": "b", "issues": [1, 2]}],
    }
    assert clears(found, found["plan"][1]) == [(1, "uncovered-filter (in part)"), (2, "missing-unique")]
    assert clears(found, {"text": "no finding is left", "issues": [1]}) == [(1, "uncovered-filter")]


def test_the_same_query_on_several_collections_is_shown_once() -> None:
    def query(name: str, asked: str, reason: str = "no index") -> dict[str, Any]:
        return {"collection": name, "mongosh": f"db.{name}.{asked}", "verdict": {"reason": reason}, "better": None}

    queries = [query("a", "find({})"), query("b", "find({n: 1})"), query("c", "find({})"), query("d", "find({})", "no")]
    found = kinds({"queries": queries})
    assert [[each["collection"] for each in alike] for alike in found] == [["a", "c"], ["b"], ["d"]]
