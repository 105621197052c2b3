"""Reads and writes of the users collection."""

import logging
from typing import Any, Iterable, Optional

from bson import ObjectId
from bson.errors import InvalidId
from pymongo import ReturnDocument
from pymongo.errors import DuplicateKeyError, PyMongoError

from app.core.clock import utcnow
from app.db.base import users_collection
from app.models.user import UserDocument

logger = logging.getLogger(__name__)


class HandleTaken(Exception):
    """Another account already uses the handle."""


async def ensure_handle_index() -> None:
    """Two readers once claimed the same handle within a second; the database decides now."""
    await users_collection.create_index("handle", unique=True, name="users_handle_unique")
    await users_collection.create_index("email", name="users_email", unique=True)


async def get_user_by_id(user_id: str) -> Optional[dict[str, Any]]:
    try:
        return await users_collection.find_one({"_id": ObjectId(user_id)})
    except (InvalidId, TypeError):
        return None
    except PyMongoError:
        logger.exception("find_one on users failed")
        return None


async def get_user_by_email(email: str) -> Optional[dict[str, Any]]:
    return await users_collection.find_one({"email": email.lower()})


async def get_user_by_handle(handle: str) -> Optional[dict[str, Any]]:
    return await users_collection.find_one(
        {"handle": handle}, {"handle": 1, "display_name": 1, "book_ids": 1, "created_at": 1}
    )


async def get_display_names(user_ids: Iterable[str]) -> dict[str, str]:
    ids = [ObjectId(user_id) for user_id in set(user_ids)]
    cursor = users_collection.find({"_id": {"$in": ids}}, {"display_name": 1})
    return {str(user["_id"]): user["display_name"] async for user in cursor}


async def create_user(user: UserDocument) -> dict[str, Any]:
    document = user.model_dump()
    try:
        result = await users_collection.insert_one(document)
    except DuplicateKeyError as exc:
        raise HandleTaken(user.handle) from exc
    return {**document, "_id": result.inserted_id}


async def update_profile(user_id: ObjectId, changes: dict[str, Any]) -> Optional[dict[str, Any]]:
    return await users_collection.find_one_and_update(
        {"_id": user_id},
        {"$set": {**changes, "updated_at": utcnow()}},
        return_document=ReturnDocument.AFTER,
    )


async def record_login(user_id: ObjectId) -> None:
    await users_collection.update_one({"_id": user_id}, {"$set": {"last_login_at": utcnow()}})


async def delete_user(user_id: ObjectId) -> bool:
    try:
        result = await users_collection.delete_one({"_id": user_id})
        return result.deleted_count == 1
    except PyMongoError as e:
        logger.exception("Could not delete user %s: %s", user_id, e)
        return False
