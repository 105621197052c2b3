"""The text that ``explain`` shows is the query that the code sends: both are run, and their commands compared.

The text is read by a small parser of the JavaScript that mongosh takes, and sent by the driver.
"""

from __future__ import annotations

import json
import re
import textwrap
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pymongo
import pytest
from bson import Decimal128, Int64, ObjectId, Regex
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pymongo.database import Database
from pymongo.monitoring import CommandListener, CommandStartedEvent

from mongolint.project.explained.answer import answer
from mongolint.project.explained.shown import Entry, Listed, Object, flat, write
from mongolint.source.deepstack import with_deep_stack
from mongolint.testing import project

Db = Database[dict[str, Any]]
HEAD = """\
import re
import uuid
from datetime import datetime, timezone

from bson import Decimal128, Int64, ObjectId, Regex, SON
from pymongo import ASCENDING, DESCENDING, DeleteOne, InsertOne, MongoClient, ReplaceOne, ReturnDocument
from pymongo import UpdateMany, UpdateOne
from pymongo.collation import Collation

"""
CALLS = [
    'db.c.find({"a": 1, "b.c": "x", "$or": [{"a": None}, {"b": {"$exists": False}}]})',
    'db.c.find({"a": {"$gte": 1.5, "$lt": 3.0}}, {"a": 1, "_id": 0}, sort=[("a", -1), ("b", 1)], skip=2, limit=7)',
    'db.c.find({"a": 1}, ["a", "b.c"]).sort("a", DESCENDING).skip(1).limit(3).hint([("_id", ASCENDING)])',
    'db.c.find({"a": "x"}).collation(Collation(locale="en", strength=2)).max_time_ms(5000).comment("why")',
    'db.c.find({"a": "x"}, collation=Collation("en", strength=2), hint="_id_", allow_disk_use=True, batch_size=5)',
    'db.c.find().sort([("a", 1), ("b", -1)])',
    'db.c.find({"a": 3000000000, "b": -1, "c": 0, "d": True, "e": 1e300, "f": 7.0, "g": Int64(9)})',
    r'db.c.find({"a": "it\'s \"q\" \\ \n \t \u2028 \x00 é 漢 𝄞"})',
    'db.c.find({"a": re.compile("^x"), "b": re.compile(r"a\\d+/b$", re.I | re.S), "c": Regex("(?i)x", "m")})',
    'db.c.find({"a": {"$regex": "^x", "$options": "i"}, "b": {"$not": re.compile("y")}})',
    'db.c.find({"a": ObjectId("65a000000000000000000001"), "b": datetime(2026, 1, 2, 3, 4, 5)})',
    'db.c.find({"a": {"$gt": datetime(2026, 1, 2, tzinfo=timezone.utc)}, "b": Decimal128("1.50")})',
    'db.c.find(SON([("z", 1), ("a", {"$elemMatch": {"b": 1, "c": {"$in": [1, "two", None, [3]]}}})]))',
    'q = {"a": 1}\nq["b"] = {"$gt": 1}\nq.update(c=2)\ndb.c.find(q)',
    'base = {"a": 1}\ndb.c.find({**base, "b": 2})',
    'db.c.find_one({"a": 1})',
    'db.c.find_one("key")',
    'db.c.find_one(ObjectId("65a000000000000000000001"), {"a": 1})',
    'db.c.find_one({"a": 1}, sort=[("b", -1)])',
    'db["a-b.c"].find_one({"a": 1})',
    "db.stats.find_one({})",
    'db.c.count_documents({"a": {"$gt": 1}}, limit=5, skip=1, hint="_id_")',
    "db.c.estimated_document_count()",
    'db.c.distinct("a.b", {"c": {"$ne": 1}})',
    'db.c.distinct("a")',
    'db.c.find({"c": 1}).distinct("a")',
    'db.c.insert_one({"_id": 1, "a": [1, {"b": None}]})',
    'db.c.insert_many([{"_id": 1}, {"_id": 2}], ordered=False)',
    'db.c.update_one({"a": 1}, {"$set": {"b": 2}, "$inc": {"n": 1}}, upsert=True)',
    'db.c.update_many({"a": 1}, [{"$set": {"b": "$a"}}])',
    'db.c.update_one({"a.b": 1}, {"$set": {"a.$[e].b": 2}}, array_filters=[{"e.b": 1}], hint="_id_")',
    'db.c.replace_one({"a": 1}, {"a": 2})',
    'db.c.delete_one({"a": 1}, hint={"_id": 1})',
    'db.c.delete_many({"$and": [{"a": {"$gt": 1}}, {"a": {"$lt": 5}}]})',
    'db.c.find_one_and_update({"a": 1}, {"$set": {"b": 2}}, sort=[("c", -1)], return_document=ReturnDocument.AFTER)',
    'db.c.find_one_and_update({"a": 1}, {"$set": {"b": 2}}, projection=["b"], upsert=True)',
    'db.c.find_one_and_replace({"a": 1}, {"b": 2}, return_document=ReturnDocument.BEFORE)',
    'db.c.find_one_and_delete({"a": 1}, sort=[("c", 1)])',
    'db.c.aggregate([{"$match": {"a": 1}}, {"$group": {"_id": "$b", "n": {"$sum": 1}}}], allowDiskUse=True)',
    'stages = [{"$match": {"a": 1}}]\nstages.append({"$sort": {"a": -1}})\ndb.c.aggregate([*stages, {"$limit": 5}])',
    'db.c.bulk_write([UpdateOne({"a": 1}, {"$set": {"b": 1}}, upsert=True), UpdateMany({"a": 2}, {"$inc": {"b": 1}})])',
    'db.c.bulk_write([DeleteOne({"a": 1}), ReplaceOne({"a": 2}, {"b": 1}), InsertOne({"_id": 5})])',
]


@pytest.mark.parametrize("body", CALLS)
def test_same_command(body: str, tmp_path: Path, mongod_uri: str) -> None:
    text = shown(body, tmp_path)
    with Recorded(mongod_uri) as recorded:
        names: dict[str, Any] = {"db": recorded.db}
        before, _, last = ("\n" + body).rpartition("\n")
        exec(HEAD + before, names)
        read_all(eval(last, names))
        sent = recorded.take()
        run(parse(text), recorded.db)
        assert recorded.take() == sent, text
    assert sent


def shown(body: str, tmp_path: Path) -> str:
    code = HEAD + "db = MongoClient().app\n\n\ndef run():\n" + textwrap.indent(body, "    ")
    loaded = project(code, tmp_path)
    text = with_deep_stack(lambda: answer(loaded.project, loaded.project.operations[-1]).asked.mongosh)
    assert "<" not in text
    assert "/*" not in text
    return text


class Recorded(CommandListener):
    """What a client sends, without what differs from one call to the next."""

    def __init__(self, uri: str) -> None:
        self._sent: list[dict[str, Any]] = []
        self.client: pymongo.MongoClient[dict[str, Any]] = pymongo.MongoClient(uri, event_listeners=[self])
        self.db: Db = self.client.sent

    def __enter__(self) -> Recorded:
        return self

    def __exit__(self, *_: object) -> None:
        self.client.drop_database("sent")
        self.client.close()

    def started(self, event: CommandStartedEvent) -> None:
        own = ("lsid", "$clusterTime", "$db", "txnNumber", "$readPreference")
        self._sent.append({name: plain(value) for name, value in event.command.items() if name not in own})

    def succeeded(self, event: Any) -> None: ...

    def failed(self, event: Any) -> None: ...

    def take(self) -> list[dict[str, Any]]:
        """All since the last time; what it changed is undone."""
        sent, self._sent = self._sent, []
        for name in self.db.list_collection_names():
            self.db.drop_collection(name)
        self._sent = []
        return sent


def plain(value: Any) -> Any:
    """A value so that equal ones are those that the server cannot tell apart; the order of fields is kept."""
    if isinstance(value, dict):
        return [(name, plain(each)) for name, each in value.items()]
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    if isinstance(value, Regex | re.Pattern):
        found = value if isinstance(value, Regex) else Regex.from_native(value)
        return ("regex", found.pattern, found.flags & ~re.UNICODE)
    if isinstance(value, datetime):
        return value.replace(tzinfo=None)
    return (type(value).__name__.replace("Int64", "int"), value)


def read_all(value: Any) -> None:
    if hasattr(value, "alive"):
        list(value)


# From text to calls

_TOKEN = re.compile(
    r"""\s*(?:(?P<string>"(?:[^"\\]|\\.)*")|(?P<number>-?\d+(?:\.\d+)?(?:e[+-]?\d+)?)|(?P<regex>/(?:[^/\\]|\\.)+/[ims]*)
    |(?P<name>[A-Za-z_$][\w$]*)|(?P<sign>[{}\[\]():,.]))""",
    re.VERBOSE,
)
_MADE: dict[str, Any] = {
    "ObjectId": ObjectId,
    "Long": lambda text: Int64(int(text)),
    "Double": float,
    "Decimal128": Decimal128,
    "ISODate": lambda text: datetime.fromisoformat(text.replace("Z", "+00:00")),
    "BSONRegExp": lambda source, letters="": Regex(source, letters),
}
_WORDS = {"true": True, "false": False, "null": None}


class Parser:
    """Recursive descent over literals, constructors and chained calls."""

    def __init__(self, text: str) -> None:
        self.tokens = list(self._tokens(text))
        self.at = 0

    def _tokens(self, text: str) -> Iterator[tuple[str, str]]:
        place = 0
        while text[place:].strip():
            match = _TOKEN.match(text, place)
            assert match is not None, text[place:]
            yield str(match.lastgroup), match[str(match.lastgroup)]
            place = match.end()

    def take(self, sign: str = "") -> tuple[str, str]:
        token = self.tokens[self.at]
        assert not sign or token[1] == sign, (token, sign)
        self.at += 1
        return token

    def next_is(self, sign: str) -> bool:
        return self.at < len(self.tokens) and self.tokens[self.at] == ("sign", sign)

    def items(self, closing: str) -> Iterator[None]:
        while not self.next_is(closing):
            yield
            if not self.next_is(closing):
                self.take(",")
        self.take(closing)

    def value(self) -> Any:
        kind, text = self.take()
        if kind == "string":
            return json.loads(text)
        if kind == "number":
            return float(text) if set(text) & set(".e") else int(text)
        if kind == "regex":
            source, _, letters = text[1:].rpartition("/")
            return Regex(source, letters)
        if text == "{":
            return {self.key(): self.value() for _ in self.items("}")}
        if text == "[":
            return [self.value() for _ in self.items("]")]
        if text in _WORDS:
            return _WORDS[text]
        self.take("(")
        return _MADE[text](*[self.value() for _ in self.items(")")])

    def key(self) -> str:
        kind, text = self.take()
        self.take(":")
        return str(json.loads(text)) if kind == "string" else text

    def statement(self) -> tuple[str, list[tuple[str, list[Any]]]]:
        self.take("db")
        names: list[str] = []
        calls: list[tuple[str, list[Any]]] = []
        while self.at < len(self.tokens):
            self.take(".")
            name = self.take()[1]
            if self.next_is("("):
                self.take("(")
                calls.append((name, [self.value() for _ in self.items(")")]))
            else:
                names.append(name)
        if calls[0][0] == "getCollection":
            return calls[0][1][0], calls[1:]
        return ".".join(names), calls


def parse(text: str) -> tuple[str, list[tuple[str, list[Any]]]]:
    return Parser(text).statement()


def snake(name: str) -> str:
    return re.sub(r"(?<=[a-z])([A-Z]+)", r"_\1", name).lower()


def run(statement: tuple[str, list[tuple[str, list[Any]]]], db: Db) -> None:
    """What mongosh does with a statement, by the driver's methods of the same meaning."""
    name, ((method, arguments), *steps) = statement
    collection = db[name]
    if method == "bulkWrite":
        collection.bulk_write([request(each) for each in arguments[0]])
        return
    if method in ("find", "findOne"):
        found: Any = getattr(collection, snake(method))(*arguments)
        single = bool(steps) and steps[-1] == ("limit", [1])
        for step, given in steps:
            found = getattr(found, snake(step))(*given)
        read_all(found.limit(-1) if single else found)
        return
    counts = {"distinct": 2, "countDocuments": 1, "aggregate": 1, "deleteOne": 1, "deleteMany": 1}
    counts |= {"insertOne": 1, "insertMany": 1, "estimatedDocumentCount": 0, "findOneAndDelete": 1}
    count = counts.get(method, 2)
    options = arguments[count] if len(arguments) > count else {}
    read_all(getattr(collection, snake(method))(*arguments[:count], **keywords(options)))


def keywords(options: dict[str, Any]) -> dict[str, Any]:
    found = {name if name == "allowDiskUse" else snake(name): value for name, value in options.items()}
    if "return_document" in found:
        found["return_document"] = found["return_document"] == "after"
    return found


def request(document: dict[str, Any]) -> Any:
    [(name, given)] = document.items()
    return getattr(pymongo, name[0].upper() + name[1:])(**keywords(given))


# The text of any value is read back as that value

keys = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=6).filter(
    lambda name: name != "__proto__"
)
scalars: st.SearchStrategy[Any] = st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.text(max_size=8)
scalars |= st.floats(allow_nan=False, allow_infinity=False)
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=4), max_leaves=12
)


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(values, st.integers(10, 100))
def test_text_of_values(value: Any, width: int) -> None:
    made = as_shown(value)
    for text in (flat(made), write(made, width=width)):
        read = Parser(text).value()
        assert plain(read) == plain(value)


def as_shown(value: Any) -> Any:
    if isinstance(value, dict):
        return Object(tuple(Entry(name, as_shown(each)) for name, each in value.items()))
    return Listed(tuple((as_shown(each), True) for each in value)) if isinstance(value, list) else value
