"""Signing in and out."""

from typing import Any, Optional

from fastapi import APIRouter, Depends, Header, HTTPException, Response, status

from app.api.dependencies import client_address
from app.core.security import get_current_session
from app.db.session import end_all_sessions, end_session, list_active_sessions
from app.schemas.user import Login, SessionOut, SessionToken
from app.services.account_service import sign_in

router = APIRouter(prefix="/sessions", tags=["sessions"])


@router.post("", status_code=status.HTTP_201_CREATED)
async def open_session(
    form: Login,
    user_agent: Optional[str] = Header(default=None),
    ip_address: Optional[str] = Depends(client_address),
) -> SessionToken:
    session = await sign_in(form.email, form.password, user_agent, ip_address)
    if session is None:
        raise HTTPException(status.HTTP_401_UNAUTHORIZED, "Wrong address or password")
    return SessionToken(token=session["session_id"], expires_at=session["expires_at"])


@router.get("")
async def my_sessions(current: dict[str, Any] = Depends(get_current_session)) -> list[SessionOut]:
    sessions = await list_active_sessions(current["user_id"])
    return [
        SessionOut(
            user_agent=session["user_agent"],
            created_at=session["created_at"],
            last_seen_at=session["last_seen_at"],
            current=session["session_id"] == current["session_id"],
        )
        for session in sessions
    ]


@router.delete("/current", status_code=status.HTTP_204_NO_CONTENT)
async def sign_out(current: dict[str, Any] = Depends(get_current_session)) -> Response:
    await end_session(current["session_id"])
    return Response(status_code=status.HTTP_204_NO_CONTENT)


@router.delete("")
async def sign_out_everywhere(current: dict[str, Any] = Depends(get_current_session)) -> dict[str, int]:
    return {"ended": await end_all_sessions(current["user_id"])}
