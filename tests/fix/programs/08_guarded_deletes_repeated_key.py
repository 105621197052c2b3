# expect: equal
import os

from pymongo import AsyncMongoClient

client = AsyncMongoClient(os.environ["MONGO_URI"], timeoutMS=5000)
db = client[os.environ["MONGO_DB"]]


async def remove(user_ids):
    removed = 0
    for user_id in user_ids:
        if not await db.users.find_one({"_id": user_id}):
            continue
        await db.sessions.delete_one({"user_id": user_id})
        await db.users.delete_one({"_id": user_id})
        removed += 1
    return removed


async def run():
    return [await remove([1, 2, 1, 1, 3, 9]), await remove([])]


# --- seed
def seed(db):
    db.users.insert_many({"_id": n} for n in range(6))
    db.sessions.insert_many({"_id": n, "user_id": n % 3} for n in range(9))
