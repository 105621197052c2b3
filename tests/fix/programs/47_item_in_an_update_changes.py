# expect: equal
import os

from pymongo import AsyncMongoClient

client = AsyncMongoClient(os.environ["MONGO_URI"], timeoutMS=5000)
db = client[os.environ["MONGO_DB"]]


async def run():
    for order in await db.orders.find().sort("_id", 1).to_list(100):
        await db.copies.update_one({"_id": order["_id"]}, {"$set": {"order": order}}, upsert=True)
        order["copied"] = True
        order["lines"].append("end")


# --- seed
def seed(db):
    db.orders.insert_many({"_id": n, "lines": []} for n in range(6))
