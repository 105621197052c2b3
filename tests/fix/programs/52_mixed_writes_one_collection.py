# expect: equal
import os

from pymongo import AsyncMongoClient

client = AsyncMongoClient(os.environ["MONGO_URI"], timeoutMS=5000)
db = client[os.environ["MONGO_DB"]]


async def run():
    for event in await db.events.find().sort("_id", 1).to_list(100):
        if event["kind"] == "new":
            await db.users.insert_one({"_id": event["user_id"], "events": 0})
        elif event["kind"] == "gone":
            await db.users.delete_one({"_id": event["user_id"]})
        else:
            await db.users.update_one({"_id": event["user_id"]}, {"$inc": {"events": 1}})


# --- seed
def seed(db):
    kinds = ["new", "event", "event", "gone", "new", "event"]
    db.events.insert_many({"_id": n, "user_id": 1, "kind": kind} for n, kind in enumerate(kinds))
