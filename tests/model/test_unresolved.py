"""``queries --unresolved`` names the method that could not be traced, and the annotation that would help."""

from __future__ import annotations

from pathlib import Path

from mongolint.engine.listing import queries, unresolved
from mongolint.source.deepstack import with_deep_stack
from mongolint.testing import project

UNTYPED = 'from pymongo import MongoClient\n\n\ndef load(coll):\n    return coll.find({"a": 1})\n'
TYPED = UNTYPED.replace("load(coll)", "load(coll: Collection)").replace(
    "import MongoClient", "import MongoClient\nfrom pymongo.collection import Collection"
)


def test_place_and_hint(tmp_path: Path) -> None:
    loaded = project(UNTYPED, tmp_path)
    (item,) = with_deep_stack(lambda: unresolved(loaded))
    assert (item["line"], item["column"], item["method"]) == (5, 17, "find")
    assert "annotate parameter coll of load" in item["hint"]


def test_the_annotation_resolves_it(tmp_path: Path) -> None:
    loaded = project(TYPED, tmp_path)
    assert with_deep_stack(lambda: unresolved(loaded)) == []
    (operation,) = with_deep_stack(lambda: queries(loaded))
    assert (operation["method"], operation["confidence"]) == ("find", "known")


PLUGINS = """\
from pymongo import AsyncMongoClient


class Applet:
    def __init__(self, parent=None):
        self.parent = parent
        self.collection = None

    async def setup(self, name):
        if self.parent is not None:
            self.collection = self.parent.collection if name is None else self.parent.db[name]


class Agents(Applet):
    async def delete(self, agent_id):
        await self.collection.delete_one({"id": agent_id})


async def main(plugins):
    client = AsyncMongoClient(timeoutMS=5000)
    return [plugin(parent=client) for plugin in plugins]
"""


def test_none_has_no_attributes_that_rule_a_collection_out(tmp_path: Path) -> None:
    loaded = project(PLUGINS, tmp_path)
    (operation,) = with_deep_stack(lambda: queries(loaded))
    assert (operation["method"], operation["filter"]["required"]) == ("delete_one", ["id"])
    assert operation["confidence"] == "inferred"


SHARED = """\
from pymongo import AsyncMongoClient


class Agents:
    def __init__(self, store):
        self.collection = store.collection
        self.found = store.found

    async def one(self, agent_id):
        return await self.collection.find_one({"id": agent_id})

    async def all(self, size):
        cursor = self.collection.find({"status": "open"})
        cursor = cursor.sort("at").limit(5)
        return await cursor.to_list()

    async def names(self):
        return [*await self.collection.distinct("name"), *self.found.find("name")]
"""


def test_what_the_driver_alone_has_tells_of_the_same_name(tmp_path: Path) -> None:
    loaded = project(SHARED, tmp_path)
    found = with_deep_stack(lambda: queries(loaded))
    assert [(each["method"], each["confidence"]) for each in found] == [
        ("find_one", "inferred"),
        ("find", "inferred"),
        ("distinct", "inferred"),
    ]
    assert found[1]["filter"]["required"] == ["status"]
    assert found[1]["bounded"]
    (left,) = with_deep_stack(lambda: unresolved(loaded))
    assert "self.found" in left["hint"]


MIXIN = """\
from adapters import MongoAdapter
from pymongo import UpdateOne


class Variants:
    def add(self, rows):
        self.db.variant.bulk_write([UpdateOne({"_id": each["_id"]}, {"$set": each}) for each in rows])

    def one(self, key):
        return self.db.variant.find_one({"_id": key})

    def named(self, sort):
        return [*self.db.other.find({"a": 1}), *self.db[sort].find({"b": 1})]

    def taken(self, items):
        return items.other.find("a"), self.found.other.find("b")


class Adapter(MongoAdapter, Variants):
    pass
"""


def test_a_database_is_one_for_all_that_is_taken_out_of_it(tmp_path: Path) -> None:
    found = with_deep_stack(lambda: queries(project(MIXIN, tmp_path)))
    assert [(each["method"], each["collection"], each["line"]) for each in found] == [
        ("bulk_write", "variant", 7),
        ("find_one", "variant", 10),
        ("find", "other", 13),
        ("find", None, 13),
    ]


KEPT = """\
from pymongo import MongoClient


class Store:
    def __init__(self, db, other):
        self.events = db.events
        self.rest = other.rest
        self.again = self.events
        self.twice = db.one
        self.twice = db.two

    def prepare(self):
        self.events.create_index("name", unique=True)
        self.rest.create_index("name")

    def load(self, name):
        self.events.find_one({"name": name})
        self.rest.find_one({"name": name})
        self.again.find_one({"name": name})
        self.twice.find_one({"name": name})
"""


def test_what_a_constructor_takes_out_of_a_database_is_named(tmp_path: Path) -> None:
    loaded = project(KEPT, tmp_path)
    found = with_deep_stack(lambda: queries(loaded))
    assert [(each["method"], each["collection"]) for each in found] == [
        ("create_index", "events"),
        ("find_one", "events"),
        *[("find_one", None)] * 3,
    ]
    assert found[1]["index"]["verdict"] == "served"
    (untraced,) = with_deep_stack(lambda: unresolved(loaded))
    assert (untraced["method"], untraced["line"]) == ("create_index", 14)
