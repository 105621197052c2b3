"""Reads and writes of the books collection."""

import logging
import re
from typing import Any, Optional

from bson import ObjectId
from bson.errors import InvalidId
from pymongo import ReturnDocument
from pymongo.errors import PyMongoError

from app.core.clock import utcnow
from app.db.base import books_collection, client, users_collection
from app.models.book import BookDocument

logger = logging.getLogger(__name__)


async def title_taken(owner_id: str, title: str) -> bool:
    return await books_collection.count_documents({"owner_id": owner_id, "title": title}, maxTimeMS=5000, limit=1) > 0


async def create_book(book: BookDocument) -> dict[str, Any]:
    document = book.model_dump()
    try:
        result = await books_collection.insert_one(document)
    except PyMongoError:
        logger.exception("could not store a book of %s", book.owner_id)
        raise
    await users_collection.update_one(
        {"_id": ObjectId(book.owner_id)}, {"$push": {"book_ids": str(result.inserted_id)}}
    )
    return {**document, "_id": result.inserted_id}


async def get_book_by_id(book_id: str) -> Optional[dict[str, Any]]:
    try:
        return await books_collection.find_one({"_id": ObjectId(book_id)})
    except (InvalidId, TypeError):
        return None
    except PyMongoError:
        logger.exception("find_one on books failed")
        return None


async def get_owned_book(book_id: ObjectId, owner_id: str) -> Optional[dict[str, Any]]:
    return await books_collection.find_one({"_id": book_id, "owner_id": owner_id})


async def list_books(owner_id: str, skip: int, limit: int) -> list[dict[str, Any]]:
    cursor = books_collection.find({"owner_id": owner_id}).sort("_id", 1).skip(skip).limit(limit)
    return await cursor.to_list(length=limit)


async def list_recent_books(owner_id: str, limit: int) -> list[dict[str, Any]]:
    cursor = books_collection.find({"owner_id": owner_id}).sort("updated_at", -1).limit(limit)
    return await cursor.to_list(length=limit)


async def search_books(text: str, genre: Optional[str], limit: int) -> list[dict[str, Any]]:
    query: dict[str, Any] = {"title": {"$regex": re.escape(text), "$options": "i"}, "status": "published"}
    if genre:
        query["genre"] = genre
    cursor = books_collection.find(query, {"table_of_contents": 0}).sort("title", 1).limit(limit)
    return [book async for book in cursor]


async def update_book(book_id: ObjectId, owner_id: str, changes: dict[str, Any]) -> Optional[dict[str, Any]]:
    return await books_collection.find_one_and_update(
        {"_id": book_id, "owner_id": owner_id},
        {"$set": {**changes, "updated_at": utcnow()}},
        return_document=ReturnDocument.AFTER,
    )


async def archive_books(book_ids: list[ObjectId], owner_id: str) -> int:
    result = await books_collection.update_many(
        {"_id": {"$in": book_ids}, "owner_id": owner_id},
        {"$set": {"status": "archived", "updated_at": utcnow()}},
    )
    return result.modified_count


async def transfer_book(book_id: ObjectId, owner_id: str, new_owner_id: str) -> bool:
    """Moves a book to another author: both shelves and the book change together or not at all."""
    async with await client.start_session() as session:
        async with session.start_transaction():
            moved = await books_collection.update_one(
                {"_id": book_id, "owner_id": owner_id},
                {"$set": {"owner_id": new_owner_id, "updated_at": utcnow()}},
                session=session,
            )
            if moved.matched_count == 0:
                return False
            await users_collection.update_one(
                {"_id": ObjectId(owner_id)}, {"$pull": {"book_ids": str(book_id)}}, session=session
            )
            await users_collection.update_one(
                {"_id": ObjectId(new_owner_id)},
                {"$addToSet": {"book_ids": str(book_id)}},
                session=session,
            )
    return True


async def delete_book(book_id: ObjectId, owner_id: str) -> bool:
    try:
        result = await books_collection.delete_one({"_id": book_id, "owner_id": owner_id})
        if result.deleted_count == 0:
            return False
        await users_collection.update_one({"_id": ObjectId(owner_id)}, {"$pull": {"book_ids": str(book_id)}})
        return True
    except (InvalidId, TypeError, PyMongoError) as e:
        logger.exception("Error deleting book %s: %s", book_id, e)
        return False


async def count_books_by_genre(owner_id: str) -> dict[str, int]:
    pipeline = [
        {"$match": {"owner_id": owner_id}},
        {"$group": {"_id": "$genre", "books": {"$sum": 1}}},
        {"$sort": {"books": -1}},
        {"$limit": 50},
    ]
    return {row["_id"]: row["books"] async for row in books_collection.aggregate(pipeline, maxTimeMS=5000)}
