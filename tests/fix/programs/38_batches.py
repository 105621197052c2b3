# expect: silent
import os

from pymongo import AsyncMongoClient

client = AsyncMongoClient(os.environ["MONGO_URI"], timeoutMS=5000)
db = client[os.environ["MONGO_DB"]]


async def load(ids):
    found = []
    for start in range(0, len(ids), 5):
        found += await db.users.find({"_id": {"$in": ids[start : start + 5]}}).sort("_id", 1).to_list(None)
    return found


async def run():
    return await load(list(range(4, 16)))


# --- seed
def seed(db):
    db.users.insert_many({"_id": n} for n in range(12))
