"""Sign-in sessions: one document per device, looked up on every request."""

import secrets
from datetime import timedelta
from typing import Any, Optional

from pymongo import UpdateOne

from app.core.clock import utcnow
from app.core.config import settings
from app.db.base import sessions_collection


async def create_session(
    user_id: str, user_agent: Optional[str] = None, ip_address: Optional[str] = None
) -> dict[str, Any]:
    await _close_surplus_sessions(user_id)
    now = utcnow()
    session = {
        "session_id": secrets.token_urlsafe(32),
        "user_id": user_id,
        "user_agent": user_agent,
        "ip_address": ip_address,
        "is_active": True,
        "created_at": now,
        "last_seen_at": now,
        "expires_at": now + timedelta(hours=settings.session_hours),
    }
    await sessions_collection.insert_one(session)
    return session


async def _close_surplus_sessions(user_id: str) -> None:
    """Leaves room for one more device; the least recently used ones are signed out."""
    sessions = await list_active_sessions(user_id)
    sessions_writes = []
    try:
        for session in sessions[settings.max_sessions_per_user - 1 :]:
            sessions_writes.append(UpdateOne(
                {"session_id": session["session_id"]},
                {"$set": {"is_active": False, "ended_at": utcnow()}},
            ))
    finally:
        if sessions_writes:
            await sessions_collection.bulk_write(sessions_writes)


async def get_active_session(session_id: str) -> Optional[dict[str, Any]]:
    return await sessions_collection.find_one(
        {"session_id": session_id, "is_active": True, "expires_at": {"$gt": utcnow()}}
    )


async def list_active_sessions(user_id: str) -> list[dict[str, Any]]:
    cursor = sessions_collection.find(
        {"user_id": user_id, "is_active": True, "expires_at": {"$gt": utcnow()}}
    ).max_time_ms(5000).sort("last_seen_at", -1)
    return await cursor.to_list(length=None)


async def touch_session(session_id: str) -> None:
    await sessions_collection.update_one({"session_id": session_id}, {"$set": {"last_seen_at": utcnow()}})


async def end_session(session_id: str) -> bool:
    result = await sessions_collection.update_one(
        {"session_id": session_id, "is_active": True},
        {"$set": {"is_active": False, "ended_at": utcnow()}},
    )
    return result.modified_count == 1


async def end_all_sessions(user_id: str) -> int:
    result = await sessions_collection.update_many(
        {"user_id": user_id, "is_active": True},
        {"$set": {"is_active": False, "ended_at": utcnow()}},
    )
    return result.modified_count


async def delete_expired_sessions() -> int:
    """Removes sessions nobody can use any more. Meant to run once a night."""
    result = await sessions_collection.delete_many({"expires_at": {"$lt": utcnow()}})
    return result.deleted_count
