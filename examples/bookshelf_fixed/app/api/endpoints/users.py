"""Accounts."""

from typing import Any

from fastapi import APIRouter, Depends, HTTPException, Response, status

from app.api.dependencies import not_found
from app.core.security import get_current_user
from app.db.audit_log import log_action
from app.db.book import count_books_by_genre
from app.db.questions import words_written
from app.db.user import HandleTaken, get_user_by_handle, update_profile
from app.schemas.user import PublicProfile, UserCreate, UserOut, UserUpdate
from app.services.account_service import EmailTaken, close_account, register

router = APIRouter(prefix="/users", tags=["users"])


@router.post("", status_code=status.HTTP_201_CREATED)
async def sign_up(form: UserCreate) -> UserOut:
    try:
        user = await register(form)
    except EmailTaken:
        raise HTTPException(status.HTTP_409_CONFLICT, "Address already registered") from None
    except HandleTaken:
        raise HTTPException(status.HTTP_409_CONFLICT, "Handle already taken") from None
    await log_action(str(user["_id"]), "sign_up", "user", str(user["_id"]))
    return _out(user)


@router.get("/me")
async def read_me(user: dict[str, Any] = Depends(get_current_user)) -> UserOut:
    return _out(user)


@router.patch("/me")
async def change_me(form: UserUpdate, user: dict[str, Any] = Depends(get_current_user)) -> UserOut:
    changed = await update_profile(user["_id"], form.model_dump(exclude_none=True))
    if changed is None:
        raise not_found("Account")
    return _out(changed)


@router.get("/me/statistics")
async def my_statistics(user: dict[str, Any] = Depends(get_current_user)) -> dict[str, Any]:
    user_id = str(user["_id"])
    return {"genres": await count_books_by_genre(user_id), "words": await words_written(user_id)}


@router.delete("/me", status_code=status.HTTP_204_NO_CONTENT)
async def leave(user: dict[str, Any] = Depends(get_current_user)) -> Response:
    if not await close_account(user):
        raise HTTPException(status.HTTP_503_SERVICE_UNAVAILABLE, "Try again later")
    await log_action(str(user["_id"]), "close_account", "user", str(user["_id"]))
    return Response(status_code=status.HTTP_204_NO_CONTENT)


@router.get("/{handle}")
async def read_profile(handle: str) -> PublicProfile:
    user = await get_user_by_handle(handle)
    if user is None:
        raise not_found("Reader")
    return PublicProfile(
        handle=user["handle"], display_name=user["display_name"], books=len(user["book_ids"])
    )


def _out(user: dict[str, Any]) -> UserOut:
    return UserOut(id=str(user["_id"]), **{key: user[key] for key in UserOut.model_fields if key != "id"})
