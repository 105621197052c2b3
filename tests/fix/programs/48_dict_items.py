# expect: fixed
# commands: 4 -> 1
import os

from pymongo import AsyncMongoClient

client = AsyncMongoClient(os.environ["MONGO_URI"], timeoutMS=5000)
db = client[os.environ["MONGO_DB"]]


async def save(scores):
    for user_id, score in scores.items():
        await db.users.update_one({"_id": user_id}, {"$set": {"score": score}}, upsert=True)


async def run():
    await save({1: 10, 2: 20, 9: 90, 3: 30})


# --- seed
def seed(db):
    db.users.insert_many({"_id": n} for n in range(4))
