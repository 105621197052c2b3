"""The file that keeps a snapshot: what is written is read, and what is no snapshot is one line."""

from __future__ import annotations

import json
import os
import stat
from datetime import date, datetime, timezone
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mongolint.live.declarations import declarations, declared_keys
from mongolint.live.jsonplaces import JsonError, parse
from mongolint.live.replace import replace
from mongolint.live.snapshot import (
    Snapshot,
    SnapshotError,
    StoredCollection,
    StoredDatabase,
    StoredIndex,
    Usage,
    parse_snapshot,
    read,
    render,
)

NAMES = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=9)
NUMBERS = st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False)
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
    max_leaves=9,
)
OPTIONS = st.dictionaries(NAMES, VALUES, max_size=4)
MOMENTS = st.datetimes(datetime(1970, 1, 1), datetime(2100, 1, 1)).map(
    lambda moment: moment.replace(microsecond=0, tzinfo=timezone.utc)
)
USAGES = st.builds(Usage, st.integers(0, 2**63), MOMENTS)
KEYS = st.lists(st.tuples(st.text(max_size=9), st.integers(-2, 2) | st.text(max_size=9)), min_size=1, max_size=4)
INDEXES = st.builds(StoredIndex, NAMES, KEYS.map(tuple), OPTIONS, st.none() | USAGES)
COLLECTIONS = st.builds(
    StoredCollection,
    NAMES,
    st.sampled_from(["collection", "timeseries", "view"]),
    st.none() | st.integers(0, 2**63),
    st.none() | st.lists(INDEXES, max_size=4).map(tuple),
    st.none() | NAMES,
    st.none() | OPTIONS,
)
DATABASES = st.builds(StoredDatabase, NAMES, st.lists(COLLECTIONS, max_size=3).map(tuple))
SNAPSHOTS = st.builds(Snapshot, st.text(max_size=9), st.dates(), st.lists(DATABASES, max_size=3).map(tuple))


@given(SNAPSHOTS)
def test_what_is_written_is_read(snapshot: Snapshot) -> None:
    text = render(snapshot)
    assert text.isascii()
    assert parse_snapshot(text, "x") == snapshot
    # Each index at a line of its own, which the reader finds whatever the layout
    lines = text.split("\n")
    indexes = [index for _, held in parse_snapshot(text, "x").collections() for index in held.indexes or ()]
    assert len({index.line for index in indexes}) == len(indexes)
    assert all(json.loads(lines[index.line - 1].rstrip(","))["name"] == index.name for index in indexes)
    assert parse_snapshot(json.dumps(json.loads(text), indent=4), "x") == snapshot
    assert parse_snapshot(json.dumps(json.loads(text)), "x") == snapshot


@given(VALUES)
def test_places_do_not_change_values(value: Any) -> None:
    for text in (json.dumps(value), json.dumps(value, indent=1), f" \n{json.dumps(value, ensure_ascii=False)}\r\n"):
        assert parse(text).plain() == json.loads(text)


@given(st.text('[]{},:" \n01-eu\\nultr', max_size=20))
def test_any_text_is_json_or_told_to_be_none(text: str) -> None:
    try:
        expected = json.loads(text)
    except ValueError:
        with pytest.raises(JsonError):
            parse(text)
    else:
        assert parse(text).plain() == expected


INDEX = '{"name": "a_1", "keys": [["a", 1]], "options": {}, "usage": null}'


def snapshot_with(index: str = INDEX, collection: str = "") -> str:
    collection = collection or f'{{"name": "users", "type": "collection", "documents": 3, "indexes": [\n{index}\n]}}'
    head = '{"version": 1, "server": "6.0.5", "taken": "2026-01-31",\n"databases": ['
    return f'{head}{{"name": "shop", "collections": [\n{collection}\n]}}]}}'


MISTAKES: dict[str, tuple[str, str]] = {
    "empty": ("", "1:1: invalid JSON: expecting value"),
    "half": ('{"version": 1,\n"server": 2', "2:12: invalid JSON: expecting ',' delimiter"),
    "words": ("version: 1", "1:1: invalid JSON: expecting value"),
    "deep": ("[" * 100_000, "1:1: invalid JSON: nested too deeply"),
    "huge": ("1" * 10_000, "1:1: invalid JSON: a number has too many digits"),
    "list": ("[]", "1:1: this is no snapshot that 'mongolint indexes pull' wrote: it has no \"version\""),
    "other": ('\n {"indexes": []}', "2:2: this is no snapshot that 'mongolint indexes pull' wrote: it has no"),
    "newer": ('{"version": 2}', "1:13: version 2 is unknown; known is 1"),
    "true": ('{"version": true}', "1:13: version true is unknown; known is 1"),
    "text": ('{"version": "1"}', '1:13: version "1" is unknown; known is 1'),
    "short": ('{"version": 1}', '1:1: "databases" is missing here'),
    "taken": (
        snapshot_with().replace('"2026-01-31"', "5"),
        '1:44: "taken" has to be a day such as 2026-01-31, not this',
    ),
    "databases": ('{"version": 1, "databases": {}}', '1:29: "databases" has to be an array, not an object'),
    "database": ('{"version": 1, "databases": [3]}', "1:30: here an object has to stand, not this number"),
    "name": (snapshot_with().replace('"a_1"', "null"), '4:10: "name" has to be a string, not null'),
    "type": (snapshot_with().replace('"collection"', '"heap"'), '3:27: "type" has to be one of collection, timeseries'),
    "documents": (snapshot_with().replace("3,", "-1,"), '3:54: "documents" has to be a number of times or documents'),
    "no indexes": (snapshot_with(collection='{"name": "v", "type": "view"}'), '3:1: "indexes" is missing here'),
    "indexes": (snapshot_with("7"), "4:1: here an object has to stand, not this number"),
    "keys": (snapshot_with(INDEX.replace('["a", 1]', '"a"')), '4:26: "keys" has to hold pairs of a field and a dir'),
    "key": (snapshot_with(INDEX.replace('["a", 1]', '["a", true]')), '4:26: "keys" has to hold pairs of a field'),
    "no keys": (snapshot_with(INDEX.replace('["a", 1]', "")), '4:25: "keys" is empty'),
    "options": (snapshot_with(INDEX.replace("{}", "[]")), '4:48: "options" has to be an object, not an array'),
    "usage": (snapshot_with(INDEX.replace("null", "4")), "4:61: here an object has to stand, not this number"),
    "ops": (
        snapshot_with(INDEX.replace("null", '{"since": "2026-01-01T00:00:00Z", "ops": true}')),
        '4:102: "ops" has to be a number of times or documents, not true or false',
    ),
    "since": (
        snapshot_with(INDEX.replace("null", '{"ops": 1, "since": "yesterday"}')),
        '4:81: "since" has to be a time such as 2026-01-31T12:00:00Z, not this string',
    ),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_one_line_at_its_place(name: str, tmp_path: Path) -> None:
    text, message = MISTAKES[name]
    (tmp_path / "x.json").write_text(text, encoding="utf-8")
    with pytest.raises(SnapshotError) as caught:
        read(tmp_path / "x.json", "x.json")
    assert str(caught.value).startswith(f"x.json:{message}")
    assert "\n" not in str(caught.value)


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(SnapshotError, match=r"^gone\.json: cannot read: no such file or directory$"):
        read(tmp_path / "gone.json", "gone.json")
    with pytest.raises(SnapshotError, match=r"^here: cannot read: is a directory$"):
        read(tmp_path, "here")
    (tmp_path / "x.json").write_bytes(b'{"version": 1,\n"server": "\xff"}')
    with pytest.raises(SnapshotError, match=r"^x\.json:2: not UTF-8 text: byte 0xff$"):
        read(tmp_path / "x.json", "x.json")


def test_what_editors_and_later_versions_add_is_no_mistake(tmp_path: Path) -> None:
    text = snapshot_with(INDEX.replace('"usage"', '"size": 4096, "usage"'))
    (tmp_path / "x.json").write_bytes(b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode())
    snapshot = read(tmp_path / "x.json", "x.json")
    assert snapshot == parse_snapshot(snapshot_with(), "x.json")
    assert [held.line for _, held in snapshot.collections()] == [3]
    assert [index.line for _, held in snapshot.collections() for index in held.indexes or ()] == [4]


def test_a_file_is_replaced_at_once_or_not_at_all(tmp_path: Path) -> None:
    file = tmp_path / "x.json"
    replace("one", file)
    os.chmod(file, 0o640)
    (tmp_path / "link").symlink_to("x.json")
    replace("two", tmp_path / "link")
    assert file.read_text() == "two"
    assert stat.S_IMODE(file.stat().st_mode) == 0o640
    assert (tmp_path / "link").is_symlink()
    with pytest.raises(UnicodeEncodeError):
        replace("three \ud800", file)
    with pytest.raises(OSError, match="No such file"):
        replace("three", tmp_path / "gone/x.json")
    assert file.read_text() == "two"
    assert sorted(os.listdir(tmp_path)) == ["link", "x.json"]


def test_a_new_file_has_the_usual_mode(tmp_path: Path) -> None:
    (tmp_path / "usual").touch()
    replace("x", tmp_path / "new")
    assert (tmp_path / "new").stat().st_mode == (tmp_path / "usual").stat().st_mode


def test_declarations() -> None:
    """What queries are judged by: all but ``_id``, text by its fields, and unknown keys where nothing is known."""
    text = StoredIndex(
        "t", (("n", 1), ("_fts", "text"), ("_ftsx", 1), ("z", -1)), {"weights": {"a": 1, "b": 5}, "unique": True}
    )
    when = {
        "partialFilterExpression": {"at": {"$gt": {"$date": "2020-01-01T00:00:00Z"}}, "n": {"$in": [1, {"$oid": "0"}]}}
    }
    users = StoredCollection(
        "users", indexes=(StoredIndex("_id_", (("_id", 1),)), text, StoredIndex("p", (("n", 1),), when))
    )
    others = StoredCollection("recent", "view", on="users"), StoredCollection("secret", indexes=None)
    snapshot = Snapshot("6.0.5", date(2026, 1, 31), (StoredDatabase("shop", (others[0], others[1], users)),))
    found = declarations(parse_snapshot(render(snapshot), "db.json"), "db.json")
    assert [(each.collection_name, each.keys) for each in found] == [
        ("recent", None),
        ("secret", None),
        ("users", (("n", 1), ("a", "text"), ("b", "text"), ("z", -1))),
        ("users", (("n", 1),)),
    ]
    assert {each.source for each in found} == {"snapshot"}
    assert [each.name for each in found[2:]] == ["t", "p"]
    assert found[2].options["unique"] is True
    # A date or an id is what the code would write as an object: not known
    assert found[3].options["partialFilterExpression"] == {"at": {"$gt": None}, "n": {"$in": [1, None]}}
    spans = [each.span for each in found]
    lines = render(snapshot).split("\n")
    assert all(span is not None and span.file == "db.json" for span in spans)
    assert ['"name": "t"' in lines[span.line - 1] for span in spans if span] == [False, False, True, False]
    assert declared_keys(StoredIndex("w", (("$**", "text"),), {})) == (("$**", "text"),)
