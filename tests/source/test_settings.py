"""Configuration files as data; of YAML what PyYAML reads, or nothing."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from mongolint.source.settings import read
from mongolint.source.yaml import read as read_yaml

PLAIN = {
    "block": ("mongo:\n  # where\n  users: people   # of all\n\n  orders: 'all ''of'' them'\nport: 1\n", "mongo.users"),
    "flow over lines": (
        "mongo: {\n'user': 'root',\n  col : people, # c\n  list: [1, {a: b}],\n}\nlast: x\n",
        "mongo.col",
    ),
    "after a list": ("hosts:\n- a\n- b: 1\n  c: 2\nmongo: {col: people}\n", "mongo.col"),
    "after a text": ("text: |\n  col: wrong\n   - x\n\nmongo:\n  col: people\n", "mongo.col"),
    "begun": ('---\n"mongo": {"col": "people", "n": -1}\n', "mongo.col"),
    "tagged elsewhere": ("a: !ENV x\nmongo: {col: people}\n", "mongo.col"),
    "line breaks of Windows": ("mongo:\r\n  col: people\r\n", "mongo.col"),
}


@pytest.mark.parametrize(("text", "path"), PLAIN.values(), ids=PLAIN)
def test_plain_yaml(text: str, path: str) -> None:
    found: Any = read_yaml(text)
    for key in path.split("."):
        found = found[key]
    assert found == "people"


NOT_A_TEXT = ["", "yes", "NO", "On", "null", "~", "12", "1.5", "1e3", "0x1f", "2024-01-01", "12:30", ".inf", "${COL}"]


@pytest.mark.parametrize("value", NOT_A_TEXT)
def test_what_is_no_plain_text(value: str) -> None:
    assert read_yaml(f"a: {value}\nb: x\n") == {"a": None, "b": "x"}


REFUSED = {
    "tabs": "a:\n\tb: c\n",
    "alias": "a: &x {b: c}\nd: *x\n",
    "merged": "a:\n  <<: *x\n  b: c\n",
    "twice": "a: b\na: c\n",
    "several": "a: b\n---\na: c\n",
    "text over lines": "a: b\n  c\n",
    "quoted over lines": "a: 'b\n  c'\n",
    "list alone": "- a\n",
    "template": "a: {{ b }}\n",
    "brackets over lines in a list": "a:\n- {\nb: c\n}\n",
    "open": "a: {b: c\n",
    "colon": "a: b: c\n",
    "shallow": "a:\n    b: c\n  d: e\n",
}


@pytest.mark.parametrize("text", REFUSED.values(), ids=REFUSED)
def test_what_is_not_plain_is_refused(text: str) -> None:
    assert read_yaml(text) is None


def _differences(mine: Any, theirs: Any) -> list[Any]:
    if mine is None:
        return []
    if not isinstance(mine, dict):
        return [(mine, theirs)] * (mine != theirs)
    if not isinstance(theirs, dict) or not mine.keys() <= theirs.keys():
        return [(mine, theirs)]
    return [each for key, held in mine.items() for each in _differences(held, theirs[key])]


def _agrees(text: str) -> None:
    found = read_yaml(text)
    if found is not None:
        assert not _differences(found, yaml.safe_load(text)), text


_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=8)
    | st.sampled_from(["users", "a.b", "no", "1", "- x"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5) | st.sampled_from("abc"), inner),
    max_leaves=12,
)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(st.dictionaries(st.sampled_from(["mongo", "col", "x y", "on"]), _VALUES), st.booleans() | st.none())
def test_what_is_written_reads_alike(data: dict[str, Any], style: bool | None) -> None:
    _agrees(yaml.safe_dump(data, default_flow_style=style, allow_unicode=True))


_PIECES = [
    "a",
    "b",
    ":",
    ": ",
    "\n",
    "\n  ",
    "\n ",
    "- ",
    "{",
    "}",
    "[",
    "]",
    ", ",
    "'",
    '"',
    "#",
    " #",
    "|",
    "&x",
    " ",
    "1",
]


@settings(max_examples=600, deadline=None, derandomize=True)
@given(st.lists(st.sampled_from(_PIECES), max_size=14).map("".join))
def test_what_is_scribbled_reads_alike_or_not_at_all(text: str) -> None:
    try:
        yaml.safe_load("a: b\n" + text)
    except yaml.YAMLError:
        return  # no program can read it
    _agrees("a: b\n" + text)


FILES = {
    "settings.json": (
        json.dumps({"mongo": {"col": "people", "port": 1, "hosts": ["a"]}}),
        {"port": None, "hosts": None},
    ),
    "settings.toml": ('[mongo]\ncol = "people"\nat = 2024-01-01\n', {"at": None}),
    "settings.ini": ("[DEFAULT]\nhost = h\n[mongo]\ncol = people\nmade = %(host)s/x\n", {"host": "h", "made": None}),
}


@pytest.mark.parametrize("name", FILES)
def test_files(name: str) -> None:
    text, others = FILES[name]
    found = read(name, text.encode())
    assert found is not None
    assert found["mongo"] == {"col": "people", **others}


@pytest.mark.parametrize("name", ["a.json", "a.toml", "a.yaml", "a.ini"])
@pytest.mark.parametrize("data", [b"\xff\xfe", b"[", b"{'a"])
def test_files_that_cannot_be_read(name: str, data: bytes) -> None:
    assert read(name, data) is None
