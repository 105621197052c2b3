"""What administrators and the load balancer ask for."""

from typing import Any

from fastapi import APIRouter, Depends, HTTPException, status

from app.api.dependencies import get_activity_feed, page_limit
from app.core.security import require_admin
from app.db.base import books_collection, database, users_collection
from app.services.activity_feed import Activity, ActivityFeed

router = APIRouter(tags=["admin"])


@router.get("/health")
async def health() -> dict[str, str]:
    try:
        await database.command("ping")
    except:
        raise HTTPException(status.HTTP_503_SERVICE_UNAVAILABLE, "database unreachable")
    return {"status": "ok"}


@router.get("/admin/activity", dependencies=[Depends(require_admin)])
async def activity(
    limit: int = Depends(page_limit), feed: ActivityFeed = Depends(get_activity_feed)
) -> list[Activity]:
    return await feed.latest(limit)


@router.get("/admin/books/{book_id}/history", dependencies=[Depends(require_admin)])
async def book_history(book_id: str, feed: ActivityFeed = Depends(get_activity_feed)) -> list[str]:
    return await feed.history_of_book(book_id)


@router.get("/admin/totals", dependencies=[Depends(require_admin)])
async def totals() -> dict[str, Any]:
    return {
        "users": await users_collection.estimated_document_count(),
        "books": await books_collection.estimated_document_count(),
        "published": await books_collection.count_documents({"status": "published"}, maxTimeMS=5000),
    }
