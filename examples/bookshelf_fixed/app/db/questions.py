"""Questions about a chapter and the author's responses to them."""

from typing import Any, Optional

from bson import ObjectId
from pymongo import DeleteMany, DeleteOne, UpdateOne
from pymongo.errors import DuplicateKeyError

from app.core.clock import utcnow
from app.db.base import get_collection
from app.models.question import QuestionDocument


async def next_order(book_id: str, chapter_id: str) -> int:
    questions = await get_collection("questions")
    last = await questions.find_one(
        {"book_id": book_id, "chapter_id": chapter_id}, {"order": 1}, sort=[("order", -1)]
    )
    return last["order"] + 1 if last else 1


async def insert_questions(drafts: list[QuestionDocument]) -> list[dict[str, Any]]:
    questions = await get_collection("questions")
    documents = [draft.model_dump() for draft in drafts]
    result = await questions.insert_many(documents)
    return [{**doc, "_id": _id} for doc, _id in zip(documents, result.inserted_ids)]


async def get_question(question_id: ObjectId) -> Optional[dict[str, Any]]:
    questions = await get_collection("questions")
    return await questions.find_one({"_id": question_id})


async def list_questions_with_responses(
    book_id: str, chapter_id: str, user_id: str, limit: int
) -> list[dict[str, Any]]:
    questions = await get_collection("questions")
    responses = await get_collection("question_responses")
    cursor = questions.find({"book_id": book_id, "chapter_id": chapter_id}).sort("order", 1).limit(limit)
    items = await cursor.to_list(length=limit)
    question_responses_keys = list(dict.fromkeys(str(item["_id"]) for item in items))
    question_responses_by_question_id = {}
    if question_responses_keys:
        async for document in responses.find({"question_id": {"$in": question_responses_keys}, "user_id": user_id}):
            question_responses_by_question_id.setdefault(document.get("question_id"), document)
    for item in items:
        item["id"] = str(item.pop("_id"))
        response = question_responses_by_question_id.get(item["id"])
        item["response"] = response["text"] if response else None
        item["response_status"] = response["status"] if response else "open"
    return items


async def question_ids_of_book(book_id: str) -> list[str]:
    questions = await get_collection("questions")
    return [str(question["_id"]) async for question in questions.find({"book_id": book_id}, {"_id": 1}, max_time_ms=5000)]


async def count_responses(question_ids: list[str], user_id: str, status: str) -> int:
    responses = await get_collection("question_responses")
    return await responses.count_documents(
        {"question_id": {"$in": question_ids}, "user_id": user_id, "status": status}, maxTimeMS=5000
    )


async def reorder_questions(book_id: str, chapter_id: str, question_ids: list[ObjectId]) -> None:
    questions = await get_collection("questions")
    questions_writes = []
    try:
        for position, question_id in enumerate(question_ids, start=1):
            questions_writes.append(UpdateOne(
                {"_id": question_id, "book_id": book_id, "chapter_id": chapter_id},
                {"$set": {"order": position, "updated_at": utcnow()}},
            ))
    finally:
        if questions_writes:
            await questions.bulk_write(questions_writes)


async def save_response(question_id: str, user_id: str, text: str, status: str) -> dict[str, Any]:
    responses = await get_collection("question_responses")
    now = utcnow()
    values = {"text": text, "status": status, "word_count": len(text.split()), "updated_at": now}
    existing = await responses.find_one({"question_id": question_id, "user_id": user_id})
    if existing:
        await responses.update_one({"_id": existing["_id"]}, {"$set": values})
        return {**existing, **values}
    response = {"question_id": question_id, "user_id": user_id, "created_at": now, **values}
    try:
        await responses.insert_one(response)
    except DuplicateKeyError:
        existing = await responses.find_one({"question_id": question_id, "user_id": user_id})
        await responses.update_one({"_id": existing["_id"]}, {"$set": values})
        return {**existing, **values}
    return response


async def words_written(user_id: str) -> int:
    responses = await get_collection("question_responses")
    pipeline = [
        {"$match": {"user_id": user_id, "status": "final"}},
        {"$group": {"_id": None, "words": {"$sum": "$word_count"}}},
    ]
    rows = await responses.aggregate(pipeline, maxTimeMS=5000).to_list(length=1)
    return rows[0]["words"] if rows else 0


async def delete_questions_of_chapter(book_id: str, chapter_id: str) -> int:
    questions = await get_collection("questions")
    responses = await get_collection("question_responses")
    deleted = 0
    question_responses_writes = []
    questions_writes = []
    try:
        async for question in questions.find({"book_id": book_id, "chapter_id": chapter_id}, {"_id": 1}, max_time_ms=5000):
            if len(question_responses_writes) + len(questions_writes) >= 1000:
                question_responses_writes_batch, question_responses_writes = question_responses_writes, []
                questions_writes_batch, questions_writes = questions_writes, []
                if question_responses_writes_batch:
                    await responses.bulk_write(question_responses_writes_batch)
                if questions_writes_batch:
                    await questions.bulk_write(questions_writes_batch)
            question_responses_writes.append(DeleteMany({"question_id": str(question["_id"])}))
            questions_writes.append(DeleteOne({"_id": question["_id"]}))
            deleted += 1
    finally:
        if question_responses_writes:
            await responses.bulk_write(question_responses_writes)
        if questions_writes:
            await questions.bulk_write(questions_writes)
    return deleted
