# expect: fixed
# commands: 29 -> 4
import os

from pymongo import AsyncMongoClient

client = AsyncMongoClient(os.environ["MONGO_URI"], timeoutMS=5000)
db = client[os.environ["MONGO_DB"]]


async def run():
    removed = 0
    for account in await db.expired.find().sort("_id", 1).to_list(100):
        if not await db.users.find_one({"_id": account["_id"]}):
            continue
        await db.sessions.delete_one({"_id": account["_id"]})
        await db.users.delete_one({"_id": account["_id"]})
        removed += 1
    return removed


# --- seed
def seed(db):
    db.expired.insert_many({"_id": n} for n in range(12))
    db.users.insert_many({"_id": n} for n in range(4, 20))
    db.sessions.insert_many({"_id": n} for n in range(6, 10))
