"""The map of collections, query shapes and indexes: what is one shape, what counts where, what an index is good for."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mongolint.coverage import ANY
from mongolint.engine.coverage import coverage
from mongolint.engine.listing import queries
from mongolint.project.coveragemap.shapes import canonical, items_of, sort_text, text_of
from mongolint.source.deepstack import with_deep_stack
from mongolint.testing import project

HEAD = """\
from pymongo import DeleteMany, InsertOne, MongoClient, UpdateOne

db = MongoClient().app

"""
Record = dict[str, Any]


def mapped(tmp_path: Path, code: str | dict[str, str]) -> Record:
    """The map of a program; ``code`` alone is one module under `HEAD`."""
    loaded = project({"app.py": HEAD + code} if isinstance(code, str) else code, tmp_path)
    return with_deep_stack(lambda: coverage(loaded))


def shapes(found: Record) -> list[tuple[str, str, str, str | None, int]]:
    """Collection, query, verdict, index and number of calls of each shape."""
    return [
        (
            collection["name"] or "|".join(collection["candidates"]),
            f"{shape['kind']} {shape['text']}{shape['sort_text']}",
            shape["verdict"],
            shape["index"],
            shape["calls"],
        )
        for collection in found["collections"]
        for shape in collection["shapes"]
    ]


def indexes(found: Record) -> dict[str, Record]:
    held = [index for collection in found["collections"] for index in collection["indexes"] if not index["server"]]
    assert len({index["name"] for index in held}) == len(held)
    return {index["name"]: index for index in held}


# What makes a shape


@pytest.mark.parametrize(
    ("filter", "text"),
    [
        ({"a": ANY, "b": 1, "c": "x"}, "{a, b, c}"),
        ({"a": None}, "{a: null}"),
        ({"a": {"$eq": None}}, "{a: null}"),
        ({"a": {"b": 1}}, "{a}"),
        ({"a": {"$gte": ANY, "$lt": ANY}}, "{a: range}"),
        ({"a": {"$gt": ANY, "$ne": 3}}, "{a: range, a: negation}"),
        ({"a": {"$in": ANY}, "b": {"$nin": [1]}}, "{a: in, b: negation}"),
        ({"a": {"$regex": "^x"}, "b": {"$regex": "x", "$options": "i"}}, "{a: prefix, b: regex}"),
        ({"a": {"$regex": "^x", "$options": "i"}}, "{a: regex}"),
        ({"a": {"$not": {"$gt": 1}}}, "{a: negation}"),
        ({"a": {"$elemMatch": {"b": 1, "c": {"$gt": 1}}}}, "{a: elemMatch {b, c: range}}"),
        ({"a": {"$elemMatch": {"$gt": 1}}}, "{a: elem-match}"),
        ({"$or": [{"a": 1}, {"b": {"$lt": 1}}], "c": 1}, "{$or: [{a}, {b: range}], c}"),
        ({"$and": [{"a": 1}, {"$nor": [{"b": 1}]}]}, "{a, $nor: [{b}]}"),
        ({"$text": {"$search": ANY}}, "{$text}"),
        ({"$expr": ANY, "$where": "x"}, "{$expr, $where}"),
        ({"$or": ANY}, "{$or}"),
        ({"a": {"$near": ANY, "$maxDistance": 3}}, "{a: geo}"),
        ({}, "{}"),
    ],
)
def test_text(filter: Record, text: str) -> None:
    assert text_of(items_of(filter)) == text


def test_sort_text() -> None:
    assert sort_text([("a", 1), ("b", -1)]) == "{a: 1, b: -1}"
    assert sort_text([("score", {"$meta": "textScore"})]) == "{score: …}"
    assert sort_text([]) == ""


VALUES = st.sampled_from([ANY, 1, None, {"$gt": ANY}, {"$in": ANY}, {"$ne": 1}, {"$regex": "^a"}])
FILTERS = st.dictionaries(st.sampled_from("abcd"), VALUES, max_size=4)


@given(st.lists(FILTERS, min_size=1, max_size=3), st.randoms())
def test_order_does_not_part_shapes(branches: list[Record], random: Any) -> None:
    def turned(filter: Record) -> Record:
        pairs = list(filter.items())
        random.shuffle(pairs)
        return dict(pairs)

    other = [turned(branch) for branch in branches]
    random.shuffle(other)
    head = branches[0]
    assert canonical(items_of({**head, "$or": branches})) == canonical(items_of({"$or": other, **turned(head)}))


@given(FILTERS, FILTERS)
def test_operators_part_shapes(one: Record, other: Record) -> None:
    """Two filters have one shape just if they compare the same fields in the same way."""

    def kinds(filter: Record) -> set[tuple[str, str]]:
        return {
            (name, "null" if value is None else next(iter(value)) if isinstance(value, dict) else "")
            for name, value in filter.items()
        }

    assert (canonical(items_of(one)) == canonical(items_of(other))) == (kinds(one) == kinds(other))


def test_values_that_decide_part_shapes(tmp_path: Path) -> None:
    """A partial index serves only the queries that imply its filter; a hint and a collation choose as well."""
    found = mapped(
        tmp_path,
        """\
db.t.create_index("a", name="open", partialFilterExpression={"state": "open"})
db.t.create_index("b")


def f(x):
    db.t.find_one({"a": x, "state": "open"})
    db.t.find_one({"state": "open", "a": x})
    db.t.find_one({"a": x, "state": "closed"})
    db.t.find_one({"b": x})
    db.t.find_one({"b": "été"}, collation={"locale": "fr"})
    db.t.find_one({"b": x}, hint="b_1")
""",
    )
    assert shapes(found) == [
        ("t", "read {a, state}", "unserved", None, 1),
        ("t", "read {b}", "unserved", None, 1),
        ("t", "read {a, state}", "served", "open", 2),
        ("t", "read {b}", "served", "b_1", 1),
        ("t", "read {b}", "served", "b_1", 1),
    ]
    assert [shape["options"] for shape in found["collections"][0]["shapes"]] == [
        [],
        ["collation"],
        [],
        [],
        ["hint b_1"],
    ]


def test_a_sort_by_a_score_is_part_of_a_shape(tmp_path: Path) -> None:
    find = 'db.t.find({"a": x, "$text": {"$search": x}}).sort([("score", {"$meta": "textScore"})])'
    loaded = project({"app.py": f"{HEAD}\ndef f(x):\n    return {find}, {find}\n"}, tmp_path)
    found, (first, _) = with_deep_stack(lambda: (coverage(loaded), loaded.project.operations))
    assert [(shape[1], shape[4]) for shape in shapes(found)] == [("read {a, $text}{score: …}", 2)]
    assert first.sort == [("score", {"$meta": "textScore"})]


def test_indexes_that_could_serve_part_shapes(tmp_path: Path) -> None:
    code = """\
db.t.create_index([("a", 1), ("state", 1)])
db.t.create_index("a", name="open", partialFilterExpression={"state": "open"})


def f(x, y):
    db.t.find_one({"a": x, "state": "open"})
    db.t.find_one({"a": x, "state": y})
"""
    found = mapped(tmp_path, code)
    assert [(shape[1], shape[3], shape[4]) for shape in shapes(found)] == [("read {a, state}", "a_1_state_1", 1)] * 2
    assert indexes(found)["open"]["also"] == ["t/1"]


def test_indexes_of_tests_serve_tests(tmp_path: Path) -> None:
    app = HEAD + "\ndef f(x):\n    return db.t.find_one(x), db.t.find_one({'a': 1})\n"
    test = "from app import db\n\ndb.t.create_index('a')\n\n\ndef test(x):\n    assert db.t.find_one({'a': x})\n"
    found = mapped(tmp_path, {"app.py": app, "tests/test_app.py": test})
    assert shapes(found) == [
        ("t", "read {a}", "unserved", None, 1),
        ("t", "read {…}", "unknown", None, 1),
        ("t", "read {a}", "served", "a_1", 1),
    ]
    held = indexes(found)["a_1"]
    assert (held["status"], held["best"], held["also"], held["possible"]) == ("outside", ["t/3"], [], [])


def test_optional_fields(tmp_path: Path) -> None:
    found = mapped(
        tmp_path,
        """\
db.t.create_index("kind")
db.t.create_index("name")
db.t.create_index("owner")
db.t.create_index("other")


def f(owner, kind=None, name=None):
    query = {"owner": owner}
    if kind:
        query["kind"] = kind
    if name:
        query["name"] = {"$regex": "^" + name}
    return db.t.find_one(query)


def g(kind=None):
    query = {}
    if kind:
        query["kind"] = kind
    return db.t.find_one(query)


def h(filters):
    return db.t.find_one({"owner": 1, **filters})
""",
    )
    assert shapes(found) == [
        ("t", "read {[kind]}", "unknown", None, 1),
        ("t", "read {owner, [kind], [name: prefix]}", "served", "owner_1", 1),
        ("t", "read {owner, …}", "served", "owner_1", 1),
    ]
    assert {name: (index["status"], index["best"], index["possible"]) for name, index in indexes(found).items()} == {
        "kind_1": ("possible", [], ["t/1", "t/2", "t/3"]),
        "name_1": ("possible", [], ["t/2", "t/3"]),
        "other_1": ("possible", [], ["t/3"]),
        "owner_1": ("serves", ["t/2", "t/3"], []),
    }


UNSEEN = """\
db.t.create_index("a")
db.t.create_index("b")


def f(x, pipeline, flag):
    CALL
"""


@pytest.mark.parametrize(
    ("call", "shown"),
    [
        ("db.t.find({'a': 1}).sort(x)", ["sort {…}"]),
        ("db.t.find({'a': 1}, sort=x)", ["sort {…}"]),
        ("db.t.find_one_and_delete({'a': 1}, sort=[(x, 1)])", ["sort {…}"]),
        ("db.t.aggregate([{'$match': {'a': 1}}, {'$sort': {x: 1}}])", ["sort {…}"]),
        ("db.t.aggregate([{'$match': {'a': 1}}, {'$sort': {x: 1, 'c': 1}}])", ["sort {…}"]),
        ("db.t.aggregate([{'$match': {'a': 1}}, *pipeline])", ["stages …"]),
        ("db.t.find({'a': 1}).sort('a', 1)", []),
        ("db.t.find({'a': 1}, sort=None)", []),
        ("db.t.aggregate([{'$match': {'a': 1}}, {'$sort': {'a': 1}}])", []),
        ("db.t.find({'a': 1}).sort(x.get('by') or 'a', 1)", ["sort {…}"]),
        ("db.t.find({'a': 1}).sort((x.get('by') or 'a').strip(), 1)", ["sort {…}"]),
        ("db.t.find({'a': 1}).sort('a' if flag else x, 1)", ["sort {…}"]),
    ],
)
def test_parts_that_are_not_shown(tmp_path: Path, call: str, shown: list[str]) -> None:
    """An order that only the running program knows may be that of any index."""
    found = mapped(tmp_path, UNSEEN.replace("CALL", call))
    [shape] = found["collections"][0]["shapes"]
    assert shape["options"] == shown
    assert indexes(found)["b_1"]["status"] == ("possible" if shown else "nothing")


CHOSEN = """\
db.t.create_index([("a", 1), ("at", -1)])


class Listing:
    def __init__(self, a, args):
        self.a, self.args, self.by = a, args, "at"

    def parse(self):
        by = self.args.get("by") or "at"
        self.by = by if by in ("at", "clicks") else "at"
        return self

    def page(self):
        return list(db.t.find({"a": self.a}).sort(self.by, -1).limit(10))
"""


def test_an_order_that_the_caller_chooses(tmp_path: Path) -> None:
    """The name that the code shows is what stands where nobody chooses: whether an index gives the order is unknown."""
    [shape] = mapped(tmp_path, CHOSEN)["collections"][0]["shapes"]
    assert (shape["verdict"], shape["options"]) == ("unknown", ["sort {…}"])
    kept = CHOSEN.replace('self.args.get("by") or "at"', '"at"')
    [shape] = mapped(tmp_path, kept)["collections"][0]["shapes"]
    assert (shape["verdict"], shape["options"]) == ("served", [])


def test_a_pipeline_that_is_not_shown(tmp_path: Path) -> None:
    """Counts as a query whose filter may hold any field."""
    found = mapped(tmp_path, UNSEEN.replace("CALL", "db.t.aggregate(pipeline)"))
    assert {index["status"] for index in indexes(found).values()} == {"possible"}
    assert [shape["verdict"] for shape in found["collections"][0]["shapes"]] == ["unknown"]


@pytest.mark.parametrize("call", ["db.t.find().sort(x)", "db.t.aggregate([{'$sort': {x: 1}}])"])
def test_calls_without_a_filter_that_are_not_shown(tmp_path: Path, call: str) -> None:
    found = indexes(mapped(tmp_path, UNSEEN.replace("CALL", call)))
    assert {(index["status"], index["unread"]) for index in found.values()} == {("possible", 1)}


def test_a_sort_on_some_paths(tmp_path: Path) -> None:
    lines = [
        "stages = [{'$match': {'a': 1}}]",
        "if flag:",
        "    stages.append({'$sort': {'b': 1}})",
        "db.t.aggregate(stages)",
    ]
    found = indexes(mapped(tmp_path, UNSEEN.replace("CALL", "\n    ".join(lines))))
    assert {name: index["status"] for name, index in found.items()} == {"a_1": "serves", "b_1": "possible"}


def test_second_choices(tmp_path: Path) -> None:
    """Another index is surely taken only where the whole query is shown."""
    code = """\
db.t.create_index("a")
db.t.create_index([("a", 1), ("b", 1)])
db.u.create_index("a", name="u_a")
db.u.create_index([("a", 1), ("b", 1)], name="u_ab")


def f(x):
    db.t.find({"a": 1})
    db.u.find({"a": 1}).sort(x)
"""
    found = indexes(mapped(tmp_path, code))
    assert [(found[name]["status"], len(found[name]["also"])) for name in ("a_1_b_1", "u_ab")] == [
        ("second", 1),
        ("possible", 1),
    ]


def test_untraced_calls(tmp_path: Path) -> None:
    found = mapped(tmp_path, UNSEEN.replace("CALL", "x.aggregate([])"))
    assert found["summary"]["untraced"] == 1


# What counts where


def test_inner_queries(tmp_path: Path) -> None:
    """Stages and requests ask too, and no operation is counted for them."""
    found = mapped(
        tmp_path,
        """\
db.books.create_index("author")
db.t.create_index("a")
db.t.create_index("b")
db.t.create_index("c")


def f(xs, requests):
    db.authors.aggregate([{"$lookup": {"from": "books", "localField": "_id", "foreignField": "author", "as": "b"}}])
    writes = []
    for x in xs:
        writes.append(UpdateOne({"a": x}, {"$set": {"c": 1}}))
        if len(writes) > 99:
            db.t.bulk_write(writes)
            writes = []
    db.t.bulk_write(writes)
    db.t.bulk_write([DeleteMany(filter={"b": 1}), InsertOne({"a": 1})])
    db.u.bulk_write(requests)
""",
    )
    assert shapes(found) == [
        ("books", "lookup {author}", "served", "author_1", 1),
        ("t", "write {a}", "served", "a_1", 1),
        ("t", "write {b}", "served", "b_1", 1),
    ]
    assert {name: index["status"] for name, index in indexes(found).items()} == {
        "author_1": "serves",
        "a_1": "serves",
        "b_1": "serves",
        "c_1": "nothing",
    }
    assert found["summary"]["operations"] == 9
    assert found["summary"]["inner"] == 3
    assert [
        place["via"] for collection in found["collections"] for s in collection["shapes"] for place in s["places"]
    ] == [
        "$lookup",
        "bulk_write",
        "bulk_write",
    ]
    counts = {collection["name"]: collection["unfiltered"] for collection in found["collections"]}
    assert counts["t"] == {"bulk_write": 3, "command": 3}
    assert counts["authors"] == {"whole": 1}


def test_requests_that_are_not_shown(tmp_path: Path) -> None:
    found = mapped(tmp_path, 'db.t.create_index("a")\n\n\ndef f(requests):\n    db.t.bulk_write(requests)\n')
    index = indexes(found)["a_1"]
    assert (index["status"], index["unread"]) == ("possible", 1)


def test_distinct_without_a_filter(tmp_path: Path) -> None:
    """It reads the keys of an index that begins with its field."""
    code = 'db.t.create_index("a")\ndb.t.create_index([("b", 1), ("a", 1)])\n\n\ndef f():\n    db.t.distinct("a")\n'
    found = indexes(mapped(tmp_path, code))
    assert [(found[name]["status"], found[name]["distincts"]) for name in ("a_1", "b_1_a_1")] == [
        ("serves", 1),
        ("nothing", 0),
    ]


def test_collections_known_only_at_run_time(tmp_path: Path) -> None:
    """Their queries are counted by themselves, and no index is called useless that they may need."""
    found = mapped(
        tmp_path,
        """\
db.a.create_index("x")
db.b.create_index("x")
db.c.create_index("x", name="c_x")
db.c.create_index("y")
db.c.create_index("z")


def f(flag, name, x):
    (db.a if flag else db.b).find_one({"x": x})
    db[name].find_one({"y": x})
    db[name].create_index("w")
""".replace('db.b.create_index("x")', 'db.b.create_index("x", name="b_x")'),
    )
    assert shapes(found) == [("a|b", "read {x}", "unknown", None, 1), ("", "read {y}", "unknown", None, 1)]
    assert [(c["name"], c["candidates"]) for c in found["collections"]] == [
        ("a", []),
        ("b", []),
        ("c", []),
        (None, ["a", "b"]),
        (None, []),
    ]
    assert {name: (index["status"], index["possible"]) for name, index in indexes(found).items()} == {
        "x_1": ("possible", ["a|b/1"]),
        "b_x": ("possible", ["a|b/1"]),
        "c_x": ("nothing", []),
        "y_1": ("possible", ["/1"]),
        "z_1": ("nothing", []),
        "w_1": ("unclear", []),
    }


# What an index is good for


def test_standing(tmp_path: Path) -> None:
    found = mapped(
        tmp_path,
        {
            "app.py": HEAD
            + """\
SPEC = load()


def setup(keys):
    db.t.create_index("a")
    db.t.create_index([("a", 1), ("b", 1)])
    db.t.create_index("email", unique=True)
    db.t.create_index("ends", expireAfterSeconds=0)
    db.t.create_index("plain")
    db.t.create_index("script")
    db.u.create_index(SPEC)
    db.t.create_index("plain", background=True)


def f(x):
    db.t.find_one({"a": x})
    db.u.find_one({"q": x})
""",
            "scripts/fix.py": "from app import db\n\ndb.t.delete_many({'script': 1})\n",
            "tests/test_app.py": "from app import db\n\n\ndef test():\n    db.t.create_index('of_test')\n"
            "    db.t.find_one({'of_test': 1})\n    db.t.find_one({'plain2': 1})\n",
        },
    )
    held = indexes(found)
    assert {name: (index["status"], index["purposes"]) for name, index in held.items()} == {
        "a_1": ("serves", []),
        "a_1_b_1": ("second", []),
        "email_1": ("nothing", ["unique"]),
        "ends_1": ("nothing", ["expires documents"]),
        "plain_1": ("nothing", []),
        "script_1": ("outside", []),
        "of_test_1": ("outside", []),
        "": ("unclear", []),
    }
    # One index, however often it is declared
    assert [place["line"] for place in held["plain_1"]["places"]] == [13, 16]
    assert held["of_test_1"]["origin"] == "test"
    origins = {
        shape["text"]: (shape["origin"], shape["verdict"]) for c in found["collections"] for shape in c["shapes"]
    }
    assert origins == {
        "{a}": ("application", "served"),
        "{q}": ("application", "unknown"),
        "{script}": ("script", "served"),
        "{of_test}": ("test", "served"),
        "{plain2}": ("test", "unserved"),
    }
    # The application's come first
    [mine] = [collection for collection in found["collections"] if collection["name"] == "t"]
    assert [shape["text"] for shape in mine["shapes"]] == ["{a}", "{script}", "{plain2}", "{of_test}"]


# Laws

METHODS = ["find_one", "find", "count_documents", "delete_one", "delete_many"]
COLLECTIONS = ["db.a", "db.b", "(db.a if x else db.b)", "db[x]"]
FILTER_TEXTS = ["{}", "{'_id': x}", "{'a': x}", "{'a': x, 'b': {'$gt': x}}", "{'b': {'$gt': x}, 'a': x}", "{**x}", "x"]
CALLS = st.tuples(
    st.sampled_from(["app.py", "scripts/s.py", "tests/test_a.py"]),
    st.sampled_from(COLLECTIONS),
    st.one_of(
        st.tuples(st.sampled_from(METHODS), st.sampled_from(FILTER_TEXTS)).map(lambda each: f"{each[0]}({each[1]})"),
        st.sampled_from(FILTER_TEXTS).map(lambda each: f"find({each}).sort('b', -1)"),
        st.sampled_from(FILTER_TEXTS).map(lambda each: f"aggregate([{{'$match': {each}}}, {{'$sort': {{'a': 1}}}}])"),
        st.sampled_from(["insert_one({'a': x})", "drop()", "distinct('a')"]),
    ),
)
INDEXES = st.lists(st.sampled_from(["'a'", "'b'", "[('a', 1), ('b', -1)]", "x", "'b', unique=True"]), max_size=3)


@settings(max_examples=60, deadline=None)
@given(st.lists(CALLS, max_size=8), INDEXES)
def test_each_query_is_in_one_shape(calls: list[tuple[str, str, str]], declared: list[str]) -> None:
    files = {name: HEAD if name == "app.py" else "from app import db\n" for name, _, _ in [("app.py", "", ""), *calls]}
    files["app.py"] += "".join(f"\ndef i{n}(x):\n    db.a.create_index({keys})\n" for n, keys in enumerate(declared))
    for number, (name, receiver, call) in enumerate(calls):
        files[name] += f"\ndef f{number}(x):\n    return {receiver}.{call}\n"
    with TemporaryDirectory() as folder:
        loaded = project(files, Path(folder))
        found, listed = with_deep_stack(lambda: (coverage(loaded), queries(loaded)))
    counted = Counter(
        (place["file"], place["line"], place["column"], shape["verdict"], collection["name"])
        for collection in found["collections"]
        for shape in collection["shapes"]
        for place in shape["places"]
    )
    asked = [each for each in listed if each["index"]["verdict"] != "none"]
    verdicts = [(q["file"], q["line"], q["column"], q["index"]["verdict"], q["collection"]) for q in asked]
    assert counted == Counter(verdicts)
    summary = found["summary"]
    assert summary["operations"] == len(listed) == len(calls) + len(declared)
    assert summary["unfiltered"] == len(listed) - len(asked)
    assert summary["operations"] == sum(summary["verdicts"].values()) + summary["unfiltered"]
    assert {k: v for k, v in summary["verdicts"].items() if v} == Counter(q["index"]["verdict"] for q in asked)
    check_references(found)


def check_references(found: Record) -> None:
    """Shapes and indexes speak of one another alike."""
    ids = [shape["id"] for collection in found["collections"] for shape in collection["shapes"]]
    assert len(set(ids)) == len(ids)
    for collection in found["collections"]:
        by_shape = {
            (shape["id"], int(number), use) for shape in collection["shapes"] for number, use in shape["uses"].items()
        }
        own = {shape["id"] for shape in collection["shapes"]}
        by_index = {
            (shape, number, use)
            for number, index in enumerate(collection["indexes"])
            for use in ("best", "also", "possible")
            for shape in index[use]
        }
        assert {each for each in by_index if each[0] in own} == by_shape
        assert {each[0] for each in by_index} <= set(ids)
        for shape in collection["shapes"]:
            best = {collection["indexes"][int(n)]["name"] for n, use in shape["uses"].items() if use == "best"}
            assert not best or best == set(shape["index"].split(" and "))
            assert shape["calls"] == len(shape["places"]) == sum(shape["methods"].values()) > 0
