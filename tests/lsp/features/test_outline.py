"""Symbols and inlay hints."""

from __future__ import annotations

from pathlib import Path

import pytest

from mongolint.lsp.features.inlay import hints
from mongolint.lsp.features.symbols import Symbol, symbols
from mongolint.testing.projects import project

LAST = 10_000


def test_symbols(shop) -> None:
    found = symbols(shop.loaded, shop.path("shop/books.py"))
    assert [(each.name, each.kind, [child.name for child in each.children]) for each in found] == [
        (
            "books",
            "collection",
            ["insert_one", "find {owner_id, updated_at↓}", "find_one {title}", "find {owner_id}"],
        ),
        ("notes", "collection", ["insert_one"]),
        ("authors", "collection", ["update_one {_id}", "update_one {_id}"]),
    ]
    details = {child.name: child.detail for child in found[0].children}
    assert details["find {owner_id, updated_at↓}"] == "served by owner_updated"
    assert details["find_one {title}"] == "unserved"
    assert details["insert_one"] == ""


def test_symbols_of_indexes(shop) -> None:
    found = symbols(shop.loaded, shop.path("shop/db.py"))
    assert [(each.name, [(child.name, child.kind) for child in each.children]) for each in found] == [
        ("books", [("index owner_updated", "index"), ("index isbn", "index")]),
        ("authors", [("index name_1", "index")]),
    ]
    assert found[0].children[0].detail == "{owner_id, updated_at↓}, serves 2 queries"


def test_symbols_lie_inside_of_one_another(shop) -> None:
    def check(symbol: Symbol) -> None:
        start, end = (symbol.range.line, symbol.range.column), (symbol.range.end_line, symbol.range.end_column)
        assert start <= (symbol.selection.line, symbol.selection.column)
        assert (symbol.selection.end_line, symbol.selection.end_column) <= end
        for child in symbol.children:
            assert start <= (child.range.line, child.range.column)
            assert (child.range.end_line, child.range.end_column) <= end
            check(child)

    for file in ("shop/db.py", "shop/books.py"):
        for symbol in symbols(shop.loaded, shop.path(file)):
            check(symbol)


def test_hints(shop) -> None:
    found = hints(shop.loaded, shop.path("shop/books.py"), 0, LAST)
    assert [(hint.line + 1, hint.label) for hint in found] == [
        (11, "books"),
        (14, "books · {owner_id, updated_at↓} · IXSCAN owner_updated"),
        (17, "books · {title} · COLLSCAN"),
        (22, "notes"),
        (23, "authors · {_id} · IXSCAN _id_"),
        (27, "authors · {_id} · IXSCAN _id_"),
        (31, "books · {owner_id} · IXSCAN owner_updated"),
    ]
    lines = shop.text("shop/books.py").split("\n")
    assert all(hint.column == len(lines[hint.line]) for hint in found)


def test_hints_at_indexes(shop) -> None:
    found = hints(shop.loaded, shop.path("shop/db.py"), 0, LAST)
    assert [(hint.line + 1, hint.label) for hint in found] == [
        (15, "serves 2 queries"),
        (16, "serves no query and keeps its keys unique"),
        (17, "serves no query"),
    ]


def test_hints_of_some_lines(shop) -> None:
    path = shop.path("shop/books.py")
    assert [hint.line for hint in hints(shop.loaded, path, 13, 16)] == [13, 16]
    assert hints(shop.loaded, path, 0, 9) == []


def test_hints_move_with_the_buffer(shop) -> None:
    path, text = shop.path("shop/books.py"), shop.text("shop/books.py")
    moved = hints(shop.loaded, path, 0, LAST, "x = (\n" + text)
    assert [hint.line - 1 for hint in moved] == [hint.line for hint in hints(shop.loaded, path, 0, LAST)]


UNKNOWN = [
    # The collection, the filter, the indexes: what is not known is left out
    ("def f(name, db): return db[name].find_one({'a': 1})", []),
    ("def f(query): return db.users.find_one(query)", ["users · {…}"]),
    ("def f(x): return db.users.find({'a': x}).sort('b')", ["users · {a, b↑} · COLLSCAN + SORT"]),
    ("def f(x, name): return db.users.find({'a': x}), db[name].create_index('a')", ["users · {a}"]),
]


@pytest.mark.parametrize(("code", "wanted"), UNKNOWN)
def test_what_is_not_known(code: str, wanted: list[str], tmp_path: Path) -> None:
    text = f"from pymongo import MongoClient\n\ndb = MongoClient().shop\n\n\n{code}\n"
    loaded = project({"one.py": text}, tmp_path)
    found = hints(loaded, (tmp_path / "one.py").as_posix(), 0, LAST)
    assert [hint.label for hint in found if not hint.label.startswith("serves")] == wanted
