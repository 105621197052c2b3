# expect: equal
import os

from pymongo import AsyncMongoClient

client = AsyncMongoClient(os.environ["MONGO_URI"], timeoutMS=5000)
db = client[os.environ["MONGO_DB"]]


async def run():
    created = 0
    for event in await db.events.find().sort("_id", 1).to_list(100):
        if await db.users.find_one({"_id": event["user_id"]}) is None:
            await db.users.insert_one({"_id": event["user_id"], "first": event["_id"]})
            created += 1
        else:
            await db.users.update_one({"_id": event["user_id"]}, {"$set": {"last": event["_id"]}})
    return created


# --- seed
def seed(db):
    db.users.insert_one({"_id": 0})
    db.events.insert_many({"_id": n, "user_id": n % 4} for n in range(12))
