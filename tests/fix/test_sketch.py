"""What a person should write in the place of a loop with a query: it asks the same, and of what is there before it."""

from __future__ import annotations

from pathlib import Path

import pytest

from mongolint.engine.run import check
from mongolint.testing import project

APP = """\
from motor.motor_asyncio import AsyncIOMotorClient

db = AsyncIOMotorClient().app


async def get_collection(name):
    return db[name]


async def told(book_id, user_id):
    items = await db.questions.find({{"book_id": book_id}}).to_list(length=None)
    found = []
    for item in items:
{body}
        found.append(answer)
    return found
"""
QUERY = 'answer = await {on}.find_one({{"question_id": {key}, "user_id": user_id}})'
FOUND = """\
keys = [str(item["_id"]) for item in items]
found = {{d["question_id"]: d async for d in {on}.find({{"question_id": {{"$in": keys}}, "user_id": user_id}})}}"""


def text_of(root: Path, *lines: str) -> str:
    files = {"app.py": APP.format(body="\n".join(f"        {line}" for line in lines))}
    loaded = project(files, root)
    (finding,) = check(loaded, {"MDB101"}, loaded.project.config, fixes=True).findings
    assert finding.fix is not None
    assert not finding.fix.edits
    return finding.fix.text


@pytest.mark.parametrize(
    ("lines", "on"),
    [
        (('item["id"] = str(item.pop("_id"))', QUERY.format(on="db.answers", key='item["id"]')), "db.answers"),
        (('key = str(item["_id"])', QUERY.format(on="db.answers", key="key")), "db.answers"),
        (
            (
                'answers = await get_collection("answers")',
                QUERY.format(on="answers", key='str(item["_id"])'),
            ),
            '(await get_collection("answers"))',
        ),
    ],
)
def test_what_the_loop_makes_is_put_in(lines: tuple[str, ...], on: str, tmp_path: Path) -> None:
    assert text_of(tmp_path, *lines) == FOUND.format(on=on)


def test_a_key_that_only_the_loop_knows_is_not_gathered(tmp_path: Path) -> None:
    text = text_of(tmp_path, "book_id = book_id + 1", QUERY.format(on="db.answers", key="str(item['_id'] + book_id)"))
    assert "keys = [" not in text


def test_the_condition_that_asks_chooses_no_keys(tmp_path: Path) -> None:
    code = """\
from pymongo import MongoClient

db = MongoClient(timeoutMS=5000).app


def missing(ids):
    return [i for i in ids if i if not db.users.find_one({"_id": str(i)}) if i > 3]
"""
    loaded = project(code, tmp_path)
    (finding,) = check(loaded, {"MDB101"}, loaded.project.config, fixes=True).findings
    assert finding.fix is not None
    assert finding.fix.text.splitlines()[0] == "keys = [str(i) for i in ids if i]"


COLLECTED = """\
writes = []
for item in items:
    …
    writes.append(UpdateOne({{"_id": item["_id"]}}, {{"$set": {change}}}))
if writes:
    await db.questions.bulk_write(writes)"""
UPDATE = 'answer = await db.questions.update_one({{"_id": item["_id"]}}, {{"$set": {change}}})'


@pytest.mark.parametrize(
    ("lines", "change"),
    [
        (("told = item['x'] + 1", "print(told)", UPDATE), '{"told": told}'),
        (("if item['x']:", f"    {UPDATE}"), '{"told": 1}'),
    ],
)
def test_a_write_of_what_the_loop_makes_is_collected_in_the_loop(
    lines: tuple[str, ...], change: str, tmp_path: Path
) -> None:
    text = text_of(tmp_path, *(line.format(change=change) if "update" in line else line for line in lines))
    assert text == COLLECTED.format(change=change)


LOOPS = """\
from motor.motor_asyncio import AsyncIOMotorClient

db = AsyncIOMotorClient().app


async def close(channel, data):
    return await db.logs.find_one_and_update({{"channel": channel}}, {{"$set": data}})


async def save(data):
    if data.get("all"):
        await db.config.update_one({{"_id": 1}}, {{"$set": data}})
    elif data.get("some"):
        await db.config.update_one({{"_id": 1}}, {{"$set": data}})


async def told(channels, seen, session):
{body}
"""


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (
            "for each in channels:\n    if each['id'] not in seen:\n        await close(each['id'], {'open': False})",
            "found = await close_many([each['id'] for each in channels if each['id'] not in seen], {'open': False})",
        ),
        (
            "return [await close(each, seen) for each in channels if each]",
            "found = await close_many([each for each in channels if each], seen)",
        ),
        ("for each in channels:\n    if each in seen:\n        pass\n    else:\n        await close(each, {})", ""),
        ("for each in channels:\n    if each in seen:\n        continue\n    await close(each, {})", ""),
        ("for each in channels:\n    key = str(each)\n    await close(each, {'key': key})", ""),
        ("for each in channels:\n    await save({'channel': each})", ""),
        (
            "return [await db.logs.insert_one(each, session=session) for each in channels]",
            "await db.logs.insert_many(list(channels), session=session)",
        ),
        (
            "return [await db.logs.update_one({'_id': each}, seen, session=session) for each in channels if each]",
            "writes = [UpdateOne({'_id': each}, seen) for each in channels if each]\n"
            "if writes:\n    await db.logs.bulk_write(writes, session=session)",
        ),
    ],
)
def test_a_write_for_some_items_is_written_for_those(body: str, text: str, tmp_path: Path) -> None:
    indented = "\n".join(f"    {line}" for line in body.split("\n"))
    loaded = project({"app.py": LOOPS.format(body=indented)}, tmp_path)
    (finding,) = check(loaded, {"MDB101"}, loaded.project.config, fixes=True).findings
    assert finding.fix is not None
    assert not finding.fix.edits
    if text:
        assert finding.fix.text == text
    else:
        assert "close" not in finding.fix.text
        assert "save" not in finding.fix.text


SAME = """\
from pymongo import MongoClient

db = MongoClient(timeoutMS=5000).app


def put(book_id, name):
    db.books.update_one({"_id": book_id}, {"$addToSet": {"names": name}})


def get(book_id):
    return db.books.find_one({"_id": book_id})


"""
TITLES = {"put(book_id, name)": "write once, after the loop", "print(get(book_id))": "ask once, before the loop"}


@pytest.mark.parametrize(("body", "title"), TITLES.items())
def test_what_is_the_same_each_time_is_done_once(body: str, title: str, tmp_path: Path) -> None:
    loaded = project(f"{SAME}def all_of(book_id, names):\n    for name in names:\n        {body}\n", tmp_path)
    (finding,) = check(loaded, {"MDB101"}, loaded.project.config, fixes=True).findings
    assert finding.fix is not None
    assert finding.fix.title == title
