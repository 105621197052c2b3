"""Stored form of an account."""

from datetime import datetime
from typing import Any, Literal, Optional

from pydantic import BaseModel, Field

from app.core.clock import utcnow


class UserDocument(BaseModel):
    email: str
    handle: str
    display_name: str
    password_hash: str
    role: Literal["author", "admin"] = "author"
    is_active: bool = True
    book_ids: list[str] = Field(default_factory=list)
    preferences: dict[str, Any] = Field(default_factory=dict)
    last_login_at: Optional[datetime] = None
    created_at: datetime = Field(default_factory=utcnow)
    updated_at: datetime = Field(default_factory=utcnow)
