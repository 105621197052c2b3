"""A small shop, and places in its texts given by a mark."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from mongolint.engine.load import Loaded
from mongolint.testing.projects import project

MARK = "¦"
FILES = {
    "shop/db.py": """
        from pymongo import AsyncMongoClient

        client = AsyncMongoClient("mongodb://localhost")
        db = client["shop"]
        books = db["books"]
        authors = db.authors


        async def get_collection(name: str):
            return db[name]


        async def ensure_indexes() -> None:
            await books.create_index([("owner_id", 1), ("updated_at", -1)], name="owner_updated")
            await books.create_index([("isbn", 1)], name="isbn", unique=True)
            await authors.create_index("name")
        """,
    "shop/models.py": """
        from datetime import datetime

        from pydantic import BaseModel


        class Chapter(BaseModel):
            title: str
            words: int


        class Book(BaseModel):
            owner_id: str
            isbn: str
            title: str | None = None
            chapters: list[Chapter]
            updated_at: datetime
        """,
    "shop/books.py": """
        from shop.db import authors, books, get_collection
        from shop.models import Book


        class Store:
            def __init__(self) -> None:
                self.books = books

            async def add(self, book: Book) -> None:
                await self.books.insert_one(book.model_dump())

            async def of_owner(self, owner_id: str):
                return await self.books.find({"owner_id": owner_id}).sort("updated_at", -1).to_list(10)

            async def titled(self, title: str):
                return await self.books.find_one({"title": title})


        async def note(author_id, text: str) -> None:
            notes = await get_collection("notes")
            await notes.insert_one({"author_id": author_id, "text": text, "stars": 3})
            await authors.update_one({"_id": author_id}, {"$inc": {"notes": 1}, "$set": {"address": {"city": "Oslo"}}})


        async def rename(author_id, name: str) -> None:
            await authors.update_one({"_id": author_id}, {"$set": {"name": name}})


        async def hinted(owner_id: str):
            return await books.find({"owner_id": owner_id}, hint="owner_updated").to_list(5)
        """,
}


@dataclass(frozen=True)
class Shop:
    """``loaded`` is the project of `FILES`, which lie under ``root``."""

    loaded: Loaded
    root: str

    def path(self, file: str) -> str:
        return f"{self.root}/{file}"

    def text(self, file: str) -> str:
        return self.loaded.text(self.path(file)) or ""

    def place(self, file: str, shown: str) -> tuple[str, int, int]:
        """The place of the mark in ``shown``, which without it is a part of the file."""
        text = self.text(file)
        at = text.index(shown.replace(MARK, "")) + shown.index(MARK)
        return self.path(file), *place_of(text, at)

    def typed(self, body: str, file: str = "shop/books.py") -> tuple[str, int, int, str]:
        """The file with a function put at its end, of which ``body`` is the beginning; the mark is the cursor."""
        text = self.text(file) + "\n\nasync def typed(owner_id):\n" + "\n".join(f"    {x}" for x in body.split("\n"))
        at = text.index(MARK)
        return self.path(file), *place_of(text, at), text.replace(MARK, "")


def place_of(text: str, at: int) -> tuple[int, int]:
    before = text[:at]
    return before.count("\n"), at - before.rfind("\n") - 1


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    root: Path = tmp_path_factory.mktemp("shop")
    loaded = project(FILES, root)
    assert not loaded.broken
    return Shop(loaded, root.as_posix())
