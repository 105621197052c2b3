"""From a query to its index and back."""

from __future__ import annotations

import pytest

from mongolint.lsp.features.navigation import definition, references
from mongolint.lsp.features.places import Location


def lines(found: list[Location]) -> list[tuple[str, int]]:
    return [(location.path.rpartition("/")[2], location.range.line + 1) for location in found]


DEFINITIONS = [
    ("shop/books.py", 'self.books.fi¦nd({"owner_id"', [("db.py", 15)]),
    ("shop/books.py", '.so¦rt("updated_at"', [("db.py", 15)]),
    ("shop/books.py", 'hint="owner¦_updated"', [("db.py", 15)]),
    # Nothing serves it; `_id` is declared nowhere
    ("shop/books.py", 'find_one¦({"title": title})', []),
    ("shop/books.py", 'authors.update¦_one({"_id": author_id}, {"$inc"', []),
    ("shop/books.py", "class St¦ore", []),
]


@pytest.mark.parametrize(("file", "place", "wanted"), DEFINITIONS, ids=[place for _, place, _ in DEFINITIONS])
def test_definition(shop, file: str, place: str, wanted: list[tuple[str, int]]) -> None:
    assert lines(definition(shop.loaded, *shop.place(file, place))) == wanted


REFERENCES = [
    ("shop/db.py", '[("own¦er_id", 1)', [("books.py", 14), ("books.py", 31)]),
    ("shop/db.py", 'books.create_ind¦ex([("owner_id"', [("books.py", 14), ("books.py", 31)]),
    ("shop/db.py", 'name="owner_upd¦ated"', [("books.py", 14), ("books.py", 31)]),
    ("shop/db.py", '[("is¦bn", 1)]', []),
    ("shop/db.py", 'authors.create_index("na¦me")', []),
    ("shop/db.py", "client = Async¦MongoClient", []),
    ("shop/books.py", 'find_one¦({"title": title})', []),
]


@pytest.mark.parametrize(("file", "place", "wanted"), REFERENCES, ids=[place for _, place, _ in REFERENCES])
def test_references(shop, file: str, place: str, wanted: list[tuple[str, int]]) -> None:
    assert lines(references(shop.loaded, *shop.place(file, place))) == wanted


def test_there_and_back(shop) -> None:
    """From the queries that an index serves, the way leads to that index."""
    for index in shop.loaded.project.indexes:
        span = shop.loaded.project.index_span(index)
        for location in references(shop.loaded, shop.path("shop/db.py"), span.line - 1, span.column - 1):
            back = definition(shop.loaded, location.path, location.range.line, location.range.column)
            assert ("db.py", span.line) in lines(back)
