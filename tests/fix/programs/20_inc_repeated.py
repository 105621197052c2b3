# expect: fixed
# commands: 7 -> 1
import os

from pymongo import AsyncMongoClient

client = AsyncMongoClient(os.environ["MONGO_URI"], timeoutMS=5000)
db = client[os.environ["MONGO_DB"]]


async def count(user_ids):
    for user_id in user_ids:
        await db.users.update_one({"_id": user_id}, {"$inc": {"visits": 1}})


async def run():
    await count([1, 1, 2, 5, 1, 2, 9])


# --- seed
def seed(db):
    db.users.insert_many({"_id": n, "visits": 0} for n in range(6))
