"""Objects the endpoints ask for."""

from fastapi import Depends, HTTPException, Query, Request, status

from app.core.config import settings
from app.db.base import users_collection
from app.services.activity_feed import ActivityFeed
from app.services.readers import MongoReaderDirectory, ReaderDirectory


def page_limit(limit: int = Query(default=settings.page_size, ge=1, le=settings.max_page_size)) -> int:
    return limit


def get_readers() -> ReaderDirectory:
    return MongoReaderDirectory(users_collection)


def get_activity_feed(readers: ReaderDirectory = Depends(get_readers)) -> ActivityFeed:
    return ActivityFeed(readers)


def client_address(request: Request) -> str | None:
    return request.client.host if request.client else None


def not_found(what: str) -> HTTPException:
    return HTTPException(status.HTTP_404_NOT_FOUND, f"{what} not found")
