"""Bodies of the question endpoints."""

from typing import Optional

from pydantic import BaseModel, Field

from app.models.question import QuestionKind, ResponseStatus


class QuestionCreate(BaseModel):
    text: str = Field(min_length=3, max_length=500)
    kind: QuestionKind = "free"


class QuestionsCreate(BaseModel):
    questions: list[QuestionCreate] = Field(min_length=1, max_length=50)


class QuestionOrder(BaseModel):
    question_ids: list[str] = Field(min_length=1, max_length=200)


class QuestionOut(BaseModel):
    id: str
    text: str
    kind: str
    order: int
    response: Optional[str] = None
    response_status: str = "open"


class ResponseSave(BaseModel):
    text: str = Field(max_length=20_000)
    status: ResponseStatus = "draft"


class ResponseOut(BaseModel):
    question_id: str
    text: str
    status: str
    word_count: int
