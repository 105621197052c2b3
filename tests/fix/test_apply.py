"""Which fixes go together, and what comes out."""

from __future__ import annotations

import pytest

from mongolint.finding import Applicability, Confidence, Edit, Finding, Fix, Severity, Span
from mongolint.fix.apply import by_file, choose, rewrite


def edit(start: int, end: int, content: str = "", *, shared: bool = False, file: str = "a.py") -> Edit:
    """An edit of the first line."""
    return Edit(Span(file, 1, start + 1, 1, end + 1), content, shared)


def finding(*edits: Edit) -> Finding:
    fix = Fix(Applicability.SAFE, "do it", edits=edits)
    return Finding(edits[0].span, "MDB999", "thing", Severity.LOW, Confidence.KNOWN, "thing", fix=fix)


@pytest.mark.parametrize(
    ("one", "other", "together"),
    [
        (edit(0, 2, "x"), edit(3, 5, "y"), True),
        (edit(0, 2, "x"), edit(1, 5, "y"), False),
        (edit(0, 5, "x"), edit(1, 2, "y"), False),
        (edit(0, 2, "x"), edit(0, 2, "x"), False),
        (edit(0, 2, "x", shared=True), edit(0, 2, "x", shared=True), True),
        # Texts that meet: which comes first is clear only for what is shared
        (edit(0, 2, "x"), edit(2, 4, "y"), False),
        (edit(2, 2, "x"), edit(2, 2, "y"), False),
        (edit(2, 2, "x", shared=True), edit(2, 2, "y", shared=True), True),
        (edit(2, 2, "x", shared=True), edit(2, 2, "y"), False),
        (edit(2, 2, "x", shared=True), edit(2, 4, "y"), True),
        (edit(0, 2, "x"), edit(0, 2, "x", file="b.py"), True),
    ],
)
def test_what_goes_together(one: Edit, other: Edit, together: bool) -> None:
    for first, second in ((one, other), (other, one)):
        chosen = choose([finding(first), finding(second)])
        assert chosen[0].fix == finding(first).fix
        assert (len(chosen) == 2) is together


def test_a_fix_is_taken_whole() -> None:
    """One edit that has to wait lets the others of its fix wait."""
    first, second, third = finding(edit(4, 6)), finding(edit(0, 1), edit(5, 7)), finding(edit(0, 1))
    assert choose([first, second, third]) == [first, third]


def test_many() -> None:
    """Thousands of fixes in one file take no time to speak of."""
    many = [finding(edit(4 * n, 4 * n + 2), edit(0, 0, "import logging\n", shared=True)) for n in range(1, 5000)]
    assert choose([*reversed(many), *many]) == many[::-1]


def test_rewrite() -> None:
    assert rewrite("abcdef", [edit(4, 5, "EE"), edit(0, 1), edit(2, 2, "-")]) == "b-cdEEf"
    assert rewrite("ab\r\ncd", [Edit(Span("a.py", 1, 2, 2, 2), "\r\n\r\n")]) == "a\r\n\r\nd"
    assert rewrite("a", [edit(1, 1, "\n")]) == "a\n"
    assert rewrite("", [edit(0, 0, "x")]) == "x"
    assert rewrite("x", []) == "x"


@pytest.mark.parametrize("edits", [[edit(0, 3), edit(2, 4)], [edit(9, 10)], [Edit(Span("a.py", 7, 1, 7, 1), "")]])
def test_edits_that_cannot_be_made(edits: list[Edit]) -> None:
    with pytest.raises(ValueError):  # noqa: PT011
        rewrite("abcdef", edits)


def test_shared_insertions_merge() -> None:
    """One import line a package, plain imports first; equal ones once."""
    contents = [
        "from pymongo import UpdateOne\n",
        "import logging\n",
        "from pymongo.errors import PyMongoError\n",
        "from pymongo import InsertOne, UpdateOne\n",
        "import copy\n",
        "import logging\n",
        "logger = logging.getLogger(__name__)\n",
    ]
    fixes = [Fix(Applicability.SAFE, "", edits=(edit(0, 0, content, shared=True),)) for content in contents]
    assert rewrite("rest", by_file(fixes)["a.py"]) == (
        "import copy\n"
        "import logging\n"
        "from pymongo import InsertOne, UpdateOne\n"
        "from pymongo.errors import PyMongoError\n"
        "logger = logging.getLogger(__name__)\n"
        "rest"
    )
    crlf = [edit(0, 0, f"from pymongo import {name}\r\n", shared=True) for name in ("B", "A")]
    assert rewrite("", crlf) == "from pymongo import A, B\r\n"


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_imports_that_begin_a_section_share_its_blank_line(newline: str) -> None:
    first = ["from contextlib import suppress", "from abc import ABC", "import logging"]
    last = ["from shop.users import Users", "from shop.db import db"]
    edits = [edit(0, 0, each + newline * 2, shared=True) for each in first]
    edits += [edit(0, 0, newline + each + newline, shared=True) for each in last]
    edits.append(edit(0, 0, "import yaml" + newline, shared=True))
    assert rewrite("", edits).split(newline) == [
        "import logging",
        "from abc import ABC",
        "from contextlib import suppress",
        "",
        "import yaml",
        "",
        "from shop.db import db",
        "from shop.users import Users",
        "",
    ]
