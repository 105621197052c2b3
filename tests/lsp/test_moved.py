"""Which edits only move code: those after which the model is the same, at other places."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mongolint.facts.extract import extract
from mongolint.facts.moved import move, only_moved
from mongolint.lsp.shift import Shift
from mongolint.source.text import LineTable

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
    before, after = LineTable(TEXT), LineTable(text)
    shift = Shift(TEXT, text)
    for row, (start, end) in old.spans.items():
        moved_to = shift.span(before.span("a.py", start, end))
        assert moved_to in (after.span("a.py", *new.spans[row]), None)
        assert moved_to is not None or "sort" in TEXT.split("\n")[before.position(start)[0] - 1]
    move(old, new)
    assert old == new


@pytest.mark.parametrize(("before", "after", "text"), [
    ("a.find(q)", "# c\na.find(q)", "find"),
    ("a.find(q)", "a .  find(q)", "find"),
    ("a.find(q)  # c", "a.find(q)  # longer", "find(q)"),
    ("a.find(q, s)", "a.find(\n    q,\n    s)", "a"),
    ("a.find(q, s)", "a.find(\n    q,\n    s)", "a.find(q, s)"),
    ("if x:\r    a.find(q)", "if x:\r\r        a.find(q)", "find"),
    ("x = 1\na.b()\n# d\na.b()\na.b()\n", "x = 1\n# d\na.b()\n# d\na.b()\n#\na.b()\n", "b()\na.b()"),
])  # fmt: skip
def test_where_a_span_goes(before: str, after: str, text: str) -> None:
    """From the end: of what stands there several times, the last one."""
    start = before.rindex(text)
    span = Shift(before, after).span(LineTable(before).span("a.py", start, start + len(text)))
    assert span is not None
    table = LineTable(after)
    there = after[table.offset(span.line, span.column) : table.offset(span.end_line, span.end_column)]
    assert re.sub(r"#.*|\s", "", there) == re.sub(r"#.*|\s", "", text)
    assert after[: table.offset(span.line, span.column)].count("b()") == before[:start].count("b()")


def test_lines_of_other_code_are_no_pair() -> None:
    """One call above is put on a line, another one below is torn apart: as many lines as before."""
    before = 'foo(\n    i, 1)\nfoo(db.c.find({"b": 2}).count())\nfoo(db.c.find_one({"_id": 2}), 3)\n'
    after = 'foo(i, 1)\nfoo(db.c.find({"b": 2}).count())\nfoo(db.c.find_one({"_id": 2}),\n    3)\n'
    start = before.index("db.c.find({")
    span = LineTable(before).span("a.py", start, start + len("db.c.find"))
    assert Shift(before, after).span(span) in (None, LineTable(after).span("a.py", 14, 23))


def test_what_a_line_holds_that_is_torn_apart_has_no_certain_place() -> None:
    span = LineTable("a.find(q, s)").span("a.py", 7, 8)
    assert Shift("a.find(q, s)", "a.find(\n    q,\n    s)").span(span) is None
