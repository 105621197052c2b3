"""How clients name what they have open: other languages' names, schemes, symbolic links, two names for one file."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest
from lsprotocol import types

Talk = Callable[[Callable[[Any], Coroutine[Any, Any, None]]], None]
INDEX = "from app.db import books\n\nbooks.create_index('owner_id')\n"
WHOLE = types.Range(types.Position(0, 0), types.Position(99, 0))


def codes(found: Any) -> list[str]:
    return sorted(str(each.code) for each in found)


@pytest.mark.parametrize("language", ["Python", "python-ts", ""])
def test_names_of_the_language(talk: Talk, shop: Path, language: str) -> None:
    async def scenario(client: Any) -> None:
        await client.begin(shop)
        uri = client.open(shop / "app/books.py", language=language)
        assert codes(await client.diagnostics(uri, 1)) == ["MDB104"]

    talk(scenario)


def test_a_buffer_without_a_file_in_sublime_text(talk: Talk, shop: Path) -> None:
    async def scenario(client: Any) -> None:
        await client.begin(shop)
        uri = client.open("buffer:12", "from pymongo import MongoClient\nMongoClient().a.b.find_one({'x': 1})\n")
        assert "MDB104" in codes(await client.diagnostics(uri, 1))

    talk(scenario)


def test_a_file_under_two_uris(talk: Talk, shop: Path) -> None:
    text = (shop / "app/books.py").read_text()

    async def scenario(client: Any) -> None:
        await client.begin(shop)
        first = client.open(shop / "app/books.py")
        second = client.open(first.replace("books", "b%6Foks"), text, version=5)
        assert codes(await client.diagnostics(first, 1)) == codes(await client.diagnostics(second, 5)) == ["MDB104"]
        for uri, version in ((first, 1), (second, 5)):
            (fix, *_) = await client.actions(uri, WHOLE)
            ((changed, _),) = fix.edit.changes.items()
            assert changed == uri, version
        # The one that was changed last counts
        client.change(first, text.replace("owner_id", "_id"), 2)
        assert codes(await client.diagnostics(first, 2)) == []
        client.close(second)
        assert codes(await client.diagnostics(second, None)) == []
        client.change(first, text, 3)
        assert codes(await client.diagnostics(first, 3)) == ["MDB104"]

    talk(scenario)


@pytest.mark.parametrize("linked", ["folder", "file"])
def test_a_folder_and_its_symbolic_link_are_one(talk: Talk, shop: Path, linked: str) -> None:
    link = shop.with_name(f"{shop.name}-link")
    link.symlink_to(shop)
    folder, beside = (link, shop) if linked == "folder" else (shop, link)

    async def scenario(client: Any) -> None:
        await client.begin(folder)
        uri = client.open(folder / "app/books.py")
        assert codes(await client.diagnostics(uri, 1)) == ["MDB104"]
        other = client.open(beside / "app/start.py", INDEX)
        await client.until(lambda: codes(client.last(uri).diagnostics) == [])
        assert codes(await client.diagnostics(other, 1)) == []
        client.close(other)
        await client.until(lambda: codes(client.last(uri).diagnostics) == ["MDB104"])

    talk(scenario)


def test_a_file_of_this_host(talk: Talk, shop: Path) -> None:
    async def scenario(client: Any) -> None:
        await client.begin(shop)
        uri = (shop / "app/books.py").as_uri().replace("file:///", "file://localhost/")
        client.open(uri, (shop / "app/books.py").read_text())
        assert codes(await client.diagnostics(uri, 1)) == ["MDB104"]

    talk(scenario)
