# expect: equal
import os

from pymongo import AsyncMongoClient

client = AsyncMongoClient(os.environ["MONGO_URI"], timeoutMS=5000)
db = client[os.environ["MONGO_DB"]]


async def pairs(ids, labels):
    result = []
    for user_id, label in zip(ids, labels):
        user = await db.users.find_one({"_id": user_id})
        result.append((label, user["name"] if user else None))
    return result


async def run():
    return await pairs([1, 2, 1, 9, 3], iter("abcd"))


# --- seed
def seed(db):
    db.users.insert_many({"_id": n, "name": f"user {n}"} for n in range(6))
