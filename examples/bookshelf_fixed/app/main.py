"""The application: routers and what happens when it starts and stops."""

import logging
from contextlib import asynccontextmanager
from typing import AsyncIterator

from fastapi import FastAPI

from app.api.endpoints import admin, books, questions, sessions, users
from app.core.config import settings
from app.db.base import client, database, ensure_indexes
from app.db.indexing import IndexManager
from app.db.user import ensure_handle_index

logger = logging.getLogger(__name__)

logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    await ensure_handle_index()
    logger.info("%s is using database %s", settings.app_name, settings.database_name)
    await IndexManager(database).create_all()
    await ensure_indexes()
    yield
    client.close()


app = FastAPI(title=settings.app_name, lifespan=lifespan)
app.include_router(users.router)
app.include_router(sessions.router)
app.include_router(books.router)
app.include_router(questions.router)
app.include_router(admin.router)
