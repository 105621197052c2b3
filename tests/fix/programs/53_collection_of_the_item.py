# expect: equal
import os

from pymongo import AsyncMongoClient

client = AsyncMongoClient(os.environ["MONGO_URI"], timeoutMS=5000)
db = client[os.environ["MONGO_DB"]]


async def run():
    for change in await db.changes.find().sort("_id", 1).to_list(100):
        collection = db[change["collection"]]
        await collection.update_one({"_id": change["target_id"]}, {"$set": {"changed": True}})


# --- seed
def seed(db):
    db.changes.insert_many({"_id": n, "collection": "ab"[n % 2], "target_id": n} for n in range(6))
    db.a.insert_many({"_id": n} for n in range(6))
    db.b.insert_many({"_id": n} for n in range(6))
