"""Declared indexes against stored ones: what counts as the same, and what is said of the rest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mongolint.link.atoms import Collection, Database
from mongolint.live.diff import Difference, compare, show_keys
from mongolint.live.options import agrees
from mongolint.live.snapshot import Snapshot, StoredCollection, StoredDatabase, StoredIndex, Usage
from mongolint.project.indexes import IndexDeclaration

Keys = list[tuple[str, Any]] | None
FULL = {
    "locale": "en",
    "caseLevel": False,
    "caseFirst": "off",
    "strength": 3,
    "numericOrdering": False,
    "alternate": "non-ignorable",
    "maxVariable": "punct",
    "normalization": False,
    "backwards": False,
    "version": "57.1",
}


def code(keys: Keys, collection: str | None = "users", database: str | None = None, **options: Any) -> IndexDeclaration:
    """An index that code declares."""
    held = Collection(Database(None, database, "sync"), collection) if collection else None
    return IndexDeclaration(0, 0, None, held, tuple(keys) if keys else None, options)


def stored(keys: list[tuple[str, Any]], name: str = "", usage: Usage | None = None, **options: Any) -> StoredIndex:
    return StoredIndex(name or "_".join(f"{field}_{kind}" for field, kind in keys), tuple(keys), options, usage)


def users(*indexes: StoredIndex, **more: Any) -> Snapshot:
    """A snapshot with one collection."""
    own = StoredIndex("_id_", (("_id", 1),), usage=Usage(0, datetime(2026, 1, 1, tzinfo=timezone.utc)))
    return databases(shop=[StoredCollection("users", indexes=(own, *indexes), **more)])


def databases(**held: list[StoredCollection]) -> Snapshot:
    found = [StoredDatabase(name, tuple(collections)) for name, collections in sorted(held.items())]
    return Snapshot("6.0.5", date(2026, 3, 1), tuple(found))


def told(found: list[Difference]) -> list[tuple[str, str | None, str]]:
    return [(each.kind, each.collection, each.name) for each in found]


A: list[tuple[str, Any]] = [("a", 1)]
TEXT: list[tuple[str, Any]] = [("_fts", "text"), ("_ftsx", 1)]
TEXT_OPTIONS = {"default_language": "english", "language_override": "language", "textIndexVersion": 3}
TEXTS: list[tuple[str, Any]] = [("t", "text"), ("b", "text")]
# Declared keys and options, stored keys and options: the same index
SAME: dict[str, tuple[Keys, dict[str, Any], list[tuple[str, Any]], dict[str, Any]]] = {
    "plain": (A, {}, A, {}),
    "filled in": (A, {}, A, {"v": 2, "ns": "shop.users", "background": True}),
    "no longer of use": (A, {"background": True, "dropDups": True, "commitQuorum": 1}, A, {}),
    "defaults said": (A, {"unique": False, "sparse": False, "hidden": False}, A, {}),
    "a flag as a number": (A, {"unique": 1}, A, {"unique": True}),
    "name": (A, {"name": "mine"}, A, {"name": "mine"}),
    "a name known at run time": (A, {"name": None}, A, {"name": "mine"}),
    "a value known at run time": (A, {"expireAfterSeconds": None}, A, {"expireAfterSeconds": 60}),
    "a number of another type": (A, {"expireAfterSeconds": 60}, A, {"expireAfterSeconds": 60.0}),
    "partial": (
        A,
        {"partialFilterExpression": {"b": {"$gt": None, "$lt": 3}, "c": ["x"]}},
        A,
        {"partialFilterExpression": {"c": ["x"], "b": {"$lt": 3.0, "$gt": {"$date": "2020-01-01T00:00:00Z"}}}},
    ),
    "collation": (A, {"collation": {"locale": "en"}}, A, {"collation": FULL}),
    "collation of a locale with other defaults": (
        A,
        {"collation": {"locale": "fr_CA"}},
        A,
        {"collation": {**FULL, "locale": "fr_CA", "backwards": True}},
    ),
    "collation said in full": (A, {"collation": {**FULL, "version": "153"}}, A, {"collation": FULL}),
    "collation object": (A, {"collation": None}, A, {"collation": FULL}),
    "simple collation": (A, {"collation": {"locale": "simple"}}, A, {}),
    "geo": ([("p", "2dsphere")], {}, [("p", "2dsphere")], {"2dsphereIndexVersion": 3}),
    "geo in the plane": ([("p", "2d")], {"bits": 26}, [("p", "2d")], {}),
    "geo bounds": ([("p", "2d")], {}, [("p", "2d")], {"bits": 26, "min": -180.0, "max": 180.0}),
    "hashed": ([("h", "hashed")], {}, [("h", "hashed")], {}),
    "wildcard": ([("$**", 1)], {"wildcardProjection": {"a": 1}}, [("$**", 1)], {"wildcardProjection": {"a": 1}}),
    "text": (TEXTS, {}, TEXT, {"name": "t_text_b_text", "weights": {"b": 1, "t": 1}, **TEXT_OPTIONS}),
    "text with weights": (
        TEXTS,
        {"name": "t", "weights": {"t": 10}, "default_language": "english"},
        TEXT,
        {"name": "t", "weights": {"b": 1, "t": 10}, **TEXT_OPTIONS},
    ),
    "text by weights": (
        TEXTS[:1],
        {"name": "t", "weights": {"b": 5}},
        TEXT,
        {"name": "t", "weights": {"b": 5, "t": 1}, **TEXT_OPTIONS},
    ),
    "text among others": (
        [("n", 1), *TEXTS, ("z", -1)],
        {"name": "t"},
        [("n", 1), *TEXT, ("z", -1)],
        {"name": "t", "weights": {"b": 1, "t": 1}, **TEXT_OPTIONS},
    ),
    "text everywhere": ([("$**", "text")], {}, TEXT, {"name": "$**_text", "weights": {"$**": 1}, **TEXT_OPTIONS}),
}
# The same keys, and which option differs
UNLIKE: dict[str, tuple[dict[str, Any], dict[str, Any], str]] = {
    "unique": ({"unique": True}, {}, "unique: true in the code, not set on the server"),
    "not unique": ({}, {"unique": True}, "unique: not set in the code, true on the server"),
    "sparse": ({"sparse": False}, {"sparse": True}, "sparse: false in the code, true on the server"),
    "hidden": ({}, {"hidden": True}, "hidden: not set in the code, true on the server"),
    "expiry": (
        {"expireAfterSeconds": 60},
        {"expireAfterSeconds": 90},
        "expireAfterSeconds: 60 in the code, 90 on the server",
    ),
    "no expiry": ({"expireAfterSeconds": 0}, {}, "expireAfterSeconds: 0 in the code, not set on the server"),
    "partial": (
        {"partialFilterExpression": {"b": True}},
        {"partialFilterExpression": {"b": 1}},
        'partialFilterExpression: {"b": true} in the code, {"b": 1} on the server',
    ),
    "part of partial": (
        {"partialFilterExpression": {"b": [1]}},
        {"partialFilterExpression": {"b": [1, 2]}},
        'partialFilterExpression: {"b": [1]} in the code, {"b": [1, 2]} on the server',
    ),
    "name": ({}, {"name": "mine"}, 'name: "a_1" in the code, "mine" on the server'),
    "given name": ({"name": "mine"}, {}, 'name: "mine" in the code, "a_1" on the server'),
    "strength": (
        {"collation": {"locale": "en", "strength": 2}},
        {"collation": {"locale": "en", "strength": 3}},
        'collation: {"locale": "en", "strength": 2} in the code, {"locale": "en", "strength": 3} on the server',
    ),
    "collation": ({}, {"collation": {"locale": "en"}}, 'collation: not set in the code, {"locale": "en"} on the'),
    "no collation": ({"collation": {"locale": "en"}}, {}, 'collation: {"locale": "en"} in the code, not set on the'),
    "two": ({"unique": True, "sparse": True}, {}, "sparse: true in the code, not set on the server; unique: true"),
}


def server(keys: list[tuple[str, Any]], options: Mapping[str, Any], **more: Any) -> Snapshot:
    rest = {name: value for name, value in options.items() if name != "name"}
    return users(stored(keys, options.get("name", ""), **rest), **more)


@pytest.mark.parametrize("name", SAME)
def test_the_same(name: str) -> None:
    keys, options, stored_keys, stored_options = SAME[name]
    assert compare([code(keys, **options)], server(stored_keys, stored_options)) == []


@pytest.mark.parametrize("name", UNLIKE)
def test_other_options(name: str) -> None:
    options, stored_options, reason = UNLIKE[name]
    [found] = compare([code(A, **options)], server(A, stored_options))
    assert (found.kind, found.database, found.collection, found.keys) == ("different", "shop", "users", (("a", 1),))
    assert found.reason.startswith(reason)
    assert [each.option for each in found.options] == [part.split(":")[0] for part in found.reason.split("; ")]


def test_weights() -> None:
    [found] = compare(
        [code(TEXTS, name="t", weights={"t": 10})],
        server(TEXT, {"name": "t", "weights": {"b": 1, "t": 5}, **TEXT_OPTIONS}),
    )
    assert found.reason.startswith('weights: {"t": 10} in the code, {"b": 1, "t": 5} on the server')
    found = compare([code(TEXTS, name="t")], server(TEXT, {"name": "t", "weights": {"t": 1}, **TEXT_OPTIONS}))[0]
    assert found.reason == "same name, other keys: {t: text} on the server"


def test_the_collation_of_the_collection_is_that_of_its_indexes() -> None:
    assert compare([code(A)], server(A, {"collation": FULL}, collation=FULL)) == []
    assert compare([code(A, collation={"locale": "simple"})], server(A, {}, collation=FULL)) == []
    assert told(compare([code(A)], server(A, {}, collation=FULL))) == [("different", "users", "a_1")]


def test_on_one_side_only() -> None:
    found = compare([code(A), code([("b", 1)])], users(stored(A), stored([("c", -1)])))
    assert told(found) == [("missing", "users", "b_1"), ("undeclared", "users", "c_-1")]
    assert [each.reason for each in found] == ["the server does not have it", "no code declares it"]
    assert compare([code([("_id", 1)])], users()) == []
    [found_here] = compare([code(A, "orders")], users())
    assert (found_here.kind, found_here.reason) == ("missing", "the server does not have the collection")


def test_other_keys_under_the_same_name() -> None:
    [found] = compare([code([("a", 1), ("b", 1)], name="x")], users(stored([("b", 1), ("a", 1)], "x")))
    assert (found.kind, found.name, found.reason) == (
        *("different", "x"),
        "same name, other keys: {b: 1, a: 1} on the server",
    )
    # An index of the other name and the same keys is nearer
    found = compare([code(A, name="x")], users(stored([("b", 1)], "x"), stored(A, "y")))[0]
    assert found.reason == 'name: "x" in the code, "y" on the server'


def test_the_same_keys_twice() -> None:
    """Such indexes may stand side by side, and each has its own counterpart."""
    strong, weak = {**FULL, "strength": 1}, {**FULL, "strength": 2}
    two = [code(A, name="one", collation=strong), code(A, name="two", collation=weak)]
    both = users(stored(A, "two", collation=weak), stored(A, "one", collation=strong))
    assert compare(two, both) == []
    assert told(compare(two[:1], both)) == [("undeclared", "users", "two")]
    assert told(compare(two, users(stored(A, "one", collation=strong)))) == [("missing", "users", "two")]
    # Declared in two places
    assert compare([code(A), code(A)], users(stored(A))) == []


def test_what_is_known_only_at_run_time_is_not_compared() -> None:
    other = users(stored(A), stored([("b", 1)]))
    found = compare([code(None)], other)
    assert [(each.kind, each.reason) for each in found] == [
        ("unknown", "not compared: its keys are known only at run time")
    ]
    found = compare([code(A, None)], other)
    assert told(found) == [("undeclared", "users", "b_1"), ("unknown", None, "a_1")]
    assert told(compare([code(None, None)], other)) == [("unknown", None, "")]


def test_options_that_the_code_does_not_show_are_not_compared() -> None:
    """``create_index("a", sparse=True, **options)``"""
    partly = replace(code(A, sparse=True), open=True)
    assert compare([partly], server(A, {"name": "mine", "unique": True, "sparse": True})) == []
    [found] = compare([partly], server(A, {"name": "mine", "unique": True}))
    assert found.reason == "sparse: true in the code, not set on the server"


def test_what_the_snapshot_does_not_tell_is_not_compared() -> None:
    snapshot = databases(shop=[StoredCollection("users", indexes=None), StoredCollection("recent", "view")])
    [found] = compare([code(A)], snapshot)
    assert (found.kind, found.reason) == ("unknown", "not compared: the indexes on the server could not be listed")
    assert compare([], snapshot) == []


def test_databases_are_told_apart_by_name() -> None:
    held = [StoredCollection("users", indexes=(stored(A),))]
    empty = [StoredCollection("users", indexes=())]
    found = compare([code(A, database="shop"), code(A, database="audit")], databases(shop=held))
    assert [(each.kind, each.reason) for each in found] == [
        ("unknown", "not compared: the snapshot has no database audit")
    ]
    found = compare([code(A, database="shop")], databases(shop=held, audit=empty))
    assert found == []
    found = compare([code(A, database="audit")], databases(shop=held, audit=empty))
    assert [(each.kind, each.database) for each in found] == [("missing", "audit"), ("undeclared", "shop")]


def test_where_names_of_databases_do_not_meet_the_collection_decides() -> None:
    """The name in the code is a setting's default, and the server is a copy for tests."""
    held = [StoredCollection("users", indexes=(stored(A),))]
    empty = [StoredCollection("users", indexes=())]
    assert compare([code(A, database="shop")], databases(shop_test=held)) == []
    # One database that has it is enough, since another may only happen to have a collection of that name
    assert compare([code(A)], databases(one=held, two=empty)) == []
    found = compare([code(A)], databases(one=empty, two=empty))
    assert [(each.kind, each.database) for each in found] == [("missing", "one"), ("missing", "two")]
    [found_here] = compare([code(A, "orders")], databases(one=held[:0], two=held[:0]))
    assert (found_here.kind, found_here.database) == ("missing", None)


def test_never_used() -> None:
    def since(day: int) -> Usage:
        return Usage(0, datetime(2026, 2, day, 12, tzinfo=timezone.utc))

    snapshot = users(
        stored(A, usage=since(1)),
        stored([("b", 1)], usage=Usage(3, datetime(2026, 2, 1, tzinfo=timezone.utc))),
        stored([("c", 1)], usage=since(28), unique=True),
        stored([("d", 1)], usage=Usage(0, datetime(2026, 3, 1, tzinfo=timezone.utc)), expireAfterSeconds=3),
        stored([("e", 1)]),
    )
    found = [each for each in compare([], snapshot) if each.kind == "unused"]
    since_when = "never used since 2026-02-01, when its member began to count"
    assert [(each.name, each.reason, each.days) for each in found] == [
        ("a_1", f"{since_when} (28 days)", 28),
        ("c_1", f"{since_when.replace('02-01', '02-28')} (1 day); but it keeps values unique", 1),
        (
            "d_1",
            f"{since_when.replace('02-01', '03-01')} (less than a day); but it makes documents expire",
            0,
        ),
    ]


FIELDS = st.sampled_from("abc")
DRAWN = st.lists(
    st.tuples(FIELDS, st.sampled_from([1, -1, "hashed", "text"])), min_size=1, unique_by=lambda key: key[0]
)
CHOSEN = st.lists(
    st.tuples(
        DRAWN,
        st.fixed_dictionaries({}, optional={"unique": st.booleans(), "expireAfterSeconds": st.integers(0, 9)}),
    ),
    max_size=4,
    unique_by=lambda index: (str(index[0]),),
)


@given(CHOSEN, st.randoms())
def test_a_server_that_has_what_is_declared_differs_in_nothing(chosen: list[Any], random: Any) -> None:
    declared = [code(keys, **options) for keys, options in chosen]
    held = [stored(keys, **options) for keys, options in chosen]
    random.shuffle(held)
    assert compare(declared, users(*held)) == []
    assert {each.kind for each in compare([], users(*held))} <= {"undeclared"}
    assert len(compare([], users(*held))) == len(held)
    assert {each.kind for each in compare(declared, users())} <= {"missing"}


@given(st.recursive(st.integers() | st.booleans() | st.text(), lambda i: st.lists(i) | st.dictionaries(st.text(), i)))
def test_values_agree_with_themselves_and_what_is_not_known_with_all(value: Any) -> None:
    assert agrees(value, value)
    assert agrees(None, value)
    assert not agrees(value, [value])


def test_keys_are_shown_as_in_the_shell() -> None:
    assert show_keys((("a", 1), ("p", "2dsphere"))) == "{a: 1, p: 2dsphere}"
    assert show_keys(None) == "?"
