# expect: equal
import os

from pymongo import AsyncMongoClient

client = AsyncMongoClient(os.environ["MONGO_URI"], timeoutMS=5000)
db = client[os.environ["MONGO_DB"]]


async def load(rows):
    result = []
    for user_id, *rest in rows:
        user = await db.users.find_one({"_id": user_id})
        result.append((user and user["name"], rest))
    return result


async def run():
    return await load([(1, 2, 3), (2,), (9, 1)])


# --- seed
def seed(db):
    db.users.insert_many({"_id": n, "name": f"user {n}"} for n in range(6))
