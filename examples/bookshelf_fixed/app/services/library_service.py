"""What an author sees of the shelf: cards, progress, the public catalogue."""

import asyncio
from typing import Any, Optional

from app.db.book import get_book_by_id, list_recent_books, search_books
from app.db.questions import count_responses, question_ids_of_book
from app.db.user import get_display_names
from app.schemas.book import BookCard, BookProgress, CatalogueEntry


async def books_with_progress(user_id: str, limit: int) -> list[BookProgress]:
    books = await list_recent_books(user_id, limit)
    rows = []
    for book in books:
        rows.append(await _describe(book, user_id))
    return rows


async def shelf_of(user: dict[str, Any]) -> list[BookCard]:
    """Every book in the order the author put it on the shelf."""
    books = await asyncio.gather(*[get_book_by_id(book_id) for book_id in user["book_ids"]])
    return [book_card(book) for book in books if book]


async def search_catalogue(text: str, genre: Optional[str], limit: int) -> list[CatalogueEntry]:
    books = await search_books(text, genre, limit)
    names = await get_display_names(book["owner_id"] for book in books)
    return [
        CatalogueEntry(**book_card(book).model_dump(), author=names.get(book["owner_id"], "unknown"))
        for book in books
    ]


def book_card(book: dict[str, Any]) -> BookCard:
    return BookCard(id=str(book["_id"]), title=book["title"], genre=book["genre"], status=book["status"])


async def _describe(book: dict[str, Any], user_id: str) -> BookProgress:
    questions, answered = await _progress(str(book["_id"]), user_id)
    return BookProgress(
        id=str(book["_id"]),
        title=book["title"],
        chapters=len(book["table_of_contents"]["chapters"]),
        questions=questions,
        answered=answered,
    )


async def _progress(book_id: str, user_id: str) -> tuple[int, int]:
    question_ids = await question_ids_of_book(book_id)
    if not question_ids:
        return 0, 0
    return len(question_ids), await count_responses(question_ids, user_id, status="final")
