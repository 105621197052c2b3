"""Who did what: written by every endpoint that changes something."""

import logging
from typing import Any, Optional

from pymongo.errors import PyMongoError

from app.core.clock import utcnow
from app.db.base import audit_logs_collection

logger = logging.getLogger(__name__)


async def log_action(
    actor_id: str,
    action: str,
    resource_type: str,
    resource_id: str,
    details: Optional[dict[str, Any]] = None,
) -> None:
    """A failing audit write must not fail the request that it describes."""
    entry = {
        "actor_id": actor_id,
        "action": action,
        "resource_type": resource_type,
        "resource_id": resource_id,
        "details": details or {},
        "ip_address": None,
        "timestamp": utcnow(),
    }
    try:
        await audit_logs_collection.insert_one(entry)
    except PyMongoError:
        logger.exception("audit log write failed for %s %s", action, resource_id)


async def recent_actions(limit: int) -> list[dict[str, Any]]:
    cursor = audit_logs_collection.find({}).sort("timestamp", -1).limit(limit)
    return await cursor.to_list(length=limit)


async def actions_on(resource_type: str, resource_id: str) -> list[dict[str, Any]]:
    cursor = audit_logs_collection.find({"resource_type": resource_type, "resource_id": resource_id}, max_time_ms=5000)
    return await cursor.sort("timestamp", -1).to_list(length=None)
