"""The indexes the service is meant to run with."""

import logging
from typing import Any

from motor.motor_asyncio import AsyncIOMotorDatabase

logger = logging.getLogger(__name__)

BOOK_INDEXES: list[dict[str, Any]] = [
    {"keys": [("owner_id", 1), ("updated_at", -1)], "name": "books_owner_updated"},
    {"keys": [("status", 1), ("genre", 1), ("title", 1)], "name": "books_catalogue"},
]

QUESTION_INDEXES: list[dict[str, Any]] = [
    {"keys": [("book_id", 1), ("chapter_id", 1), ("order", 1)], "name": "questions_chapter_order"},
]

AUDIT_INDEXES: list[dict[str, Any]] = [
    {"keys": [("timestamp", -1)], "name": "audit_newest"},
]


class IndexManager:
    """Creates the declared indexes and reports which ones a database lacks."""

    def __init__(self, database: AsyncIOMotorDatabase) -> None:
        self.database = database
        self.created: list[str] = []

    async def create_all(self) -> list[str]:
        await self._create("books", BOOK_INDEXES)
        await self._create("questions", QUESTION_INDEXES)
        await self._create("audit_logs", AUDIT_INDEXES)
        logger.info("created %d indexes", len(self.created))
        return self.created

    async def missing(self) -> dict[str, list[str]]:
        declared = {"books": BOOK_INDEXES, "questions": QUESTION_INDEXES, "audit_logs": AUDIT_INDEXES}
        lacking: dict[str, list[str]] = {}
        for name, specs in declared.items():
            present = await self.database[name].index_information()
            lacking[name] = [spec["name"] for spec in specs if spec["name"] not in present]
        return lacking

    async def _create(self, collection_name: str, specs: list[dict[str, Any]]) -> None:
        collection = self.database[collection_name]
        for spec in specs:
            options = dict(spec)
            keys = options.pop("keys")
            try:
                self.created.append(await collection.create_index(keys, **options))
            except Exception as e:
                logger.exception("Index %s failed: %s", spec['name'], e)
                raise
