"""What ``review`` asks of a collection: what the code shows, and whether it is meant it does not say."""

from __future__ import annotations

from typing import Any

import pytest

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
    return {held["name"]: held["notes"] for held in done.json["collections"]}


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
    said = [note for note in asked(place, code)["pages"] if "takes over" in note]
    assert bool(said) is is_asked
    if is_asked:
        assert said[0].startswith("insert_one (shop.py:11) takes over readers as line 10 read it, and update_many")


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
        assert said[0].startswith("of the first 500 documents one is kept for each of (shop.py:10): when")
