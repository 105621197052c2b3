"""What is told of operations, collections, fields and indexes."""

from __future__ import annotations

from pathlib import Path

import pytest

from mongolint.config import Config
from mongolint.engine.load import load
from mongolint.lsp.features.hover import hover
from mongolint.lsp.features.navigation import definition
from mongolint.testing.projects import project

EXAMPLE = Path(__file__).parents[3] / "examples" / "bookshelf"


def test_a_query(shop) -> None:
    found = hover(shop.loaded, *shop.place("shop/books.py", 'self.books.fi¦nd({"owner_id"'))
    assert found is not None
    assert found.text == (
        "`find` on **books** of database **shop**\n\n"
        "```javascript\n"
        "db.books.find({owner_id: <owner_id>}).sort({updated_at: -1})\n"
        "```\n\n"
        "- `owner_id` equality; bounds the index\n"
        "- `updated_at` sort, descending; given by the index\n\n"
        "**served** by `owner_updated`: bounds owner_id\n"
        "- `owner_updated` {owner_id, updated_at↓}, declared at shop/db.py:15"
    )
    lines = shop.text("shop/books.py").split("\n")
    assert lines[found.range.line][found.range.column : found.range.end_column] == "find"


def test_a_step_of_its_cursor_tells_the_same(shop) -> None:
    one = hover(shop.loaded, *shop.place("shop/books.py", 'self.books.fi¦nd({"owner_id"'))
    other = hover(shop.loaded, *shop.place("shop/books.py", '.so¦rt("updated_at"'))
    assert one is not None
    assert other is not None
    assert (one.text, one.range) != (other.text, other.range)
    assert one.text == other.text


def test_the_index_that_would_serve_it(shop) -> None:
    found = hover(shop.loaded, *shop.place("shop/books.py", 'find_one¦({"title": title})'))
    assert found is not None
    assert "**unserved**: no index is declared on title" in found.text
    assert 'create_index([("title", 1)])' in found.text


COLLECTIONS = [
    ("shop/db.py", "bo¦oks = db["),
    ("shop/db.py", 'db["bo¦oks"]'),
    ("shop/db.py", "await bo¦oks.create_index"),
    ("shop/books.py", "await self.bo¦oks.insert_one"),
    ("shop/books.py", "self.books = ¦books"),
]


@pytest.mark.parametrize(("file", "place"), COLLECTIONS, ids=[place for _, place in COLLECTIONS])
def test_a_collection(shop, file: str, place: str) -> None:
    found = hover(shop.loaded, *shop.place(file, place))
    assert found is not None
    assert found.text.startswith("collection **books**")
    assert "- `title`: string or null\n" in found.text
    assert "- `chapters.words`: number\n" in found.text
    assert "- `owner_updated` {owner_id, updated_at↓}, serves 2 queries (declared at shop/db.py:15)" in found.text
    assert "- `isbn` {isbn} unique, serves no query and keeps its keys unique (declared at shop/db.py:16)" in found.text


def test_a_collection_by_its_name(shop) -> None:
    found = hover(shop.loaded, *shop.place("shop/books.py", 'get_collection("no¦tes")'))
    assert found is not None
    assert found.text == (
        "collection **notes**, 1 operation\n\n"
        "fields\n- `author_id`\n- `text`: string\n- `stars`: number\n- `_id`\n\nno index is declared"
    )
    assert (found.range.end_column - found.range.column) == len("notes")


def test_a_field(shop) -> None:
    found = hover(shop.loaded, *shop.place("shop/books.py", 'find({"owner¦_id": owner_id}).sort'))
    assert found is not None
    assert found.text == (
        "`owner_id`: string (field of **books**)\n"
        "- model: `Book.owner_id`\n"
        "- written in 1 place: shop/books.py:11\n"
        "- read in 2 places: shop/books.py:14, shop/books.py:31\n"
        "- in `owner_updated`"
    )


def test_an_index(shop) -> None:
    by_name = hover(shop.loaded, *shop.place("shop/books.py", 'hint="owner¦_updated"'))
    declared = hover(shop.loaded, *shop.place("shop/db.py", 'create¦_index([("owner_id"'))
    assert by_name is not None
    assert declared is not None
    assert by_name.text == declared.text
    assert by_name.text == (
        "`owner_updated` {owner_id, updated_at↓} of **books**: serves 2 queries\n"
        "- find at shop/books.py:14\n- find at shop/books.py:31"
    )


NOTHING = [
    ("shop/books.py", "class St¦ore"),
    ("shop/books.py", "title: s¦tr"),
    ("shop/books.py", '"$s¦et"'),
    ("shop/books.py", "owner_id: str):¦"),
    ("shop/db.py", '"mongodb://loc¦alhost"'),
    ("shop/models.py", "class Cha¦pter"),
]


@pytest.mark.parametrize(("file", "place"), NOTHING, ids=[place for _, place in NOTHING])
def test_nothing(shop, file: str, place: str) -> None:
    assert hover(shop.loaded, *shop.place(file, place)) is None


def test_in_a_buffer_that_the_model_has_not_read(shop) -> None:
    """What stands before and behind a change is told of where it is now; what is changed is not."""
    text = shop.text("shop/books.py")
    changed = text.replace("class Store:", "def broken(\n\n\nclass Store:")
    path, line, column = shop.place("shop/books.py", 'find_one¦({"title": title})')
    found = hover(shop.loaded, path, line + 3, column, changed)
    assert found is not None
    assert found.text.startswith("`find_one` on **books**")
    assert found.range.line == line + 3
    assert hover(shop.loaded, path, line, column, text.replace("find_one(", "find_uno(")) is None


def test_every_operation_of_the_example() -> None:
    """Each tells of itself, and the index that serves it is where its definition leads."""
    loaded = load([EXAMPLE], Config(root=EXAMPLE), EXAMPLE, jobs=1)
    project = loaded.project
    for operation in project.operations:
        span, path = project.operation_span(operation), project.modules[operation.module].path
        place = (loaded, path, span.line - 1, span.column - 1)
        found = hover(*place)
        assert found is not None
        if operation.method.kind == "index":
            continue
        assert f"`{operation.name}` on " in found.text
        verdict = project.verdict(operation)
        declared = [index for index in project.indexes if index.name == verdict.name]
        if verdict.verdict != "none":
            assert f"**{verdict.verdict}**" in found.text
        assert bool(definition(*place)) == bool(declared)


def test_a_name_that_is_assigned_from_itself_over_and_over(shop) -> None:
    """Each assignment is looked at once, not once for each way through all of them."""
    body = "\n".join(["found = books"] + ["found = found or other(found, found)"] * 60 + ["fou¦nd"])
    path, line, column, text = shop.typed(body)
    found = hover(shop.loaded, path, line, column, text)
    assert found is not None
    assert found.text.startswith("collection **books**")


def test_a_cursor_is_no_collection(shop) -> None:
    path, line, column, text = shop.typed("cursor = books.find({})\ncur¦sor")
    assert hover(shop.loaded, path, line, column, text) is None


def test_null_is_not_all_that_a_field_is(tmp_path: Path) -> None:
    code = "from pymongo import MongoClient\n\n\ndef f(x):\n    MongoClient().shop.books.insert_one({'a': x or None})\n"
    loaded = project({"one.py": code}, tmp_path)
    found = hover(loaded, (tmp_path / "one.py").as_posix(), 4, code.split("\n")[4].index("'a'") + 1)
    assert found is not None
    assert found.text.startswith("`a`: may be null (field of **books**)")
