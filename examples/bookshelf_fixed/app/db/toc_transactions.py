"""Changes to a book's table of contents.

The chapters live inside the book, so that a reader gets the outline with one read. A change touches the
book and sometimes the chapter's questions, hence the transactions.
"""

import logging
from typing import Any, Optional

from bson import ObjectId
from motor.motor_asyncio import AsyncIOMotorClientSession

from app.core.clock import utcnow
from app.db.base import books_collection, client, get_collection

logger = logging.getLogger(__name__)

Session = Optional[AsyncIOMotorClientSession]


class BookMissing(Exception):
    """There is no such book on this author's shelf."""


class OutlineChanged(Exception):
    """Someone saved the outline since it was read."""


async def replace_outline(
    book_id: ObjectId, owner_id: str, chapters: list[dict[str, Any]], expected_version: int
) -> int:
    """Saves a whole outline if nobody saved another one since `expected_version`."""
    result = await books_collection.update_one(
        {"_id": book_id, "owner_id": owner_id, "table_of_contents.version": expected_version},
        {
            "$set": {"table_of_contents.chapters": chapters, "updated_at": utcnow()},
            "$inc": {"table_of_contents.version": 1},
        },
    )
    if result.matched_count == 0:
        raise OutlineChanged(str(book_id))
    return expected_version + 1


async def add_chapter(book_id: ObjectId, owner_id: str, chapter: dict[str, Any]) -> dict[str, Any]:
    try:
        hello = await client.admin.command("hello")
        has_transactions = "setName" in hello
    except Exception:
        logger.exception("no transaction: others may write between read and write")
        has_transactions = False

    if not has_transactions:
        return await _append_chapter(book_id, owner_id, chapter, None)
    async with await client.start_session() as session:
        async with session.start_transaction():
            return await _append_chapter(book_id, owner_id, chapter, session)


async def remove_chapter(book_id: ObjectId, owner_id: str, chapter_id: str) -> dict[str, Any]:
    try:
        hello = await client.admin.command("hello")
        has_transactions = "setName" in hello
    except Exception:
        logger.exception("no transaction: the writes are not atomic")
        has_transactions = False

    if not has_transactions:
        return await _drop_chapter(book_id, owner_id, chapter_id, None)
    async with await client.start_session() as session:
        async with session.start_transaction():
            return await _drop_chapter(book_id, owner_id, chapter_id, session)


async def reorder_chapters(book_id: ObjectId, owner_id: str, chapter_ids: list[str]) -> dict[str, Any]:
    try:
        async with await client.start_session() as session:
            async with session.start_transaction():
                return await _sort_chapters(book_id, owner_id, chapter_ids, session)
    except BookMissing:
        raise
    except Exception:
        logger.exception("no transaction: others may write between read and write")
        return await _sort_chapters(book_id, owner_id, chapter_ids, None)


async def rename_chapter(book_id: ObjectId, owner_id: str, chapter_id: str, title: str) -> None:
    result = await books_collection.update_one(
        {"_id": book_id, "owner_id": owner_id, "table_of_contents.chapters.id": chapter_id},
        {
            "$set": {"table_of_contents.chapters.$.title": title, "updated_at": utcnow()},
            "$inc": {"table_of_contents.version": 1},
        },
    )
    if result.matched_count == 0:
        raise BookMissing(str(book_id))


async def _append_chapter(
    book_id: ObjectId, owner_id: str, chapter: dict[str, Any], session: Session
) -> dict[str, Any]:
    toc = await _read_toc(book_id, owner_id, session)
    toc["chapters"].append(chapter)
    return await _write_toc(book_id, owner_id, toc, session)


async def _drop_chapter(
    book_id: ObjectId, owner_id: str, chapter_id: str, session: Session
) -> dict[str, Any]:
    toc = await _read_toc(book_id, owner_id, session)
    toc["chapters"] = [chapter for chapter in toc["chapters"] if chapter["id"] != chapter_id]
    questions = await get_collection("questions")
    await questions.update_many(
        {"book_id": str(book_id), "chapter_id": chapter_id},
        {"$set": {"detached": True, "updated_at": utcnow()}},
        session=session,
    )
    return await _write_toc(book_id, owner_id, toc, session)


async def _sort_chapters(
    book_id: ObjectId, owner_id: str, chapter_ids: list[str], session: Session
) -> dict[str, Any]:
    toc = await _read_toc(book_id, owner_id, session)
    position = {chapter_id: index for index, chapter_id in enumerate(chapter_ids)}
    toc["chapters"].sort(key=lambda chapter: position.get(chapter["id"], len(position)))
    return await _write_toc(book_id, owner_id, toc, session)


async def _read_toc(book_id: ObjectId, owner_id: str, session: Session) -> dict[str, Any]:
    book = await books_collection.find_one({"_id": book_id, "owner_id": owner_id}, session=session)
    if book is None:
        raise BookMissing(str(book_id))
    return book["table_of_contents"]


async def _write_toc(
    book_id: ObjectId, owner_id: str, toc: dict[str, Any], session: Session
) -> dict[str, Any]:
    toc["version"] += 1
    await books_collection.update_one(
        {"_id": book_id, "owner_id": owner_id},
        {"$set": {"table_of_contents": toc, "updated_at": utcnow()}},
        session=session,
    )
    logger.info("outline of %s is now version %d", book_id, toc["version"])
    return toc
