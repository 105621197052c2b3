# expect: fixed
# commands: 13 -> 2
import os

from pymongo import AsyncMongoClient

client = AsyncMongoClient(os.environ["MONGO_URI"], timeoutMS=5000)
db = client[os.environ["MONGO_DB"]]


async def run():
    for order in await db.orders.find().sort("_id", 1).to_list(100):
        await db.archive.replace_one({"_id": order["_id"]}, {"order": order["_id"], "old": True}, upsert=True)


# --- seed
def seed(db):
    db.orders.insert_many({"_id": n} for n in range(12))
    db.archive.insert_one({"_id": 3, "old": False})
