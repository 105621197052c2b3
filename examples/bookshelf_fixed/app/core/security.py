"""Passwords, session tokens and the dependency that turns a token into a user."""

import hashlib
import hmac
import secrets
from typing import Any, Optional

from bson import ObjectId
from bson.errors import InvalidId
from fastapi import Depends, Header, HTTPException, status

from app.core.config import settings
from app.db.session import get_active_session, touch_session
from app.db.user import get_user_by_id


def hash_password(password: str) -> str:
    salt = secrets.token_hex(16)
    return f"{salt}${_digest(password, salt)}"


def verify_password(password: str, stored: str) -> bool:
    salt, _, digest = stored.partition("$")
    return hmac.compare_digest(_digest(password, salt), digest)


def _digest(password: str, salt: str) -> str:
    raw = hashlib.pbkdf2_hmac("sha256", password.encode(), bytes.fromhex(salt), settings.password_rounds)
    return raw.hex()


def parse_object_id(value: str) -> ObjectId:
    """The id in a path, or a 404: to the caller a malformed id is just one that does not exist."""
    try:
        return ObjectId(value)
    except InvalidId:
        raise HTTPException(status.HTTP_404_NOT_FOUND, "Not found") from None


async def get_current_session(x_session_token: Optional[str] = Header(default=None)) -> dict[str, Any]:
    if not x_session_token:
        raise HTTPException(status.HTTP_401_UNAUTHORIZED, "Sign in first")
    session = await get_active_session(x_session_token)
    if session is None:
        raise HTTPException(status.HTTP_401_UNAUTHORIZED, "Session expired")
    await touch_session(x_session_token)
    return session


async def get_current_user(session: dict[str, Any] = Depends(get_current_session)) -> dict[str, Any]:
    user = await get_user_by_id(session["user_id"])
    if user is None or not user["is_active"]:
        raise HTTPException(status.HTTP_401_UNAUTHORIZED, "Account is closed")
    return user


async def require_admin(user: dict[str, Any] = Depends(get_current_user)) -> dict[str, Any]:
    if user["role"] != "admin":
        raise HTTPException(status.HTTP_403_FORBIDDEN, "Administrators only")
    return user
