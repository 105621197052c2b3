"""Bodies of the book endpoints."""

from datetime import datetime
from typing import Optional

from pydantic import BaseModel, Field

from app.models.book import BookStatus, TableOfContents


class BookCreate(BaseModel):
    title: str = Field(min_length=1, max_length=200)
    subtitle: Optional[str] = Field(default=None, max_length=200)
    genre: str = "general"


class BookUpdate(BaseModel):
    title: Optional[str] = Field(default=None, min_length=1, max_length=200)
    subtitle: Optional[str] = Field(default=None, max_length=200)
    genre: Optional[str] = None
    status: Optional[BookStatus] = None


class BookOut(BaseModel):
    id: str
    owner_id: str
    title: str
    subtitle: Optional[str]
    genre: str
    status: str
    table_of_contents: TableOfContents
    updated_at: datetime


class BookCard(BaseModel):
    """What a list shows of a book."""

    id: str
    title: str
    genre: str
    status: str


class CatalogueEntry(BookCard):
    author: str


class BookProgress(BaseModel):
    id: str
    title: str
    chapters: int
    questions: int
    answered: int


class ChapterCreate(BaseModel):
    title: str = Field(min_length=1, max_length=200)
    summary: str = Field(default="", max_length=2000)


class ChapterRename(BaseModel):
    title: str = Field(min_length=1, max_length=200)


class OutlineReplace(BaseModel):
    expected_version: int
    chapters: list[ChapterCreate] = Field(max_length=200)


class ChapterOrder(BaseModel):
    chapter_ids: list[str] = Field(max_length=200)


class ArchiveRequest(BaseModel):
    book_ids: list[str] = Field(min_length=1, max_length=100)


class TransferRequest(BaseModel):
    handle: str
