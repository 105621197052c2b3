"""Documents that code builds in loops are read to an end."""

from __future__ import annotations

from pathlib import Path

import pytest

from mongolint.project.documents import Document, Reader
from mongolint.source.deepstack import with_deep_stack
from mongolint.testing import project

CODE = """\
from pymongo import MongoClient

db = MongoClient().shop


def encoded(items, skip):
    made = {}
    if skip:
        made["x"] = 1
    for key, value in items:
        made[key] = value
    return made


def find(items):
    return QUERY
"""


@pytest.mark.parametrize(
    ("query", "required"),
    [
        ('db.users.find({"a": encoded(items, True)})', ["a"]),
        ('db.users.find({"a": 1, **encoded(items, True)})', ["a"]),
        ("db.users.aggregate([encoded(items, False)])", []),
    ],
)
def test_a_dict_that_a_loop_builds(query: str, required: list[str], tmp_path: Path) -> None:
    loaded = project(CODE.replace("QUERY", query), tmp_path)
    (operation,) = with_deep_stack(lambda: loaded.project.operations)
    assert list(operation.filter.required) == required


COMPREHENSIONS = [
    ('{k: given[k] for k in ("shop", "sku")}', ["shop", "sku"], [], False),
    ('{k: {"$eq": given[k]} for k in KEYS}', ["shop", "sku"], [], False),
    ("{k: given[k] for k in KEYS if given[k]}", [], ["shop", "sku"], False),
    ("{k: given[k] for k in given}", [], [], True),
    ("{k: v for k, v in given.items()}", [], [], True),
    ("{k: given[k] for k in chosen}", [], [], True),
]


@pytest.mark.parametrize(("query", "required", "optional", "is_open"), COMPREHENSIONS)
def test_a_dict_for_listed_names(
    query: str, required: list[str], optional: list[str], is_open: bool, tmp_path: Path
) -> None:
    text = f"""\
    from pymongo import MongoClient

    db = MongoClient().shop
    KEYS = ["shop", "sku"]


    def find(given, chosen):
        return db.stock.find_one({query})
    """
    (operation,) = with_deep_stack(lambda: project(text, tmp_path).project.operations)
    found = operation.filter
    assert (list(found.required), list(found.optional), found.open) == (required, optional, is_open)
    assert set(found.required.values()) <= {"equality"}


SPECS = """\
from pymongo import MongoClient

db = MongoClient().shop
SPECS = [{"keys": [("at", -1)], "name": "newest"}, {"keys": [("email", 1)], "unique": True}]


def ensure_indexes():
    for spec in SPECS:
        options = dict(spec)
        keys = options.TAKE
        db.users.create_index(keys, **options)
"""


@pytest.mark.parametrize("take", ['pop("keys")', 'pop("keys", None)'])
def test_index_specs_are_taken_from_a_copy(take: str, tmp_path: Path) -> None:
    loaded = project(SPECS.replace("TAKE", take), tmp_path)
    found = with_deep_stack(lambda: loaded.project.indexes)
    assert [(index.keys, index.options) for index in found] == [
        ((("at", -1),), {"name": "newest"}),
        ((("email", 1),), {"unique": True}),
    ]
    assert {loaded.project.index_span(index).line for index in found} == {4}


REGISTRY = """\
from dataclasses import dataclass

from pymongo.database import Database


@dataclass
class Spec:
    collection: str
    keys: list
    unique: bool = False
    sparse: bool = False
    only: dict | None = None


def spec(collection, keys, unique=False, sparse=False, only=None):
    return Spec(collection, keys, unique, sparse, only)


SPECS = (
    spec("users", [("email", 1)], unique=True),
    spec("orders", [("user", 1), ("at", -1)]),
    spec("jobs", [("state", 1)], only={"state": "open"}),
)


def options(spec):
    found = {}
    if spec.unique:
        found["unique"] = True
    if spec.sparse:
        found["sparse"] = True
    if spec.only is not None:
        found["partialFilterExpression"] = spec.only
    return found


def make(db: Database, spec: Spec):
    db[spec.collection].create_index(spec.keys, **options(spec))


def main(services):
    for spec in SPECS:
        make(services.database, spec)
"""


def test_each_index_of_a_registry_is_on_its_own_collection_with_its_own_options(tmp_path: Path) -> None:
    loaded = project(REGISTRY, tmp_path)
    found = with_deep_stack(lambda: loaded.project.indexes)
    assert [(index.collection_name, index.keys, index.options) for index in found] == [
        ("users", (("email", 1),), {"unique": True}),
        ("orders", (("user", 1), ("at", -1)), {}),
        ("jobs", (("state", 1),), {"partialFilterExpression": {"state": "open"}}),
    ]


def test_an_index_on_one_of_several_collections_is_not_on_each(tmp_path: Path) -> None:
    """Where the call that is followed does not tell the database, it does not tell the collection."""
    code = REGISTRY.replace("make(db: Database, spec: Spec)", "make(db, spec)")
    known = "\n\ndef again(db: Database):\n    for spec in SPECS:\n        make(db, spec)\n"
    found = with_deep_stack(lambda: project(code + known, tmp_path).project.indexes)
    named = [(index.collection_name, index.keys) for index in found if index.collection is not None]
    assert named == [
        ("users", (("email", 1),)),
        ("orders", (("user", 1), ("at", -1))),
        ("jobs", (("state", 1),)),
    ]


TABLE = """\
from pymongo import MongoClient

INDEXES = {
    "users": [{"keys": [("email", 1)], "options": {"unique": True}}],
    "orders": [{"keys": [("at", -1)], "options": {"expireAfterSeconds": 30 * 24 * 60 * 60}}],
    "bills": [{"keys": [("user", 1)], "options": {}}],
}


class Store:
    def __init__(self):
        self.db = MongoClient().app
        self.users_collection = self.db.users
        self.orders_collection = self.db.orders
        self.bills = self.db.invoices


def make(store: Store):
    for name, indexes in INDEXES.items():
        CHOICE
        for index in indexes:
            found.create_index(index["keys"], **index["options"])
"""
CHOICES = {
    "else": """if name == "bills":
            found = store.bills
        else:
            found = getattr(store, f"{name}_collection")""",
    "default": """found = getattr(store, f"{name}_collection", None)
        if name == "bills":
            found = store.bills""",
    "after another": """if name == "users":
            print(name)
        found = getattr(store, f"{name}_collection", None)
        if name == "bills":
            found = store.bills""",
}


@pytest.mark.parametrize("choice", CHOICES.values(), ids=CHOICES)
def test_a_collection_that_is_chosen_by_its_name_has_its_own_indexes(choice: str, tmp_path: Path) -> None:
    found = with_deep_stack(lambda: project(TABLE.replace("CHOICE", choice), tmp_path).project.indexes)
    assert [(index.collection_name, index.keys, index.options) for index in found] == [
        ("users", (("email", 1),), {"unique": True}),
        ("orders", (("at", -1),), {"expireAfterSeconds": 2592000}),
        ("invoices", (("user", 1),), {}),
    ]


FILLED = """\
from pymongo import MongoClient

db = MongoClient().shop


class Search:
    def __init__(self):
        self.parts = []
        self.query = {"kind": 1}
        self.fixed = {"kind": 2}

    def by(self, key):
        CHANGE


def find(search: Search):
    return db.things.find(QUERY)
"""
HELD = {
    "a list that is added to": ('{"$and": search.parts}', "self.parts.append({'key': key})", [], True),
    "a list that is not": ('{"kind": {"$in": search.parts}}', "self.query['key'] = key", ["kind"], False),
    "an item": ("search.query", "self.query['key'] = key", ["kind"], True),
    "an update": ("search.query", "self.query.update(key=key)", ["kind"], True),
    "of another": ("search.fixed", "self.query['key'] = key", ["kind"], False),
}


@pytest.mark.parametrize(("query", "change", "required", "is_open"), HELD.values(), ids=HELD)
def test_what_other_methods_fill_is_open(
    query: str, change: str, required: list[str], is_open: bool, tmp_path: Path
) -> None:
    model = project(FILLED.replace("QUERY", query).replace("CHANGE", change), tmp_path).project
    (found,) = with_deep_stack(lambda: model.operations)
    assert (list(found.filter.required), found.filter.open) == (required, is_open)


SORTED = """\
from pymongo import MongoClient


class Store:
    def __init__(self, found):
        self.found = found

    def latest(self, *, sort: list[tuple[str, int]] | None = None):
        return self.found.find({"kind": 1}).sort(list(sort or [("at", -1)])).limit(5)


store = Store(MongoClient().app.events)
store.latest(GIVEN)
"""


@pytest.mark.parametrize(
    ("given", "expected"),
    [("", [("at", -1)]), ('sort=[("kind", 1)]', []), ("sort=asked()", [])],
    ids=["left out", "given", "open"],
)
def test_a_list_that_all_calls_leave_out_is_its_default(
    given: str, expected: list[tuple[str, int]], tmp_path: Path
) -> None:
    model = project(SORTED.replace("GIVEN", given), tmp_path).project
    (found,) = with_deep_stack(lambda: model.operations)
    assert found.sort == expected


def test_a_query_that_is_wrapped_again_and_again_is_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wraps = "".join(
        f'    if form.get("f{n}"):\n        query = {{"$and": [query, {{"f{n}": 1}}]}}\n' for n in range(24)
    )
    code = f"""\
from pymongo import MongoClient

db = MongoClient().shop


def find(form):
    query = {{"shop": form["shop"]}}
{wraps}    return db.users.find_one(query)
"""
    loaded = project(code, tmp_path)
    read = Reader._document
    steps = 0

    def counted(*args: object) -> Document:
        nonlocal steps
        steps += 1
        assert steps < 2_000
        return read(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(Reader, "_document", counted)
    (operation,) = with_deep_stack(lambda: loaded.project.operations)
    assert list(operation.filter.required) == ["shop"]
    assert set(operation.filter.optional) == {f"f{n}" for n in range(24)}


def test_filters_that_functions_pass_on_in_loops_are_read_so_far_and_no_further(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps = "".join(
        f"""\
def apply_{number}(query, form):
    for part in form:
        if part == "all":
            query = apply_{(number + 1) % 12}(query, form)
        elif part:
            query = apply_{(number + 5) % 12}({{"$and": [query]}}, form)
        else:
            query["$or"] = [query, apply_{(number + 7) % 12}(query, form)]
    return query


"""
        for number in range(12)
    )
    code = f"""\
from pymongo import MongoClient

db = MongoClient().shop


{steps}def find(form):
    query = apply_0({{"shop": form["shop"]}}, form)
    query["user"] = 1
    return db.users.find_one(query)
"""
    loaded = project(code, tmp_path)
    read = Reader._document
    taken = 0

    def counted(*args: object) -> Document:
        nonlocal taken
        taken += 1
        assert taken < 20_000
        return read(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(Reader, "_document", counted)
    (operation,) = with_deep_stack(lambda: loaded.project.operations)
    assert list(operation.filter.required) == ["user"]
    assert operation.filter.open


STAGE = """\
from pymongo import MongoClient

db = MongoClient().shop


def run(key, value):
    STAGE
    if value:
        CHANGE
    return list(db.t.aggregate([stage, {"$count": "n"}]))
"""


@pytest.mark.parametrize(
    ("stage", "change"),
    [
        ('{"$match": {"a": key}}', 'stage["$match"]["b"] = value'),
        ('{"$match": {"$and": [{"a": key}]}}', 'stage["$match"]["$and"].append({"b": value})'),
    ],
)
def test_what_is_put_into_a_stage_on_some_paths_may_be_there(stage: str, change: str, tmp_path: Path) -> None:
    loaded = project(STAGE.replace("STAGE", f"stage = {stage}").replace("CHANGE", change), tmp_path)
    (operation,) = with_deep_stack(lambda: loaded.project.operations)
    assert (list(operation.filter.required), list(operation.filter.optional)) == (["a"], ["b"])


def test_what_is_put_into_a_stage_is_there(tmp_path: Path) -> None:
    code = STAGE.replace("STAGE", 'stage = {"$match": {"a": key}}').replace("    if value:\n", "")
    code = code.replace("        CHANGE", '    stage["$match"]["b"] = value')
    (operation,) = with_deep_stack(lambda: project(code, tmp_path).project.operations)
    assert list(operation.filter.required) == ["a", "b"]


def test_a_stage_of_two_kinds_may_be_either(tmp_path: Path) -> None:
    code = STAGE.replace("STAGE", 'stage = {"$match": {"a": key}}').replace("CHANGE", 'stage = {"$limit": 3}')
    (operation,) = with_deep_stack(lambda: project(code, tmp_path).project.operations)
    assert list(operation.filter.required) == []


@pytest.mark.parametrize("entries", ["INDEXES.items()", "INDEXES.iteritems()"])
def test_a_table_of_indexes_by_collection(entries: str, tmp_path: Path) -> None:
    code = f"""\
import pymongo

INDEXES = {{"builds": [[("job", 1)], [("at", -1), ("job", 1)]], "jobs": [[("kernel", 1)]]}}


def ensure_indexes(options):
    db = pymongo.MongoClient()["ci"]
    for name, specs in {entries}:
        for keys in specs:
            db[name].create_index(keys)
"""
    found = with_deep_stack(lambda: project(code, tmp_path).project.indexes)
    assert [(index.collection_name, index.keys) for index in found] == [
        ("builds", (("job", 1),)),
        ("builds", (("at", -1), ("job", 1))),
        ("jobs", (("kernel", 1),)),
    ]


def test_what_is_compared_is_read_once_however_many_ways_lead_to_it(tmp_path: Path) -> None:
    ways = "".join(f"    if form.get({n}):\n        age = {{**age, '$gt': {n}}}\n" for n in range(40))
    code = f"""\
from pymongo import MongoClient

db = MongoClient().shop


def find(form):
    age = {{"$ne": 0}}
{ways}    return db.users.find({{"age": age}})
"""
    (operation,) = with_deep_stack(lambda: project(code, tmp_path).project.operations)
    assert operation.filter.required == {"age": "range"}


NAMED = """\
from pymongo import MongoClient

db = MongoClient().shop
INDEXES = {
    "users": [[("email", 1)], {"newest": [("at", -1), ("email", 1)]}],
}


def ensure_indexes():
    for collection in INDEXES:
        for index in INDEXES[collection]:
            if isinstance(index, list):
                db[collection].ensure_index(index)
"""


def test_an_index_that_is_listed_by_its_name_is_not_one_on_that_field(tmp_path: Path) -> None:
    found = with_deep_stack(lambda: project(NAMED, tmp_path).project.indexes)
    assert [(index.collection_name, index.keys) for index in found] == [
        ("users", (("email", 1),)),
        ("users", None),
    ]


DB = "from pymongo import MongoClient\n\ndb = MongoClient().shop\n"
LISTS = {
    "a prefix that is not known": "prefix() + [('at', -1)]",
    "one that is made in a loop": "[(name, 1) for name in names] + [('at', -1)]",
}


@pytest.mark.parametrize("keys", LISTS.values(), ids=LISTS)
@pytest.mark.parametrize("added", [False, True])
def test_keys_that_are_known_in_part_are_not_those_of_the_index(keys: str, added: bool, tmp_path: Path) -> None:
    first, _, last = keys.rpartition(" + ")
    made = f"index = {first}\n    index += {last}" if added else f"index = {keys}"
    code = f"{DB}\n\ndef ensure(names):\n    {made}\n    db.users.create_index(index)\n"
    found = with_deep_stack(lambda: project(code, tmp_path).project.indexes)
    assert [index.keys for index in found] == [None]


def test_keys_that_are_put_together_are_known(tmp_path: Path) -> None:
    code = f"{DB}\nOWN = [('user', 1)]\n\ndef ensure():\n    db.users.create_index(OWN + [('at', -1)])\n"
    found = with_deep_stack(lambda: project(code, tmp_path).project.indexes)
    assert [index.keys for index in found] == [(("user", 1), ("at", -1))]


def test_the_filter_of_distinct_by_the_name_of_the_command(tmp_path: Path) -> None:
    code = "from pymongo import MongoClient\n\ndb = MongoClient().shop\n"
    model = project(code + 'db.things.distinct("kind", query={"owner": 1})\n', tmp_path).project
    (found,) = with_deep_stack(lambda: model.operations)
    assert dict(found.filter.required) == {"owner": "equality"}


GUESSED = """\
from adapters import Adapter
from pymongo import IndexModel

INDEXES = {
    "users": [IndexModel([("email", 1)], unique=True)],
    "orders": [IndexModel([("user", 1), ("at", -1)]), IndexModel("state")],
}


class Store(Adapter):
    def prepare(self):
        for name in INDEXES:
            indexes = INDEXES[name]
            self.db[name].create_indexes(indexes)

    def one(self, email):
        return self.db.users.find_one({"email": email})
"""


def test_a_table_of_indexes_on_what_is_no_more_than_called_a_database(tmp_path: Path) -> None:
    found = with_deep_stack(lambda: project(GUESSED, tmp_path).project.indexes)
    assert [(index.collection_name, index.keys) for index in found] == [
        ("users", (("email", 1),)),
        ("orders", (("user", 1), ("at", -1))),
        ("orders", (("state", 1),)),
    ]
