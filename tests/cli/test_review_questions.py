"""What ``review`` asks of a collection: what the code shows, and whether it is meant it does not say."""

from __future__ import annotations

from typing import Any

import pytest

from mongolint.engine.review.questions.asked import Asked, merged

HEAD = """\
from fastapi import FastAPI
from pymongo import AsyncMongoClient

app = FastAPI()
db = AsyncMongoClient("mongodb://db/shop", timeoutMS=5000).shop
"""


def asked(place: Any, code: str) -> dict[str, list[str]]:
    """The questions of each collection."""
    place.write({"pyproject.toml": "[tool.mongolint]\n", "shop.py": HEAD + code})
    done = place.run("review", ".", "--format", "json")
    assert done.code == 0, done.err
    asked: dict[str, list[str]] = done.asked
    return asked


COPIED = """

@app.post("/pages/{{of}}/versions")
async def add(of: str, base: int, text: str):
    old = await db.pages.find_one({{"of": of, "number": base}})
    await db.pages.insert_one({{"of": of, "number": base + 1, "readers": list(old["readers"]), "text": {text}}})


@app.post("/pages/{{of}}/readers")
async def share(of: str, user: str):
    await db.pages.{update}({filter}, {{"$addToSet": {{"readers": user}}}})
"""


@pytest.mark.parametrize(
    ("text", "update", "filter", "is_asked"),
    [
        ("text", "update_many", '{"of": of}', True),
        ("text", "update_one", '{"of": of}', False),  # it changes one of them
        ("text", "update_many", '{"number": 1}', False),  # the new document has another
        ('old["text"]', "update_many", '{"text": user}', True),  # what is copied fits, too
        ("text", "update_many", "{}", False),
    ],
)
def test_an_array_that_a_new_document_takes_over(
    text: str, update: str, filter: str, is_asked: bool, place: Any
) -> None:
    """What an update adds to all documents of a group between the read and the insert is not in the new one."""
    code = COPIED.format(text=text, update=update, filter=filter)
    said = [note for note in asked(place, code)["pages"] if "takes it over" in note]
    assert bool(said) is is_asked
    if is_asked:
        begin = "May a change of readers be missing in a new document? insert_one takes it over as line 10 read it, "
        assert said[0].startswith(begin)
        assert said[0].endswith("(shop.py:11, shop.py:16)")


FIRSTS = """

@app.get("/pages")
async def latest(user: str):
    found = await db.pages.find({{"readers": user}}, sort=[("of", 1), ("number", -1)]).to_list(length={length})
    kept = {{}}
    for page in found:
        {keep}
    return list(kept.values())
"""


@pytest.mark.parametrize(
    ("length", "keep", "is_asked"),
    [
        ("500", 'kept.setdefault(page["of"], page)', True),
        ("500", 'if page["of"] not in kept:\n            kept[page["of"]] = page', True),
        ("None", 'kept.setdefault(page["of"], page)', False),
        ("500", 'kept.setdefault(page["of"], []).append(page)', False),  # all are kept
        ("500", 'kept.setdefault(page["_id"], page)', False),  # each is of its own kind
        ("500", 'kept[page["of"]] = page', False),  # they may be one each
    ],
)
def test_the_first_of_each_kind_of_a_list_that_is_cut_off(length: str, keep: str, is_asked: bool, place: Any) -> None:
    said = [note for note in asked(place, FIRSTS.format(length=length, keep=keep))["pages"] if "one is kept" in note]
    assert bool(said) is is_asked
    if is_asked:
        begin = "May a of be missing, when there are more than 500 documents? Of the first 500 one is kept for each of"
        assert said[0].startswith(begin)
        assert said[0].endswith("(shop.py:10)")


TOGETHER = """

@app.get("/answers")
async def numbers(of: str, name: str):
    match = {{"of": of, f"given.{{name}}": {{"$ne": None}}}}
    mean = await db.answers.aggregate([{{"$match": {one}}}, {{"$group": {{"_id": None}}}}]).to_list(1)
    {between}
    return mean, await db.answers.{other}
"""


@pytest.mark.parametrize(
    ("one", "between", "other", "is_asked"),
    [
        ("match", "pass", "count_documents(match)", True),
        ('{"of": of}', "pass", 'find({"of": of}).limit(50).to_list(50)', True),
        ('{"of": of}', "pass", 'find({"of": name}).limit(50).to_list(50)', False),
        ("match", 'await db.answers.update_many(match, {"$set": {"seen": True}})', "count_documents(match)", False),
        (
            "match",
            'for each in mean:\n        await db.answers.update_one({"_id": each["_id"]}, {"$set": {"seen": True}})',
            "count_documents(match)",
            False,
        ),
        ('match}, {"$out": "means"', "pass", "count_documents(match)", False),
        ("{}", "pass", "count_documents({})", False),  # there is nothing to share
        ('{"of": of}', "of = name", 'count_documents({"of": of})', False),
    ],
)
def test_the_same_documents_for_several_results(one: str, between: str, other: str, is_asked: bool, place: Any) -> None:
    said = [
        note
        for note in asked(place, TOGETHER.format(one=one, between=between, other=other))["answers"]
        if "several times" in note
    ]
    assert bool(said) is is_asked
    if is_asked:
        assert said[0].startswith("Would one aggregate do, with a $facet behind its $match? A function asks for the")
        assert said[0].endswith("(shop.py:11, shop.py:13)")


def test_a_page_and_its_number_are_no_statistics(place: Any) -> None:
    """A count beside a find is how pages are made; $facet would be no better."""
    code = """

@app.get("/answers")
async def page(of: str):
    return await db.answers.count_documents({"of": of}), await db.answers.find({"of": of}).limit(9).to_list(9)
"""
    assert not [note for note in asked(place, code)["answers"] if "several times" in note]
    made = 'aggregate([{"$match": {"of": of}}, {"$sort": {"at": 1}}, {"$limit": 9}])'
    code = code.replace('find({"of": of}).limit(9)', made)
    assert not [note for note in asked(place, code)["answers"] if "several times" in note]


SPARE = """

@app.on_event("startup")
async def start():
    await db.answers.create_index([{first}])
    await db.answers.create_index([("of", 1), ("by", 1)]{options})


@app.get("/answers")
async def answers(of: str, by: str, name: str, more: dict):
    listed = await db.answers.find({filter}).sort("at", -1).to_list(20)
    return listed, await db.answers.count_documents({{"of": of}})
"""


@pytest.mark.parametrize(
    ("first", "options", "filter", "is_asked"),
    [
        ('("of", 1), ("at", -1)', "", '{"of": of}', True),
        ('("of", 1), ("at", -1)', "", '{"of": of, f"given.{name}": 1}', True),  # whatever the name, it is not "by"
        ('("of", 1), ("at", -1)', "", '{"of": of, f"{name}": 1}', False),
        ('("of", 1), ("at", -1)', "", '{"of": of, **more}', False),
        ('("of", 1), ("at", -1)', "", '{"of": of, "by": by}', False),
        ('("of", 1), ("at", -1)', ", unique=True", '{"of": of}', False),
        ('("of", 1)', "", '{"of": of}', False),  # which can go itself: not both
    ],
)
def test_an_index_of_which_nothing_is_asked_but_what_another_has(
    first: str, options: str, filter: str, is_asked: bool, place: Any
) -> None:
    notes = asked(place, SPARE.format(first=first, options=options, filter=filter))["answers"]
    said = [note for note in notes if "beside" in note]
    assert bool(said) is is_asked
    if is_asked:
        assert said[0].startswith(
            "What is the index of_1_by_1 for, beside of_1_at_-1? No query that the code shows asks more of it than of, "
        )


KEPT = """
from datetime import datetime, timezone


@app.post("/notes")
async def add(text: str):
    await db.notes.insert_one({{"text": text, "state": "new", "at": datetime.now(timezone.utc)}})


@app.put("/notes")
async def change(old: str, text: str):
    await db.notes.update_one({{"text": old}}, {{"$set": {{{change}}}}})
"""


@pytest.mark.parametrize(
    ("change", "is_asked"),
    [
        ('"state": text', True),
        ('"done": True, "seen": datetime.now(timezone.utc)', True),
        ('"text": text', False),
        ('"text": text, "state": "changed"', False),
    ],
)
def test_what_people_write_and_change_is_to_stay(change: str, is_asked: bool, place: Any) -> None:
    """How long it is kept is asked of what is worked off, and of logs."""
    notes = asked(place, KEPT.format(change=change))["notes"]
    assert any("How long are the documents kept" in note for note in notes) is is_asked


NUMBERS = """

@app.post("/answers")
async def add(of: str, given: dict):
    for name in ("age", "size"):
        value = given.get(name)
        try:
            number = float(value)
        except ValueError:
            return None
        {then}
    await db.answers.insert_one({{"of": of, "given": {stored}}})


@app.get("/answers")
async def mean(of: str, name: str):
    pipeline = [{{"$match": {{"of": of}}}}, {{"$group": {{"_id": None, "mean": {{"$avg": f"${added}.{{name}}"}}}}}}]
    return await db.answers.aggregate(pipeline).to_list(1)
"""


@pytest.mark.parametrize(
    ("then", "stored", "added", "is_asked"),
    [
        ("pass", "given", "given", True),
        ("given[name] = number", "given", "given", False),
        ("pass", '{"age": number}', "given", False),
        ("pass", "given", "other", False),
    ],
)
def test_a_number_that_is_tested_and_stored_as_it_came(
    then: str, stored: str, added: str, is_asked: bool, place: Any
) -> None:
    notes = asked(place, NUMBERS.format(then=then, stored=stored, added=added))["answers"]
    said = [note for note in notes if "be a text" in note]
    assert bool(said) is is_asked
    if is_asked:
        assert said[0].startswith("May a number in given be a text? It is stored as it came: shop.py:")
        assert said[0].endswith("(shop.py:17, shop.py:23)")


LISTS = """

@app.on_event("startup")
async def start():
    await db.pages.create_index("of")
    await db.users.create_index("name")
    await db.users.create_index("mail", unique=True)


@app.get("/users")
async def users():
    return [await db.users.find().to_list(100), await db.users.find().to_list(20), await db.pages.find().to_list(30)]


@app.post("/users/{mail}")
async def add(mail: str, stars: int):
    await db.users.insert_one({"mail": mail, "stars": 0, "name": mail})
    await db.pages.update_one({"_id": mail}, {"$inc": {"stars": -stars}})
"""


def test_what_is_asked_of_several_collections_is_asked_once(place: Any) -> None:
    """First what may spoil data, then what fails, then what is kept for nothing; in a line what is meant of each."""
    place.write({"pyproject.toml": "[tool.mongolint]\n", "shop.py": HEAD + LISTS})
    found = place.run("review", ".", "--format", "json").json["questions"]
    assert [(each["concern"], each["question"]) for each in found] == [
        ("integrity", "May stars go below zero?"),
        ("integrity", "Which documents may be missing, when there are more than a query takes?"),
        ("resilience", "Is 500 the answer to a key that is taken?"),
        ("upkeep", "What are these indexes for?"),
    ]
    assert [(of["collection"], of["details"]) for of in found[1]["of"]] == [("pages", ["30"]), ("users", ["20", "100"])]
    out = place.run("review", ".", "--format", "markdown").out
    said = out[out.index("## Questions") : out.index("## Collections")]
    assert said.index("**Integrity of the data**") < said.index("**Resilience**") < said.index("**Upkeep**")
    assert "nobody is told of the rest. pages (30) and users (20 and 100): `shop.py:17`\n" in said
    assert "each write keeps them up. pages (of\\_1) and users (name\\_1): `shop.py` lines 10 and 11\n" in said


@pytest.mark.parametrize(
    ("details", "question", "told"),
    [
        ([("at",), ("at",)], "Is at right?", [[], []]),  # what is meant of all is in the words
        ([("at",), ("by",)], "Are they right?", [["at"], ["by"]]),
        ([("at", "by"), ("at",)], "Are they right?", [["at", "by"], ["at"]]),
    ],
)
def test_what_is_meant_of_each(details: list[tuple[str, ...]], question: str, told: list[list[str]]) -> None:
    several = ("Are they right?", "Nothing stores them.")
    (found,) = merged(
        Asked("integrity", f"Is {each[0]} right?", "Nothing stores it.", name, details=each, several=several)
        for name, each in zip("ab", details, strict=True)
    )
    assert found["question"] == question
    assert [of["details"] for of in found["of"]] == told


def test_without_a_question_there_is_no_heading(place: Any) -> None:
    place.write({"shop.py": HEAD})
    assert "## Questions" not in place.run("review", ".", "--format", "markdown").out


MEANWHILE = """
from bson import ObjectId


@app.post("/polls/{{key}}/votes")
async def vote(key: str, choice: str):
    poll = await db.polls.find_one({{"_id": ObjectId(key)}})
    if poll is None or {test}:
        return None
    await db.votes.insert_one({{"poll": {of}, "choice": choice}})


@app.put("/polls/{{key}}")
async def change(key: str, state: str):
    await db.polls.update_one({{"_id": ObjectId(key)}}, {{"$set": {{{change}}}}})
"""


@pytest.mark.parametrize(
    ("test", "of", "change", "is_asked"),
    [
        ('poll["state"] != "open"', "ObjectId(key)", '"state": state', True),
        ('poll["state"] not in ("open", "new")', 'poll["_id"]', '"state": "closed"', True),
        ('poll["state"] != "open"', "ObjectId(key)", '"state": "open"', False),  # the test would not fail then
        ('poll["state"] != "open"', "ObjectId(key)", '"title": state', False),  # nothing changes it
        ('poll["state"] != "open"', "choice", '"state": state', False),  # it does not belong to it
        ('not poll["is_open"]', "ObjectId(key)", '"is_open": False', False),
    ],
)
def test_an_insert_that_goes_by_the_state_of_another_document(
    test: str, of: str, change: str, is_asked: bool, place: Any
) -> None:
    said = [
        note for note in asked(place, MEANWHILE.format(test=test, of=of, change=change))["votes"] if "after" in note
    ]
    assert bool(said) is is_asked
    if is_asked:
        assert said[0].startswith(
            "May a document come in after state of polls has changed? insert_one goes by the state"
        )
        assert "that line 12 read" in said[0]
        assert said[0].endswith("(shop.py:15, shop.py:20)")


@pytest.mark.parametrize(("made", "is_asked"), [("sum(each['stars'] for each in found)", False), ("found", True)])
def test_what_a_finding_tells_of_a_cut_off_list_is_not_asked(made: str, is_asked: bool, place: Any) -> None:
    added = "    await db.users.insert_one({'stars': 0})\n"
    code = f"\n\n@app.get('/stars')\nasync def stars():\n{added}    found = await db.users.find().to_list(100)\n"
    place.write({"pyproject.toml": "[tool.mongolint]\n", "shop.py": f"{HEAD}{code}    return {made}\n"})
    found = place.run("review", ".", "--format", "json").json
    assert any("may be missing" in each["question"] for each in found["questions"]) is is_asked
    assert any(each["code"] == "MDB115" for each in found["issues"]) is not is_asked
