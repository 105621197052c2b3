# expect: equal
import os

from pymongo import AsyncMongoClient

client = AsyncMongoClient(os.environ["MONGO_URI"], timeoutMS=5000)
db = client[os.environ["MONGO_DB"]]


async def run():
    for event in await db.events.find().sort("_id", 1).to_list(100):
        match event["kind"]:
            case "add":
                await db.totals.update_one({"_id": event["to"]}, {"$inc": {"n": 1}}, upsert=True)
            case "drop":
                await db.totals.update_one({"_id": event["to"]}, {"$inc": {"n": -1}})


# --- seed
def seed(db):
    db.events.insert_many({"_id": n, "to": n % 2, "kind": ["add", "add", "drop"][n % 3]} for n in range(9))
