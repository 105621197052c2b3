"""Stored form of a question; responses are kept apart because several people may answer one."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, Field

from app.core.clock import utcnow

QuestionKind = Literal["plot", "character", "setting", "theme", "free"]
ResponseStatus = Literal["draft", "final"]


class QuestionDocument(BaseModel):
    book_id: str
    chapter_id: str
    author_id: str
    text: str
    kind: QuestionKind = "free"
    order: int
    detached: bool = False
    created_at: datetime = Field(default_factory=utcnow)
    updated_at: datetime = Field(default_factory=utcnow)
