"""Questions of a chapter and the author's responses."""

from typing import Any

from fastapi import APIRouter, Depends, Response, status

from app.api.dependencies import not_found, page_limit
from app.core.security import get_current_user, parse_object_id
from app.db.questions import delete_questions_of_chapter, list_questions_with_responses, reorder_questions
from app.schemas.question import QuestionOrder, QuestionOut, QuestionsCreate, ResponseOut, ResponseSave
from app.services.question_service import ChapterMissing, add_questions, answer, require_chapter

router = APIRouter(tags=["questions"])


@router.post("/books/{book_id}/chapters/{chapter_id}/questions", status_code=status.HTTP_201_CREATED)
async def create_questions(
    book_id: str, chapter_id: str, form: QuestionsCreate, user: dict[str, Any] = Depends(get_current_user)
) -> list[QuestionOut]:
    try:
        created = await add_questions(parse_object_id(book_id), chapter_id, str(user["_id"]), form.questions)
    except ChapterMissing:
        raise not_found("Chapter") from None
    return [
        QuestionOut(id=str(item["_id"]), text=item["text"], kind=item["kind"], order=item["order"])
        for item in created
    ]


@router.get("/books/{book_id}/chapters/{chapter_id}/questions")
async def list_questions(
    book_id: str,
    chapter_id: str,
    limit: int = Depends(page_limit),
    user: dict[str, Any] = Depends(get_current_user),
) -> list[QuestionOut]:
    items = await list_questions_with_responses(book_id, chapter_id, str(user["_id"]), limit)
    return [QuestionOut(**item) for item in items]


@router.put("/books/{book_id}/chapters/{chapter_id}/questions/order", status_code=status.HTTP_204_NO_CONTENT)
async def order_questions(
    book_id: str, chapter_id: str, form: QuestionOrder, user: dict[str, Any] = Depends(get_current_user)
) -> Response:
    try:
        await require_chapter(parse_object_id(book_id), chapter_id, str(user["_id"]))
    except ChapterMissing:
        raise not_found("Chapter") from None
    await reorder_questions(book_id, chapter_id, [parse_object_id(item) for item in form.question_ids])
    return Response(status_code=status.HTTP_204_NO_CONTENT)


@router.delete("/books/{book_id}/chapters/{chapter_id}/questions")
async def clear_questions(
    book_id: str, chapter_id: str, user: dict[str, Any] = Depends(get_current_user)
) -> dict[str, int]:
    try:
        await require_chapter(parse_object_id(book_id), chapter_id, str(user["_id"]))
    except ChapterMissing:
        raise not_found("Chapter") from None
    return {"deleted": await delete_questions_of_chapter(book_id, chapter_id)}


@router.put("/questions/{question_id}/response")
async def respond(
    question_id: str, form: ResponseSave, user: dict[str, Any] = Depends(get_current_user)
) -> ResponseOut:
    response = await answer(parse_object_id(question_id), str(user["_id"]), form.text, form.status)
    if response is None:
        raise not_found("Question")
    return ResponseOut(**response)
