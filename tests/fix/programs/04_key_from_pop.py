# expect: equal
import os

from pymongo import AsyncMongoClient

client = AsyncMongoClient(os.environ["MONGO_URI"], timeoutMS=5000)
db = client[os.environ["MONGO_DB"]]


async def run():
    questions = await db.questions.find().sort("_id", 1).to_list(50)
    for question in questions:
        question["id"] = str(question.pop("_id"))
        answer = await db.answers.find_one({"_id": question["id"]})
        question["answer"] = answer["text"] if answer else ""
    return questions


# --- seed
from bson import ObjectId


def seed(db):
    db.questions.insert_many({"_id": ObjectId(f"{n:024x}"), "text": f"question {n}"} for n in range(8))
    db.answers.insert_many({"_id": f"{n:024x}", "text": f"answer {n}"} for n in range(5))
