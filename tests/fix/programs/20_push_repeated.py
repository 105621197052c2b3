# expect: fixed
# commands: 13 -> 2
import os

from pymongo import AsyncMongoClient

client = AsyncMongoClient(os.environ["MONGO_URI"], timeoutMS=5000)
db = client[os.environ["MONGO_DB"]]


async def run():
    for event in await db.events.find().sort("_id", 1).to_list(100):
        await db.users.update_one({"_id": event["user_id"]}, {"$push": {"seen": event["kind"]}})


# --- seed
def seed(db):
    db.users.insert_many({"_id": n, "seen": []} for n in range(3))
    db.events.insert_many({"_id": n, "user_id": n % 4, "kind": n % 2} for n in range(12))
