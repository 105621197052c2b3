"""Loops that repeat a query without asking once per item: what MDB101 leaves alone, and what only looks like it."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent, indent

import pytest

from mongolint.testing import findings

HEAD = """\
from more_itertools import chunked
from pymongo import MongoClient
from pymongo.errors import DuplicateKeyError
from result import is_err

db = MongoClient(timeoutMS=5000).app


def store(claim):
    return db.claims.insert_one(claim)


"""


def _messages(text: str, tmp_path: Path) -> list[str]:
    return [finding.message for finding in findings(HEAD + text, tmp_path, rules={"MDB101"})]


TRIED = {
    "filled": 'ways = []\nif key:\n    ways.append({"_id": key})\nways.append({"name": user})',
    "continued": 'ways = [{"_id": key}]\nways.append({"name": user})',
}
NOT_TRIED = {
    "filled by a loop": 'ways = []\nfor each in pool:\n    ways.append({"_id": each})',
    "continued by a loop": 'ways = [{"_id": key}]\nways.append({"_id": user})\nfor each in pool:\n    ways.append({})',
    "extended": 'ways = [{"_id": key}]\nways.append({"_id": user})\nways.extend(pool)',
    "filled elsewhere": 'ways = []\nways.append({"_id": key})\nfill(ways)',
}


def _tries(body: str) -> str:
    text = f"{body}\nfor way in ways:\n    found = db.claims.find_one(way)\n    if found:\n        return found\n"
    return "def run(key, user, pool, fill):\n" + indent(text, "    ")


@pytest.mark.parametrize("body", TRIED.values(), ids=TRIED)
def test_ways_that_are_written_out_are_few(body: str, tmp_path: Path) -> None:
    assert _messages(_tries(body), tmp_path) == []


@pytest.mark.parametrize("body", NOT_TRIED.values(), ids=NOT_TRIED)
def test_a_list_that_may_grow_is_not_few(body: str, tmp_path: Path) -> None:
    assert len(_messages(_tries(body), tmp_path)) == 1


CLAIMING = {
    "return": """
        for address in pool:
            if address > user:
                break
            try:
                db.claims.insert_one({"_id": address, "user": user})
                return address
            except DuplicateKeyError:
                pass
    """,
    "break": """
        for address in pool:
            try:
                db.claims.insert_one({"_id": address, "user": user})
                break
            except DuplicateKeyError:
                continue
    """,
    "the else of a try": """
        for address in pool:
            try:
                db.claims.insert_one({"_id": address, "user": user})
            except DuplicateKeyError:
                continue
            else:
                return address
    """,
    "a test": """
        for address in pool:
            if db.claims.update_one({"_id": address, "user": None}, {"$set": {"user": user}}).modified_count:
                return address
    """,
}
PER_ITEM = {
    "goes on after an error": """
        for address in pool:
            try:
                db.claims.insert_one({"_id": address, "user": user})
            except DuplicateKeyError:
                pass
    """,
    "searches": """
        for address in pool:
            try:
                claim = db.claims.find_one({"_id": address})
                if claim is None:
                    continue
                return claim
            except ValueError:
                pass
    """,
    "ends when one is not stored": """
        for address in pool:
            if not db.claims.update_one({"_id": address}, {"$set": {"user": user}}).matched_count:
                return False
    """,
    "ends when a result is an error": """
        for address in pool:
            result = store({"_id": address, "user": user})
            if is_err(result):
                return result
    """,
    "ends after an error": """
        for address in pool:
            try:
                db.claims.insert_one({"_id": address, "user": user})
            except DuplicateKeyError:
                return None
    """,
}


@pytest.mark.parametrize("body", CLAIMING.values(), ids=CLAIMING)
def test_what_is_tried_until_one_takes_is_not_per_item(body: str, tmp_path: Path) -> None:
    assert not _messages("def claim(pool, user):" + body.replace("\n    ", "\n"), tmp_path)


@pytest.mark.parametrize("body", PER_ITEM.values(), ids=PER_ITEM)
def test_a_try_that_goes_on_is_per_item(body: str, tmp_path: Path) -> None:
    assert len(_messages("def claim(pool, user):" + body.replace("\n    ", "\n"), tmp_path)) == 1


KEEPING = {
    "an attribute": (
        "    def of(self, key):\n        if self.kept is None:\n            self.kept = list(db.kinds.find())\n"
        "        return self.kept[key]\n"
    ),
    "a falsy attribute": (
        "    def of(self, key):\n        if not self.kept:\n"
        "            self.kept = {d['_id']: d for d in db.kinds.find()}\n"
        "        return self.kept.get(key)\n"
    ),
    "an attribute that equals nothing": (
        "    def of(self, key):\n        if self.kept == []:\n            self.kept = list(db.kinds.find())\n"
        "        return self.kept[key]\n"
    ),
    "an attribute that may be missing": (
        "    def of(self, key):\n        if not hasattr(self, 'kept'):\n            self.kept = list(db.kinds.find())\n"
        "        return self.kept[key]\n"
    ),
    "a helper": (
        "    def of(self, key):\n        if self.kept is None:\n            self.load()\n            self.kept = 1\n\n"
        "    def load(self):\n        return list(db.kinds.find())\n"
    ),
    "a helper that keeps": (
        "    def of(self, key):\n        return self.all()[key]\n\n    def all(self):\n"
        "        if self.kept is None:\n            self.kept = list(db.kinds.find())\n        return self.kept\n"
    ),
    "a question of its own": (
        "    def of(self, key):\n        if self.is_loaded():\n            return self.kept[key]\n"
        "        self.kept = list(db.kinds.find())\n        return self.kept[key]\n\n"
        "    def is_loaded(self):\n        return self.kept is not None\n"
    ),
    "a dictionary": (
        "    def of(self, key):\n        if key in KEPT:\n            return KEPT[key]\n"
        "        KEPT[key] = db.kinds.find_one({'_id': key})\n        return KEPT[key]\n"
    ),
    "a dictionary, unless asked anew": (
        "    def of(self, key, anew=False):\n        if key in KEPT and not anew:\n            return KEPT[key]\n"
        "        found = db.kinds.find_one({'_id': key})\n        KEPT[key] = found\n        return found\n"
    ),
    "the default of a parameter": (
        "    def of(self, key, kept={}):\n        if key not in kept:\n"
        "            kept[key] = db.kinds.find_one({'_id': key})\n        return kept[key]\n"
    ),
    "a dictionary that is the default of a parameter": (
        "    def of(self, key, kept=KEPT):\n        if key in kept:\n            return kept[key]\n"
        "        kept[key] = db.kinds.find_one({'_id': key})\n        return kept[key]\n"
    ),
    "a global": (
        "    def of(self, key):\n        global LAST\n        if LAST is None:\n"
        "            LAST = list(db.kinds.find())\n"
        "        return LAST[key]\n"
    ),
    "a cache": (
        "    def of(self, key):\n        kinds = KEPT.get('kinds')\n        if kinds in [None, []]:\n"
        "            kinds = list(db.kinds.find())\n            KEPT.set('kinds', kinds)\n        return kinds[key]\n"
    ),
    "a cache by a key that is made": (
        "    def of(self, key):\n        found = KEPT.get(key if isinstance(key, str) else key.pattern)\n"
        "        if found is not None:\n            return found\n        found = db.kinds.find_one({'_id': key})\n"
        "        KEPT.set(key if isinstance(key, str) else key.pattern, found)\n        return found\n"
    ),
    "a cache that is awaited": (
        "    async def of(self, key):\n        found = await KEPT.get(key)\n        if found is not None:\n"
        "            return found\n        found = db.kinds.find_one({'_id': key})\n"
        "        await KEPT.set(key, found)\n        return found\n"
    ),
}
ASKING = {
    "nothing is stored": (
        "    def of(self, key):\n        if self.kept is None:\n            return list(db.kinds.find())[key]\n"
    ),
    "a question for the opposite": (
        "    def of(self, key):\n        if self.is_empty():\n            return self.kept\n"
        "        self.kept = db.kinds.find_one({'_id': key})\n        return self.kept\n\n"
        "    def is_empty(self):\n        return self.kept is None\n"
    ),
    "the last key only": (
        "    def of(self, key):\n        if self.kept is not None and self.kept['_id'] == key:\n"
        "            return self.kept\n"
        "        self.kept = db.kinds.find_one({'_id': key})\n        return self.kept\n"
    ),
    "a dictionary of its own": (
        "    def of(self, key):\n        kept = {}\n        if key not in kept:\n"
        "            kept[key] = db.kinds.find_one({'_id': key})\n        return kept[key]\n"
    ),
    "a parameter without a default": (
        "    def of(self, key, kept=None):\n        if key not in kept:\n"
        "            kept[key] = db.kinds.find_one({'_id': key})\n        return kept[key]\n"
    ),
    "the other branch": (
        "    def of(self, key):\n        if self.kept is None:\n            self.kept = {}\n        else:\n"
        "            return db.kinds.find_one({'_id': key})\n"
    ),
}
OWNED = "KEPT = {}\nLAST = None\n\n\nclass Kinds:\n    kept = None\n\n"
LOOP = "\n\ndef ask(keys, kinds: Kinds):\n    for key in keys:\n        kinds.of(key)\n"
OF_ITEMS = "\n\ndef ask(keys):\n    for key in keys:\n        Kinds().of(key)\n"


@pytest.mark.parametrize("body", KEEPING.values(), ids=KEEPING)
def test_what_the_code_keeps_is_asked_once(body: str, tmp_path: Path) -> None:
    assert not _messages(OWNED + body + LOOP, tmp_path)


@pytest.mark.parametrize("body", ASKING.values(), ids=ASKING)
def test_what_is_not_kept_is_asked_each_time(body: str, tmp_path: Path) -> None:
    assert len(_messages(OWNED + body + LOOP, tmp_path)) == 1


def test_what_an_object_keeps_is_asked_once_for_each_object(tmp_path: Path) -> None:
    assert len(_messages(OWNED + KEEPING["an attribute"] + OF_ITEMS, tmp_path)) == 1
    assert len(_messages(OWNED + KEEPING["a helper that keeps"] + OF_ITEMS, tmp_path)) == 1
    assert not _messages(OWNED + KEEPING["a dictionary"] + OF_ITEMS, tmp_path)


HELPERS = """\
def clear(owner, chosen):
    db.things.delete_many({"owner": owner, "_id": {"$in": chosen["ids"]}})


def send(batch):
    db.things.insert_many(batch)


def walk(parts):
    for part in parts:
        db.things.update_one({"_id": part["_id"]}, {"$set": {"seen": True}})
        walk(part["parts"])


"""
BATCHES = {
    "a chunk in a dictionary": """
        for owner in owners:
            for ids in chunked(owner.ids, 100):
                chosen = {"ids": ids}
                clear(owner, chosen)
    """,
    "the next batch": """
        for owner in owners:
            while ids := owner.next_ids():
                clear(owner, {"ids": ids})
    """,
    "slices in a list": """
        parts = [owners[i : i + 100] for i in range(0, len(owners), 100)]
        for part in parts:
            db.things.update_many({"_id": {"$in": [owner.id for owner in part]}}, {"$set": {"seen": True}})
    """,
    "what was gathered": """
        batch = []
        for owner in owners:
            full = owner.group != last
            if full:
                send(batch)
                batch = []
            batch.append(owner)
            last = owner.group
    """,
}
NO_BATCHES = {
    "the items of a chunk": """
        for ids in chunked(owners, 100):
            for each in ids:
                clear(each, {"ids": each.ids})
    """,
    "parts of each of the items": """
        for key in [owner[1:] for owner in owners]:
            db.things.update_many({"owner": key}, {"$set": {"seen": True}})
    """,
    "begun anew in each round": """
        for owner in owners:
            batch = []
            for each in owner.ids:
                batch.append({"_id": each})
            if batch:
                send(batch)
    """,
}


@pytest.mark.parametrize("body", BATCHES.values(), ids=BATCHES)
def test_a_helper_that_is_given_batches_is_not_per_item(body: str, tmp_path: Path) -> None:
    *told, last = _messages(HELPERS + "def work(owners, last):" + body.replace("\n    ", "\n"), tmp_path)
    assert (told, last.partition(" ")[0]) == ([], "update_one")


@pytest.mark.parametrize("body", NO_BATCHES.values(), ids=NO_BATCHES)
def test_a_helper_that_is_given_one_item_at_a_time(body: str, tmp_path: Path) -> None:
    assert len(_messages(HELPERS + "def work(owners, last):" + body.replace("\n    ", "\n"), tmp_path)) == 2


def test_a_function_that_calls_itself_is_told_once(tmp_path: Path) -> None:
    """Where its loop has a query of its own; else the call is what repeats it."""
    (one,) = _messages(HELPERS, tmp_path)
    assert one.startswith("update_one")
    tree = "def walk(node):\n    found = db.things.find_one({'_id': node})\n"
    tree += "    for part in found['parts']:\n        walk(part)\n"
    (one,) = _messages(tree, tmp_path)
    assert one.startswith("walk runs find_one")


def test_saved_documents_are_replaced(tmp_path: Path) -> None:
    text = "def mend(ids):\n    for found in db.things.find({'_id': {'$in': ids}}):\n        db.things.save(found)\n"
    (message,) = _messages(text, tmp_path)
    assert "ReplaceOne with upsert=True" in message
    assert "insert_many" not in message


RECORDS = """\
class Record:
    collection = None

    def load(self, key):
        return self.collection.find_one({"_id": key})


"""


@pytest.mark.parametrize(("classes", "told"), [(2, 1), (9, 0)])
def test_an_operation_on_one_of_many_collections_is_not_told(classes: int, told: int, tmp_path: Path) -> None:
    """Which of them, or whether one at all, is not known."""
    kinds = "".join(f"class Kind{n}(Record):\n    collection = db.kind{n}\n\n\n" for n in range(classes))
    text = f"{RECORDS}{kinds}def work(record: Record, keys):\n    for key in keys:\n        record.load(key)\n"
    assert len(_messages(text, tmp_path)) == told


SEARCHES = """\
async def near(vector):
    stage = {"index": "vectors", "path": "vector", "queryVector": vector, "numCandidates": 100, "limit": 5}
    return await db.things.aggregate([{"$vectorSearch": stage}, {"$project": {"vector": 0}}]).to_list(5)


async def ask(vectors):
    return [await near(vector) for vector in vectors]
"""


def test_a_search_takes_one_question(tmp_path: Path) -> None:
    head = HEAD.replace("import MongoClient", "import AsyncMongoClient as MongoClient")
    assert not findings(head + SEARCHES, tmp_path, rules={"MDB101", "MDB103"})
    matching = SEARCHES.replace('"$vectorSearch": stage', '"$match": {"vector": vector}')
    assert findings(head + matching, tmp_path, rules={"MDB101"})


NAMED = """\
from enum import Enum
from typing import Literal

Action = Literal["added", "deleted"]


class Kind(Enum):
    NEW = 1
    OLD = 2


def record(changes: KEYS):
    for key, ids in changes.items():
        db.events.insert_one({"key": key, "ids": ids})
"""


@pytest.mark.parametrize(
    ("keys", "told"),
    [("dict[Action, set[str]]", 0), ("dict[Kind, list]", 0), ("dict[Literal['a'], int]", 0), ("dict[str, Action]", 1)],
)
def test_keys_of_an_enumeration_are_few(keys: str, told: int, tmp_path: Path) -> None:
    assert len(_messages(NAMED.replace("KEYS", keys), tmp_path)) == told


@pytest.mark.parametrize(
    ("items", "severity"),
    [
        ('db.things.find().sort("at", -1).limit(5)', "low"),
        ("db.things.find().to_list(length=3)", "low"),
        ("sorted(db.things.find(limit=5))", "low"),
        ("count[:3]", "low"),
        ("list(count)[-2:]", "low"),
        ("count[:100]", "high"),
        ("count[2:]", "high"),
        ("count[::2]", "high"),
        ("db.things.find().limit(100)", "high"),
        ("db.things.find().limit(count)", "high"),
    ],
)
def test_a_handful_of_documents_is_told_low(items: str, severity: str, tmp_path: Path) -> None:
    text = f"""\
def f(count):
    return [db.users.find_one({{"_id": each["owner"]}}) for each in {items}]
"""
    assert [each.severity.name.lower() for each in findings(HEAD + text, tmp_path, rules={"MDB101"})] == [severity]


@pytest.mark.parametrize("items", ["ids[:1]", "ids[-1:]", "ids[2:3]", "enumerate(ids[:1])"])
def test_a_slice_of_one_is_no_loop(items: str, tmp_path: Path) -> None:
    text = f"def f(ids):\n    return [db.users.find_one({{'_id': each}}) for each in {items}]\n"
    assert _messages(text, tmp_path) == []


RECEIVED = """\
async def messages(connection):
    while True:
        message = await connection.RECEIVE()
        if message:
            yield message


async def serve(connection):
    async for message in messages(connection):
        db.agents.update_one({"_id": message["id"]}, {"$set": {"seen": message["at"]}})
"""


@pytest.mark.parametrize(("receive", "told"), [("receive_bytes", 0), ("next_row", 1)])
def test_messages_come_one_by_one(receive: str, told: int, tmp_path: Path) -> None:
    assert len(_messages(RECEIVED.replace("RECEIVE", receive), tmp_path)) == told


def test_a_message_to_each_is_what_the_loop_waits_for(tmp_path: Path) -> None:
    text = """\
from firebase_admin import messaging


def tell(user):
    db.notices.insert_one({"user_id": user["_id"]})
    messaging.send(messaging.Message(token=user["token"]))


def tell_all():
    for user in db.users.find({"role": "admin"}):
        tell(user)
"""
    assert not _messages(text, tmp_path)
    assert _messages(text.replace("firebase_admin", "own"), tmp_path)


@pytest.mark.parametrize(
    ("line", "told"),
    [("self.days = [30, 15, 7]", 0), ("self.days = days", 1), ("self.days = [7]; self.days.append(days)", 1)],
)
def test_what_a_constructor_lists_is_bounded(line: str, told: int, tmp_path: Path) -> None:
    text = f"""\
class Reminders:
    def __init__(self, days):
        {line}

    def send(self):
        for day in self.days:
            db.licenses.update_one({{"day": day}}, {{"$set": {{"told": True}}}})
"""
    assert len(_messages(text, tmp_path)) == told


STOPPING = {
    "app/__init__.py": "",
    "app/docker.py": """\
import docker
from pymongo import MongoClient

db = MongoClient().app
_client = None


def clients():
    global _client
    if _client is None:
        _client = docker.DockerClient()
    return _client, 1


def running():
    return {}, 1


def stop(name):
    client, _ = MADE()
    client.GOT(name)
    db.containers.delete_many({"name": name})


def stop_all(names):
    for name in names:
        stop(name)
""",
}


@pytest.mark.parametrize(
    ("made", "got", "told"), [("clients", "containers.get", 0), ("running", "get", 1)], ids=["client", "dict"]
)
def test_the_end_of_a_call_of_another_system_is_no_batch(made: str, got: str, told: int, tmp_path: Path) -> None:
    """Of the library, in a module of the same name."""
    files = {path: text.replace("MADE", made).replace("GOT", got) for path, text in STOPPING.items()}
    assert len(findings(files, tmp_path, rules={"MDB101"})) == told


WORKERS = {
    "for good": ("time.sleep(1)", 0),
    "until told to stop": ("if stopped.is_set():\n            return\n        time.sleep(1)", 0),
    "until nothing is left": ("if job is None:\n            return", 1),
    "until one is found": ("if job:\n            return job\n        time.sleep(1)", 1),
    "until a break": ("if job is None:\n            break\n        time.sleep(1)", 1),
}


@pytest.mark.parametrize(("body", "told"), WORKERS.values(), ids=WORKERS)
def test_workers_are_started_and_not_asked(body: str, told: int, tmp_path: Path) -> None:
    text = "import time\nfrom state import stopped\n\n\ndef work(name):\n    while True:\n"
    text += f"        job = db.jobs.find_one({{'worker': name}})\n        {body}\n\n\n"
    text += "def main(pool, names):\n    for name in names:\n        pool.submit(work(name))\n"
    assert len(_messages(text, tmp_path)) == told


@pytest.mark.parametrize(
    ("imported", "called", "told"),
    [
        ("import requests", "requests.get(user['url'])", 0),
        ("from urllib.request import urlopen", "urlopen(user['url'])", 0),
        ("from googleapiclient.discovery import build", "build('calendar', 'v3').events()", 0),
        ("from googleapiclient.errors import HttpError", "HttpError(user['url'])", 1),
        ("from urllib.parse import urlparse", "urlparse(user['url']).netloc", 1),
        ("import urllib.parse", "urllib.parse.quote(user['url'])", 1),
        ("from aiohttp import web", "web.json_response(user['url'])", 1),
        ("from pyrogram.types import InlineKeyboardButton", "InlineKeyboardButton(user['url'])", 1),
    ],
)
def test_what_only_looks_like_another_system(imported: str, called: str, told: int, tmp_path: Path) -> None:
    body = f"""
        {imported}


        def mark():
            for user in db.users.find():
                seen = {called}
                db.users.update_one({{"_id": user["_id"]}}, {{"$set": {{"seen": seen}}}})
        """
    assert len(_messages(dedent(body), tmp_path)) == told


TAKE = 'db.jobs.update_one({"_id": job, "state": "new"}, {"$set": {"state": "taken"}})'
ANSWERS = {
    "asked": (f"taken = {TAKE}\n        if taken.modified_count:\n            done(job)", "find those that hold it"),
    "asked of a helper": ("if take(job):\n            done(job)", "find those that hold it"),
    "asked by a key": (
        "changed = db.jobs.update_one({'_id': job}, {'$inc': {'n': 1}})\n        if not changed.matched_count:\n"
        "            done(job)",
        "which of the documents are there",
    ),
    "the document": (
        "found = db.jobs.find_one_and_update({'_id': job}, {'$inc': {'n': 1}})\n        if found:\n"
        "            done(found)",
        "read the documents with one find",
    ),
    "asked to fail": (
        "changed = db.jobs.update_one({'_id': job}, {'$inc': {'n': 1}})\n        if changed.matched_count == 0:\n"
        "            raise KeyError(job)",
        "send them with one bulk_write",
    ),
    "asked to fail by a helper": ("put(done.key, job)", "write all changes as one, after the loop"),
    "not asked": (f"{TAKE}\n        done(job)", "send them with one bulk_write"),
    "not asked of a helper": ("take(job)\n        done(job)", "sends their writes with one bulk_write"),
}


@pytest.mark.parametrize(("body", "ending"), ANSWERS.values(), ids=ANSWERS)
def test_what_a_bulk_write_does_not_tell_has_to_be_found(body: str, ending: str, tmp_path: Path) -> None:
    made = f"def take(job):\n    return {TAKE}.modified_count > 0\n\n\n"
    made += "def put(key, job):\n    put = db.jobs.update_one({'_id': key}, {'$push': {'jobs': job}})\n"
    made += "    if not put.matched_count:\n        raise KeyError(key)\n\n\n"
    (told,) = _messages(f"{made}def work(jobs, done):\n    for job in jobs:\n        {body}\n", tmp_path)
    assert told.endswith(ending)


def test_what_a_lambda_fetches_is_the_cost_of_a_helper(tmp_path: Path) -> None:
    body = """
        import requests


        async def note(loop, user):
            text = await loop.run_in_executor(None, lambda: requests.get(user["url"]))
            db.notes.insert_one({"text": text})


        async def notes(loop, users):
            for user in users:
                await note(loop, user)
        """
    assert not _messages(dedent(body), tmp_path)


@pytest.mark.parametrize(
    ("function", "severity"),
    [
        ("await channel.send(text)", "low"),
        ("await asyncio.gather(channel.send(text), show(text))", "low"),
        ("await shown(channel, text)", "low"),
        ("channel.send(text)", "high"),
        ("print(channel, text)", "high"),
    ],
    ids=["sent", "sent among others", "sent two calls below", "kept for later", "kept"],
)
def test_a_helper_that_sends_something_is_the_cost_of_the_loop(function: str, severity: str, tmp_path: Path) -> None:
    body = f"""
        async def note(channel, text):
            {function}
            db.notes.insert_one({{"text": text}})


        async def shown(channel, text):
            return await channel.send(text)


        async def note_all(channel, texts):
            for text in texts:
                await note(channel, text)
        """
    found = findings(HEAD + dedent(body), tmp_path, rules={"MDB101"})
    assert [finding.severity.value for finding in found] == [severity]


SESSION = """
async def session():
    opened = db.client.app
    try:
        yield opened
    finally:
        pass


async def run(keys):
"""


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ("    async for opened in session():\n        opened.users.find_one({'_id': keys})\n", 0),
        (
            "    for key in keys:\n        async for opened in session():\n"
            "            opened.users.find_one({'_id': key})\n",
            1,
        ),
    ],
    ids=["alone", "in a loop"],
)
def test_what_is_yielded_once_is_no_loop(body: str, told: int, tmp_path: Path) -> None:
    assert len(_messages(SESSION + body, tmp_path)) == told


def test_what_has_to_be_awaited_is_no_loop_itself(tmp_path: Path) -> None:
    code = """
async def opened():
    return db.client.app


async def run(keys):
    for key in keys:
        async for each in opened():
            db.users.update_one({"_id": key}, {"$set": {"seen": True}})
"""
    (found,) = findings(HEAD + code, tmp_path, rules={"MDB101"})
    assert [place.span.line - HEAD.count("\n") for place in found.related] == [7]


ADDED = """\
from pymongo import MongoClient

db = MongoClient(timeoutMS=5000).app
STATES = ["new", "open"]


def run(names):
    states = LISTED
    for state in states:
        db.jobs.update_many({"state": state}, {"$set": {"seen": True}})
"""


@pytest.mark.parametrize(
    ("listed", "count"),
    [
        ("STATES + ['done']", 0),
        ("STATES + names", 1),
        ("[]\n    for name in names:\n        states += [name, 'new']", 1),
        ("[]\n    while names:\n        states = states + states + STATES", 1),
    ],
)
def test_a_list_behind_another_is_in_the_source_if_both_are(listed: str, count: int, tmp_path: Path) -> None:
    assert len(findings(ADDED.replace("LISTED", listed), tmp_path, rules={"MDB101"})) == count


STORED = """
def put(name, documents):
    try:
        db[name].insert_many(documents, ordered=False)
    except DuplicateKeyError:
        pass


def put_named(documents):
    db.claims.bulk_write(requests=documents)


def put_one(document):
    db.claims.insert_many([document])


def put_known(documents):
    if db.kinds.find_one({"_id": len(documents)}):
        db.claims.insert_many(documents)


def run(chunks):
    for chunk in chunks:
        CALL
"""
STORES = {
    "the caller's documents": ("put('claims', chunk.to_dict())", 0),
    "by name": ("put_named(chunk)", 0),
    "one of them": ("put_one(chunk)", 1),
    "one that the round makes": ("put('claims', [chunk])", 1),
    "with another query": ("put_known(chunk)", 1),
}


@pytest.mark.parametrize(("call", "count"), STORES.values(), ids=STORES)
def test_a_helper_that_writes_a_batch_writes_a_batch(call: str, count: int, tmp_path: Path) -> None:
    assert len(_messages(STORED.replace("CALL", call), tmp_path)) == count


CHOSEN = """
def make(name):
    db.actions.insert_one({"made": name})


def run(items):
    LOOP
"""
CHOICES = {
    "the item": ('for name in items:\n        if name == "users":\n            make("users")', 0),
    "one of several": (
        'for name in items:\n        if name == "users":\n            print(name)\n'
        '        elif "runs" == name:\n            make(name)',
        0,
    ),
    "a key": ('for key, value in items.items():\n        if key == "name":\n            make(value)', 0),
    "a value": ('for key, value in items.items():\n        if value == "name":\n            make(value)', 1),
    "a part of the item": ('for item in items:\n        if item["kind"] == "users":\n            make("users")', 1),
    "any other": ('for name in items:\n        if name != "users":\n            make(name)', 1),
    "what another is": ("for name in items:\n        if name == items[0]:\n            make(name)", 1),
    "in a loop around": (
        'for item in items:\n        for key in item:\n            if key == "name":\n                make(key)',
        1,
    ),
}


@pytest.mark.parametrize(("loop", "count"), CHOICES.values(), ids=CHOICES)
def test_what_is_for_one_item_runs_once(loop: str, count: int, tmp_path: Path) -> None:
    assert len(_messages(CHOSEN.replace("LOOP", loop), tmp_path)) == count


@pytest.mark.parametrize(
    ("before", "severity"),
    [("", "low"), ("while True:\n        ", "high"), ("@app.get('/again')", "high")],
    ids=["once", "again and again", "by requests too"],
)
def test_what_only_the_start_runs_is_told_low(before: str, severity: str, tmp_path: Path) -> None:
    """The application is given its start when it is made already."""
    route, loop = (f"{before}\n", "") if before.startswith("@") else ("", before)
    inner = "    " if loop else ""
    code = f"""\
import contextlib

from fastapi import FastAPI
from motor.motor_asyncio import AsyncIOMotorClient

db = AsyncIOMotorClient(timeoutMS=5000).app
app = FastAPI()


{route}async def migrate():
    old = await db.users.find({{"old": True}}).to_list(None)
    {loop}for user in old:
    {inner}    await db.users.update_one({{"_id": user["_id"]}}, {{"$unset": {{"old": ""}}}})


@contextlib.asynccontextmanager
async def lifespan(app):
    await migrate()
    yield


app.router.lifespan_context = lifespan
"""
    (found,) = findings(code, tmp_path, rules={"MDB101"})
    assert found.severity.value == severity


def test_what_records_the_answer_of_another_system_is_not_put_off(tmp_path: Path) -> None:
    code = """\
import requests
from pymongo import MongoClient

db = MongoClient(timeoutMS=5000).shop


def send(order):
    user = db.users.find_one({"_id": order["user"]})
    requests.post("https://example.org", json={**order, **user})
    db.orders.update_one({"_id": order["_id"]}, {"$set": {"sent": True}})


def send_all(orders):
    for order in orders:
        send(order)
"""
    (found,) = findings(code, tmp_path, rules={"MDB101"})
    assert found.message.endswith("with one bulk_write, save those that record what another system did")
