"""Stored form of a book. Chapters are embedded: an outline is always read whole."""

from datetime import datetime
from typing import Literal, Optional
from uuid import uuid4

from pydantic import BaseModel, Field

from app.core.clock import utcnow

BookStatus = Literal["draft", "published", "archived"]


class Chapter(BaseModel):
    id: str = Field(default_factory=lambda: uuid4().hex)
    title: str
    summary: str = ""


class TableOfContents(BaseModel):
    version: int = 1
    chapters: list[Chapter] = Field(default_factory=list)


class BookDocument(BaseModel):
    owner_id: str
    title: str
    subtitle: Optional[str] = None
    genre: str = "general"
    status: BookStatus = "draft"
    table_of_contents: TableOfContents = Field(default_factory=TableOfContents)
    created_at: datetime = Field(default_factory=utcnow)
    updated_at: datetime = Field(default_factory=utcnow)
