"""Questions of a chapter: adding, ordering, answering."""

from typing import Any, Optional

from bson import ObjectId

from app.db.book import get_owned_book
from app.db.questions import (
    get_question,
    insert_questions,
    next_order,
    save_response,
)
from app.models.question import QuestionDocument
from app.schemas.question import QuestionCreate


class ChapterMissing(Exception):
    """The book has no such chapter, or is not the author's."""


async def require_chapter(book_id: ObjectId, chapter_id: str, owner_id: str) -> dict[str, Any]:
    book = await get_owned_book(book_id, owner_id)
    if book is None:
        raise ChapterMissing(chapter_id)
    for chapter in book["table_of_contents"]["chapters"]:
        if chapter["id"] == chapter_id:
            return chapter
    raise ChapterMissing(chapter_id)


async def add_questions(
    book_id: ObjectId, chapter_id: str, author_id: str, forms: list[QuestionCreate]
) -> list[dict[str, Any]]:
    await require_chapter(book_id, chapter_id, author_id)
    first = await next_order(str(book_id), chapter_id)
    drafts = [
        QuestionDocument(
            book_id=str(book_id),
            chapter_id=chapter_id,
            author_id=author_id,
            text=form.text,
            kind=form.kind,
            order=first + offset,
        )
        for offset, form in enumerate(forms)
    ]
    return await insert_questions(drafts)


async def answer(question_id: ObjectId, user_id: str, text: str, status: str) -> Optional[dict[str, Any]]:
    question = await get_question(question_id)
    if question is None or question["detached"]:
        return None
    return await save_response(str(question_id), user_id, text, status)
