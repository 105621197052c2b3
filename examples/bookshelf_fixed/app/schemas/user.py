"""Bodies of the account and session endpoints."""

from datetime import datetime
from typing import Any, Optional

from pydantic import BaseModel, Field


class UserCreate(BaseModel):
    email: str = Field(pattern=r"^[^@\s]+@[^@\s]+$", max_length=200)
    handle: str = Field(pattern=r"^[a-z0-9_-]{3,30}$")
    display_name: str = Field(min_length=1, max_length=80)
    password: str = Field(min_length=8, max_length=200)
    starter_books: bool = False


class UserUpdate(BaseModel):
    display_name: Optional[str] = Field(default=None, min_length=1, max_length=80)
    preferences: Optional[dict[str, Any]] = None


class UserOut(BaseModel):
    id: str
    email: str
    handle: str
    display_name: str
    role: str
    book_ids: list[str]
    preferences: dict[str, Any]
    created_at: datetime


class PublicProfile(BaseModel):
    handle: str
    display_name: str
    books: int


class Login(BaseModel):
    email: str
    password: str


class SessionToken(BaseModel):
    token: str
    expires_at: datetime


class SessionOut(BaseModel):
    user_agent: Optional[str]
    created_at: datetime
    last_seen_at: datetime
    current: bool
