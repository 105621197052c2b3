"""Signing up, signing in and leaving."""

import logging
from typing import Any, Optional

from app.core.security import hash_password, verify_password
from app.db.book import create_book
from app.db.session import create_session, end_all_sessions
from app.db.user import create_user, delete_user, get_user_by_email, record_login
from app.models.book import BookDocument, Chapter, TableOfContents
from app.models.user import UserDocument
from app.schemas.user import UserCreate

logger = logging.getLogger(__name__)

STARTER_BOOKS = {
    "My first novel": ["Opening", "Turning point", "Ending"],
    "Notebook": ["Ideas"],
}


class EmailTaken(Exception):
    """An account with this address exists."""


async def register(form: UserCreate) -> dict[str, Any]:
    email = form.email.lower()
    if await get_user_by_email(email):
        raise EmailTaken(email)
    user = await create_user(
        UserDocument(
            email=email,
            handle=form.handle,
            display_name=form.display_name,
            password_hash=hash_password(form.password),
        )
    )
    if form.starter_books:
        await _add_starter_books(str(user["_id"]), STARTER_BOOKS)
    logger.info("new account %s", form.handle)
    return user


async def _add_starter_books(user_id: str, outlines: dict[str, list[str]]) -> None:
    for title, chapters in outlines.items():
        outline = TableOfContents(chapters=[Chapter(title=name) for name in chapters])
        book = BookDocument(owner_id=user_id, title=title, table_of_contents=outline)
        await create_book(book)  # mongolint: ignore[n-plus-one-query] two fixed books, at sign-up only


async def sign_in(
    email: str, password: str, user_agent: Optional[str], ip_address: Optional[str]
) -> Optional[dict[str, Any]]:
    user = await get_user_by_email(email)
    if user is None or not verify_password(password, user["password_hash"]):
        return None
    await record_login(user["_id"])
    return await create_session(str(user["_id"]), user_agent, ip_address)


async def close_account(user: dict[str, Any]) -> bool:
    await end_all_sessions(str(user["_id"]))
    return await delete_user(user["_id"])
