"""``indexes coverage``: its forms, of a small project and of the example backend."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from mongolint.report.coverage import table
from mongolint.report.paint import Paint

ROOT = Path(__file__).parents[2]
BOOKSHELF = ROOT / "examples" / "bookshelf"

CODE = """\
from pymongo import MongoClient

db = MongoClient(timeoutMS=5000).shop


def ensure_indexes():
    db.users.create_index("email", unique=True)
    db.orders.create_index([("user", 1), ("at", -1)])
    db.orders.create_index("state")
    db.orders.create_index("ends", expireAfterSeconds=0)
    db.orders.create_index("colour", sparse=True)


def by_email(email):
    return db.users.find_one({"email": email})


def by_city(city):
    return db.users.find_one({"city": city})


def orders(user, at, name):
    db[name].find_one({"total": at})
    db.orders.insert_one({"user": user})
    return list(db.orders.find({"user": user, "at": {"$gt": at}}).sort("at", -1))
"""
ADMIN = """\
from app.db import db


def count(user, state):
    return db.orders.count_documents({"user": user}), db.orders.find_one({"user": user, "at": 1, "state": state})
"""
TEST = "from app.db import db\n\n\ndef test_paid():\n    assert db.orders.find_one({'paid': True})\n"

TABLE = """\
orders: 4 queries, 1 insert, 4 commands
  partial   read    {user, at, state}                                     user_1_at_-1        1 call
                    only user, at in the index, state checked on each document
                    app/admin.py:5
  served    read    {user, at: range} sort {at: -1}                       user_1_at_-1        1 call
  served    read    {user}                                                user_1_at_-1        1 call
  unserved  read    {paid}                                                -               1 in tests
  indexes
    colour_1      {colour: 1} sparse  serves nothing
    ends_1        {ends: 1}           serves nothing; expires documents
    state_1       {state: 1}          could serve 1, for which another index is taken
    user_1_at_-1  {user: 1, at: -1}   serves 3 shapes (3 calls)

users: 2 queries, 1 command
  unserved  read    {city}                                                     -              1 call
                    no index is declared on city
                    app/db.py:19
  served    read    {email}                                                    email_1        1 call
  indexes
    email_1  {email: 1}  serves 1 shape (1 call); unique

a collection known only at run time: 1 query
  unknown   read    {total}                                                          -        1 call
                    the collection is known only at run time
                    app/db.py:23

13 operations: 3 served, 1 partial, 2 unserved, 1 unknown, 6 without a filter.
5 indexes: 2 serving queries, 1 never the first choice, 2 serving nothing, 1 of them unique or for
expiry.
"""


@pytest.fixture
def shop(place: Any) -> Any:
    files = {"app/__init__.py": "", "app/db.py": CODE, "app/admin.py": ADMIN, "tests/test_app.py": TEST}
    return place.write({**files, "mongolint.toml": ""})


def coverage(place: Any, *arguments: str) -> Any:
    run = place.run("indexes", "coverage", *arguments)
    assert (run.code, run.err) == (0, "")
    return run


def test_table(shop: Any) -> None:
    run = coverage(shop)
    assert run.out == TABLE
    assert max(map(len, run.lines)) <= 100


def test_narrow_table(place: Any) -> None:
    """Long names, paths and filters are broken, never the width."""
    name = "_".join(["quite_long_names"] * 6)
    fields = ", ".join(f'"field_number_{n}.inner_part": x' for n in range(9))
    files = {f"{name}/{name}.py": CODE + f"\n\ndef f(x):\n    db.{name}.create_index('a', name='{name}')\n"}
    files[f"{name}/{name}.py"] += f"    db.{name}.find_one({{{fields}}})\n    db.{name}.find_one({{'a': x}})\n"
    run = coverage(place.write(files))
    found = coverage(place, "--format", "json").json
    for width in range(table.LEAST, table.WIDTH + 1):
        assert max(map(len, table.render(found, Paint(), width).splitlines())) <= width
    assert run.out == table.render(found, Paint())
    assert "".join(run.out.split()).count(name) > 4
    # Between their parts
    broken = [line.strip() for line in run.lines if re.fullmatch(r" *\S*quite_\S*", line)]
    assert len(broken) > 6
    assert not [part for part in broken if not re.search(r"(_|/|names|\.py:\d+)$", part)]


def test_index_is_judged_by_the_whole_project(shop: Any) -> None:
    """A part of the files shows a part of the queries."""
    found = coverage(shop, "app/admin.py", "--format", "json").json
    assert [collection["name"] for collection in found["collections"]] == ["orders"]
    [orders] = found["collections"]
    assert [shape["text"] for shape in orders["shapes"]] == ["{user, at, state}", "{user}"]
    assert found["summary"]["operations"] == 2
    status = {
        index["name"]: (index["status"], index["best"], index["elsewhere"]["best"]) for index in orders["indexes"]
    }
    assert status == {
        "colour_1": ("nothing", [], 0),
        "ends_1": ("nothing", [], 0),
        "state_1": ("second", [], 0),
        "user_1_at_-1": ("serves", ["orders/1", "orders/2"], 1),
    }
    assert "serves 3 shapes, 1 of them in other files" in coverage(shop, "app/admin.py").out
    # Where only indexes are declared
    shop.write({"app/more.py": "from app.db import db\n\n\ndef more():\n    db.other.create_index('x')\n"})
    assert [c["name"] for c in coverage(shop, "app/more.py", "--format", "json").json["collections"]] == ["other"]


def test_sums_agree_with_queries(shop: Any) -> None:
    shutil.copytree(BOOKSHELF, shop.root / "bookshelf")
    for path in ("app", "bookshelf", "."):
        found = coverage(shop, path, "--format", "json").json
        listed = shop.run("queries", path, "--format", "json").json
        verdicts = [query["index"]["verdict"] for query in listed]
        summary = found["summary"]
        assert summary["operations"] == len(listed)
        assert summary["unfiltered"] == verdicts.count("none")
        assert summary["verdicts"] == {name: verdicts.count(name) for name in summary["verdicts"]}
        assert summary["shapes"] == {
            name: sum(shape["verdict"] == name for held in found["collections"] for shape in held["shapes"])
            for name in summary["verdicts"]
        }


def test_the_example() -> None:
    """What a reader of the example finds there."""
    command = [sys.executable, "-m", "mongolint", "indexes", "coverage", "examples/bookshelf", "--format", "json"]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    collections = {collection["name"]: collection for collection in json.loads(run.stdout)["collections"]}
    status = {
        index["name"]: (index["status"], len(index["best"]))
        for collection in collections.values()
        for index in collection["indexes"]
        if not index["server"]
    }
    assert status == {
        "audit_newest": ("serves", 2),
        "books_catalogue": ("serves", 2),
        "books_owner": ("serves", 2),
        "books_owner_updated": ("serves", 1),
        "questions_chapter_order": ("serves", 5),
        "users_handle_unique": ("serves", 1),
    }
    assert not [shape for shape in collections["sessions"]["shapes"] if shape["verdict"] != "unserved"]
    questions = {
        (shape["kind"], shape["text"], shape["sort_text"]): shape for shape in collections["questions"]["shapes"]
    }
    newest = questions["read", "{book_id, chapter_id}", "{order: -1}"]
    assert (newest["verdict"], newest["index"]) == ("served", "questions_chapter_order")
    scripts = [shape["text"] for shape in collections["question_responses"]["shapes"] if shape["origin"] == "script"]
    assert scripts == ["{word_count: exists}"]


def test_documented_keys(shop: Any) -> None:
    """The page names every key, and none else."""
    text = (ROOT / "docs" / "coverage.md").read_text(encoding="utf-8").partition("## JSON")[2]
    named = set(re.findall(r"`(\w+)`", text))
    found = coverage(shop, "--format", "json").json
    shape = found["collections"][0]["shapes"][0]
    index = found["collections"][0]["indexes"][0]
    keys = {*found, *found["summary"], *found["collections"][0], *shape, *index, *shape["filter"][0], "members"}
    keys |= {*shape["places"][0], *index["places"][0], "insert", "bulk_write", "whole", "command"}
    assert keys <= named
    assert named - keys <= {"unique", "or", "nor", "distinct", "_id"}


# Files


@pytest.mark.parametrize("form", ["table", "json", "html"])
def test_output_file(shop: Any, form: str) -> None:
    printed = coverage(shop, "--format", form)
    run = shop.run("indexes", "coverage", "--format", form, "-o", "out")
    assert (run.code, run.out, run.err) == (0, "", "3 collections written to out\n")
    assert (shop.root / "out").read_bytes() == printed.out.encode()
    # The same each time, whatever hashes do
    again = shop.run("indexes", "coverage", "--format", form, env={"PYTHONHASHSEED": "7"})
    assert again.out == printed.out


def test_file_that_cannot_be_written(shop: Any) -> None:
    run = shop.run("indexes", "coverage", "-o", "no/out")
    assert (run.code, run.out) == (2, "")
    assert run.err == "mongolint: no/out: cannot write: there is no such directory\n"
    assert shop.run("indexes", "coverage", "missing").code == 2


def test_no_queries(place: Any) -> None:
    place.write({"a.py": "x = 1\n"})
    assert coverage(place).lines == ["0 operations: 0 served, 0 partial, 0 unserved, 0 unknown, 0 without a filter."]
    assert coverage(place, "--format", "json").json["collections"] == []
    assert "<h1>Index coverage</h1>" in coverage(place, "--format", "html").out


def test_colours(shop: Any) -> None:
    run = shop.run("indexes", "coverage", env={"FORCE_COLOR": "1"})
    assert "\x1b[31munserved\x1b[0m" in run.out
    assert re.sub(r"\x1b\[[\d;]*m", "", run.out) == coverage(shop).out
    shop.run("indexes", "coverage", "-o", "out", env={"FORCE_COLOR": "1"})
    assert (shop.root / "out").read_text() == coverage(shop).out


def test_only_the_page_loads_its_engine(shop: Any) -> None:
    for form, wanted in (("table", False), ("html", True)):
        run = shop.run(
            "coverage", "--format", form, command=(sys.executable, "-X", "importtime", "-m", "mongolint", "indexes")
        )
        assert bool(re.search(r"\| +jinja2$", run.err, re.MULTILINE)) is wanted


# The page

VOID = {"meta", "input", "br"}


class Page(HTMLParser):
    """A page as the list of its tags and its text, checked for tags that do not close."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self.rows: list[list[str]] = []
        self._open: list[str] = []
        self.feed(text)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append("")
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self._open and self._open[-1] != "style":
            self.text.append(data)
        if {"td", "th"} & set(self._open):
            self.rows[-1][-1] += data

    def attributes(self) -> Iterator[tuple[str, str, str]]:
        for tag, held in self.tags:
            for name, value in held.items():
                yield tag, name, value or ""


def test_page(shop: Any) -> None:
    page = Page(coverage(shop, "--format", "html").out)
    rows = [[" ".join(cell.split()) for cell in row] for row in page.rows]
    assert rows[:5] == [
        ["Verdict", "Query", "Calls", "colour_1", "ends_1", "state_1", "user_1_at_-1"],
        [
            "◐ partial",
            "read {user, at, state} only user, at in the index, state checked on each document app/admin.py:5",
            "1 call",
            "·",
            "·",
            "○could",
            "●best",
        ],
        [
            "✓ served",
            "read {user, at: range} sort {at: -1} bounds user, at app/db.py:25",
            "1 call",
            "·",
            "·",
            "·",
            "●best",
        ],
        ["✓ served", "read {user} bounds user app/admin.py:5", "1 call", "·", "·", "·", "●best"],
        [
            "✕ unserved",
            "read {paid} no index is declared on paid tests/test_app.py:5",
            "1 in tests",
            "·",
            "·",
            "·",
            "·",
        ],
    ]
    assert ["ends_1{ends: 1}", "∅ serves nothing expires documents", "app/db.py:10"] in rows
    assert ["email_1{email: 1}", "● serves queries unique serves 1 shape (1 call)", "app/db.py:7"] in rows


def test_page_needs_nothing_else(shop: Any) -> None:
    text = coverage(shop, "--format", "html").out
    page = Page(text)
    assert not {tag for tag, _ in page.tags} & {"script", "link", "img", "iframe", "object", "base"}
    assert not [each for each in page.attributes() if each[1] in ("src", "style") or each[1].startswith("on")]
    links = {value for _, name, value in page.attributes() if name == "href"}
    ids = [value for _, name, value in page.attributes() if name == "id"]
    assert links
    assert {link[:1] for link in links} == {"#"}
    assert {link[1:] for link in links} <= set(ids)
    assert len(set(ids)) == len(ids)
    assert not re.search(r"url\(|@import|https?:", text)
    [policy] = [held["content"] for tag, held in page.tags if held.get("http-equiv") == "Content-Security-Policy"]
    assert policy == "default-src 'none'; style-src 'unsafe-inline'"


HOSTILE = """\
from pymongo import MongoClient

db = MongoClient().shop
c = db["<script>alert(1)</script>"]
c.create_index("x", name='"><img src=x onerror=alert(1)>')


def f(x):
    c.find_one({"</code><script>alert(2)</script>": x})
    c.find_one({"x": x})
    db["\\u202eevil\\x1b[2J"].find_one({"\\ud800": x})
"""


def test_hostile_names(place: Any) -> None:
    """What the code calls its things is text, in every form."""
    run = coverage(place.write({"<script>&\"'.py": HOSTILE}), "--format", "html")
    page = Page(run.out)
    assert not {tag for tag, _ in page.tags} & {"script", "img"}
    assert not [each for each in page.attributes() if each[1].startswith("on")]
    text = " ".join(" ".join(page.text).split())
    assert "<script>alert(1)</script>" in text
    assert "{</code><script>alert(2)</script>}" in text
    assert "<script>&\"'.py:9" in text
    assert ("title", '"><img src=x onerror=alert(1)>') in {(name, value) for _, name, value in page.attributes()}
    assert not re.search("[\u202e\x1b]", run.out)
    table = coverage(place)
    assert not re.search("[\u202e\x1b]", table.out)
    for form in ("json", "html", "table"):
        done = place.run("indexes", "coverage", "--format", form, "-o", f"out.{form}")
        assert done.code == 0, done.err
        (place.root / f"out.{form}").read_text(encoding="utf-8")
    names = [c["name"] for c in json.loads((place.root / "out.json").read_text(encoding="utf-8"))["collections"]]
    assert names == ["<script>alert(1)</script>", "\u202eevil\x1b[2J"]
