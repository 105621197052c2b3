"""Which edits only move code: those after which the model is the same, at other places."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mongolint.facts.extract import extract
from mongolint.facts.moved import move, only_moved

TEXT = """\
import pymongo


class Books:
    def __init__(self, db):
        self.books = db["books"]

    def all_of(self, owners):
        found = []
        for owner in owners:
            try:
                found.append(self.books.find_one({"owner_id": owner, "n": 1}, sort=[("a", -1)]))
            except pymongo.errors.PyMongoError:
                pass
        return found
"""


@pytest.mark.parametrize(("before", "after"), [
    ("1}", "True}"), ("1}", "1.0}"), ("-1)", "1)"), ("owner_id", "owner"), ("pass", "raise"), ("pass", "pass; x = 1"),
    ("owners:", "list(owners):"), ("find_one", "find"), ('"a"', 'b"a"'), ("import pymongo", "import pymongo as p"),
    ("def all_of", "async def all_of"), ("        return found\n", ""),
])  # fmt: skip
def test_what_says_something_else(before: str, after: str) -> None:
    assert before in TEXT
    assert not only_moved(extract("/a.py", TEXT), extract("/a.py", TEXT.replace(before, after)))


@settings(max_examples=80, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 15), st.sampled_from(["", "# c", "    # c", "\f"])), max_size=6))
def test_what_only_moved_has_all_new_places(inserted: list[tuple[int, str]]) -> None:
    lines = TEXT.split("\n")
    for place, line in inserted:
        lines.insert(place, line)
    text = "\n".join(lines).replace("sort=[", "sort = [ ")
    old, new = extract("/a.py", TEXT), extract("/a.py", text)
    assert only_moved(old, new)
    move(old, new)
    assert old == new
