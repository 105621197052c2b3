"""Queries that each iteration of a loop asks in the same way, and values that a loop makes of themselves."""

from __future__ import annotations

from pathlib import Path

import pytest

from mongolint.engine.registry import rule_infos
from mongolint.engine.run import check
from mongolint.testing import findings, project

HEAD = """\
from pymongo import MongoClient

db = MongoClient(timeoutMS=5000).app
LIMIT = 5


def names_of(chat_id):
    document = db.chats.find_one({"chat_id": chat_id})
    return document["names"] if document else {}


def name_of(chat_id, name):
    found = names_of(chat_id)
    return found.get(name)


def remove(chat_id, name):
    names = names_of(chat_id)
    del names[name]
    db.chats.update_one({"chat_id": chat_id}, {"$set": {"names": names}})


def push(chat_id, name):
    db.chats.update_one({"chat_id": int(chat_id)}, {"$push": {"list": name}})


def by_both(owner, name):
    return db.chats.find_one({"owner": owner, "name": name})


def like(owner, name):
    return db.chats.find_one({"owner": owner, "name": {"$regex": name}})


def first(query):
    return db.chats.find_one(query)


def members(owner):
    for name in db.groups.distinct("name", {"owner": owner}):
        found = first({"name": name})
    return found


def is_on():
    return db.settings.find_one({"_id": "on"})


def next_job():
    return db.jobs.find_one({"state": "open"})


def next_of_any():
    return db.jobs.find_one({"state": {"$in": ["open", "new"]}})


def take(job):
    db.jobs.update_one({"_id": job["_id"]}, {"$set": {"state": "taken"}})


"""
READ = "is the same each time: read it once, before the loop"
SAME = {
    "a parameter": ("for name in names:\n    show(name_of(chat.id, name))", f"chat_id {READ}"),
    "a value from before the loop": (
        "chat_id = chat.make()\nfor name in names:\n    show(name_of(chat_id, name))",
        f"chat_id {READ}",
    ),
    "a comprehension": ("return [name_of(chat.id, name) for name in names]", f"chat_id {READ}"),
    "the item of an outer loop": (
        "for chat_id in chat:\n    for name in names[chat_id]:\n        show(name_of(chat_id, name))",
        f"chat_id {READ}",
    ),
    "a constant": ("for name in names:\n    show(is_on())", f"_id {READ}"),
    "read and written": (
        "for name in names:\n    remove(chat.id, name)",
        "chat_id is the same each time: read it before the loop, and write all changes as one, after it",
    ),
    "written": (
        "for name in names:\n    push(chat.id, name)",
        "chat_id is the same each time: write all changes as one, after the loop",
    ),
    "without a helper": (
        "for name in names:\n    show(name, db.chats.find_one({'_id': chat.id}))",
        f"_id {READ}",
    ),
}
OTHER = {
    "the item": "for name in names:\n    show(name_of(name, 'x'))",
    "something of the item": "for name in names:\n    show(name_of(name.chat.id, 'x'))",
    "one field of two": "for name in names:\n    show(by_both(chat.id, name))",
    "a counter": "n = 0\nfor name in names:\n    n = n + 1\n    show(name_of(n, name))",
    "changed in the loop": "for name in names:\n    chat.id = name.id\n    show(name_of(chat.id, name))",
    "made anew": "for name in names:\n    show(name_of(chat.make(), name))",
    "a queue": "for name in names:\n    take(next_job())",
    "a queue of several states": "for name in names:\n    take(next_of_any())",
    "of an inner function": "for name in names:\n    def one():\n        return name_of(name, 1)\n    show(one())",
}


def _message(body: str, tmp_path: Path) -> str:
    lines = "".join(f"    {line}\n" for line in body.splitlines())
    text = f"{HEAD}def ask(names, chat, show):\n{lines}"
    return "\n".join(finding.message for finding in findings(text, tmp_path, rules={"MDB101"}))


@pytest.mark.parametrize(("body", "wanted"), SAME.values(), ids=SAME)
def test_each_iteration_asks_the_same(body: str, wanted: str, tmp_path: Path) -> None:
    assert wanted in _message(body, tmp_path)


@pytest.mark.parametrize("body", OTHER.values(), ids=OTHER)
def test_each_iteration_asks_something_else(body: str, tmp_path: Path) -> None:
    message = _message(body, tmp_path)
    assert "once per item" in message
    assert "same each time" not in message


ALLOWED = """\
def mine():
    return {"members": {"$in": [current.user.id]}}


def allowed(user_only=True):
    if user_only:
        return {"_id": -1}
    shared = list(db.groups.find(mine()))
    return {"group": {"$in": shared}}


def drawn():
    key = draw()
    return db.items.find_one({"key": key})


def ask(names, chat):
    for name in names:
        show(CALL)
"""


@pytest.mark.parametrize(
    ("call", "same"),
    [
        ("allowed(user_only=False)", True),
        ("allowed(chat)", True),
        ("allowed(name)", False),
        ("allowed(show())", False),
        ("drawn()", False),
        ("db.groups.insert_one({'members': [name]}) or allowed(False)", False),
    ],
)
def test_a_helper_that_is_called_with_the_same_reads_the_same(call: str, same: bool, tmp_path: Path) -> None:
    """Though its filters are not all seen; but what one of them draws, or the loop writes, is another each time."""
    text = f"from sessions import current\n{HEAD}{ALLOWED}".replace("CALL", call)
    found = [each.message for each in findings(text, tmp_path, rules={"MDB101"})]
    assert ["the same each time" in each for each in found if each.startswith(("allowed", "drawn"))] == [same]


LAZY = """\
class Client:
    def __init__(self, bot):
        self.bot = bot

    def save(self, data):
        db.config.update_one({"bot_id": self.bot.id}, {"$set": data})

    def rename(self, bot):
        self.bot = bot


class Bot:
    def __init__(self):
        self._client = None

    @property
    def client(self):
        if self._client is None:
            self._client = Client(self)
        return self._client

    def close(self, items):
        for item in items:
            self.client.save(item)
"""


@pytest.mark.parametrize(("renamed", "wanted"), [(False, True), (True, False)], ids=["made once", "set later"])
def test_an_attribute_of_what_is_made_when_it_is_first_asked_for(renamed: bool, wanted: bool, tmp_path: Path) -> None:
    """``None`` has no methods, and what only ``__init__`` sets stays as it is."""
    text = LAZY if renamed else LAZY.replace("self.bot = bot\n\n\nclass Bot", "pass\n\n\nclass Bot")
    *_, found = findings(HEAD + text, tmp_path, rules={"MDB101"})
    assert ("bot_id is the same each time: write all changes as one" in found.message) is wanted


OF_KINDS = """\
class Runs:
    def listed(self, owner=None):
        query = {"kind": {"$in": ["crawl", None]}}
        if owner:
            query["owner"] = owner
        return list(db.runs.aggregate([{"$match": query}]))


class Logged:
    def listed(self, owner=None):
        print(owner)
        return Runs().listed(owner)


def all_of(owners, log):
    runs = Logged() if log else Runs()
    for owner in owners:
        runs.listed(owner)
"""


def test_a_field_that_is_compared_with_constants_is_no_key(tmp_path: Path) -> None:
    """Whichever method runs."""
    *_, found = findings(HEAD + OF_KINDS, tmp_path, rules={"MDB101"})
    assert found.message.endswith(
        'give the helper a variant that takes all keys, with {"kind": …, "owner": {"$in": keys}}'
    )


OF_PAIRS = """\
def clear(owner, kind, state=None):
    state = state or ""
    query = {"owner": owner, "kind": kind}
    if state:
        query["state"] = state
    db.runs.delete_many(query)


def clear_all(owner, pairs):
    for kind, state in pairs:
        clear(owner, kind, state=state)
"""


def test_a_field_that_is_asked_for_under_an_if_is_part_of_the_key(tmp_path: Path) -> None:
    *_, found = findings(HEAD + OF_PAIRS, tmp_path, rules={"MDB101"})
    assert found.message.endswith('with one delete_many({"owner": …, "$or": [{"kind": …, "state": …}, …]})')


OF_READERS = """
def page(name, number, user):
    asked = {"$or": [{"owner": user}, {"readers": user}]}
    return db.pages.find_one({"name": name, "number": number, **asked})


def pages(wanted, user):
    for name, number in wanted:
        show(page(name, number, user))
"""


def test_a_filter_with_an_or_of_its_own_gets_no_second_one(tmp_path: Path) -> None:
    *_, found = findings(HEAD + OF_READERS, tmp_path, rules={"MDB101"})
    assert found.message.endswith('that takes all items, with {"$and": [{"$or": [{"name": …, "number": …}, …]}, …]}')


def test_of_several_collections_no_fields_are_named(tmp_path: Path) -> None:
    """Those of the one would be told of the other."""
    before = "    return db.pages.find_one({"
    code = OF_READERS.replace(before, f"    show(db.readers.find_one({{'user': user}}))\n{before}")
    *_, found = findings(HEAD + code, tmp_path, rules={"MDB101"})
    assert '{"$or": […]}' in found.message


FACETS = {
    "of a pipeline": "db.answers.aggregate([{'$match': {'of': of, f'given.{name}': {'$ne': None}}}])",
    "of a filter": "db.answers.find({'of': of, f'given.{name}': {'$ne': None}}).limit(20)",
}


@pytest.mark.parametrize("query", FACETS.values(), ids=FACETS)
def test_fields_that_are_named_after_the_item_are_facets(query: str, tmp_path: Path) -> None:
    code = f"def f(of, names):\n    for name in names:\n        show(list({query}))\n"
    *_, found = findings(HEAD + code, tmp_path, rules={"MDB101"})
    assert found.message.endswith("ask for all of them with one aggregate, which has a $facet for each")


def test_the_field_that_changes_is_named(tmp_path: Path) -> None:
    assert '{"owner": …, "name": {"$in": keys}}' in _message(OTHER["one field of two"], tmp_path)


IN_ONE = {
    "the fields beside the key": (
        "for name in names:\n    for found in db.chats.find({'chat_id': chat.id, 'name': name}):\n        show(found)",
        'fetch all before the loop with find({"chat_id": …, "name": {"$in": keys}}) and group them by name',
    ),
    "what is added up": (
        "for name in names:\n    show(sum(found['n'] for found in db.chats.find({'name': name})))",
        'or let the server add up with $match and {"$group": {"_id": "$name", …}}',
    ),
    "what a loop adds up": (
        "for name in names:\n    n = 0\n    for found in db.chats.find({'name': name}):\n        n += found['n']\n"
        "    show(n)",
        'or let the server add up with $match and {"$group": {"_id": "$name", …}}',
    ),
    "what is gathered and counted": (
        "kept = []\nfor name in names:\n    for found in db.chats.find({'name': name}):\n        kept.append(found)\n"
        "    show(len(kept))",
        'fetch all before the loop with find({"name": {"$in": keys}}) and group them by name',
    ),
    "an expression": (
        "for name in names:\n    show(db.chats.find_one({'list': 1, 'name': {'$regex': name}}))",
        'ask for all before the loop, with {"list": …, "$or": [{"name": …}, …]}',
    ),
    "an expression in a helper": (
        "for name in names:\n    show(like(chat.id, name))",
        'a variant that takes all items, with {"owner": …, "$or": [{"name": …}, …]}',
    ),
    "lists": (
        "for name in names:\n    show(db.chats.distinct('list', {'name': {'$in': name.all}}))",
        'join the lists, and ask once, with {"name": {"$in": all keys}}',
    ),
    "a list of one": (
        "for name in names:\n    show(db.chats.find_one({'name': {'$in': [name.id]}}))",
        'fetch all before the loop with find({"name": {"$in": keys}}) and pick by name',
    ),
    "two fields": (
        "for name in names:\n    show(by_both(name.owner, name.id))",
        'a variant that takes all items, with {"$or": [{"owner": …, "name": …}, …]}',
    ),
    "two fields, one of them the id": (
        "for name in names:\n    show(db.chats.find_one({'_id': name.id, 'owner': name.owner}))",
        'find({"_id": {"$in": keys}}) and pick by _id',
    ),
    "a filter that is handed on": (
        "for name in names:\n    show(first({'owner': chat.id, 'name': name}))",
        'takes all keys, with {"owner": …, "name": {"$in": keys}}',
    ),
    "answers": (
        "for name in names:\n    show(db.chats.find_one_and_update({'_id': name}, {'$set': {'seen': 1}}))",
        "UpdateOne requests and send them with one bulk_write, and read the documents with one find",
    ),
    "updates of many": (
        "for name in names:\n    db.chats.update_many({'name': name}, {'$set': {'seen': 1}})",
        "collect UpdateMany requests and send them with one bulk_write",
    ),
    "answers that nobody looks at": (
        "for name in names:\n    db.chats.find_one_and_update({'_id': name}, {'$set': {'seen': 1}})",
        "UpdateOne requests and send them with one bulk_write",
    ),
    "what a helper finds": (
        "for name in names:\n    show(members(name))",
        'takes all keys, with {"owner": {"$in": keys}}',
    ),
    "a value from before the loop": (
        "made = chat.make()\nfor name in names:\n    show(names_of(made.of(chat)))",
        "takes all items at once",
    ),
    "one of several of a key": (
        "for name in names:\n    db.chats.delete_one({'name': name})",
        "collect DeleteOne requests for one bulk_write",
    ),
}


@pytest.mark.parametrize(("body", "wanted"), IN_ONE.values(), ids=IN_ONE)
def test_what_asks_for_all_at_once(body: str, wanted: str, tmp_path: Path) -> None:
    message = _message(body, tmp_path)
    assert message.endswith(wanted)


GATHERED = """
import asyncio


async def get(name):
    return db.chats.find_one({"name": name})


async def after(names):
    return await asyncio.gather(*[get(name) for name in names])


async def within(names):
    for name in names:
        await asyncio.gather(get(name), get(1))
"""


def test_what_is_gathered_after_the_loop_is_sent_at_once(tmp_path: Path) -> None:
    _, after, within, _ = (f.message for f in findings(HEAD + GATHERED, tmp_path, rules={"MDB101"}))
    assert "once per item of the loop, all at once; " in after
    assert "once per item of the loop; " in within


CYCLES = {
    "a list that a loop adds to, or not": """
        cart = db.carts.find_one({"_id": key})
        notes = [] if not cart else cart["notes"]
        for item in items:
            if item not in notes:
                notes.append(item)
                db.carts.update_one({"_id": key}, {"$set": {"notes": notes}})
    """,
    "a document that a loop changes, or not": """
        cart = db.carts.find_one({"_id": key})["content"]
        for item in items:
            if item:
                cart = item.content()
            db.carts.update_one({"_id": key}, {"$set": {"content": cart}})
    """,
    "a member that stays or changes": """
        state = "new"
        for item in items:
            state = state if item else "old"
            db.carts.update_one({"_id": key}, {"$addToSet": {"states": state}})
    """,
    "keys that lead to keys": """
        pending = {key}
        while pending:
            pending = pending - items
            for item in pending:
                cart = db.carts.find_one({"_id": item})
                items.add(cart["next"])
    """,
}


@pytest.mark.parametrize("body", CYCLES.values(), ids=CYCLES)
def test_values_made_of_themselves(body: str, tmp_path: Path) -> None:
    text = "from pymongo import MongoClient\n\ndb = MongoClient(timeoutMS=5000).app\n\n\ndef change(key, items):\n"
    lines = [line.removeprefix("    ") for line in body.strip("\n").splitlines()]
    loaded = project(text + "\n".join(lines) + "\n", tmp_path)
    result = check(loaded, set(rule_infos()), loaded.project.config, fixes=True)
    assert result.findings
    assert not result.crashes
