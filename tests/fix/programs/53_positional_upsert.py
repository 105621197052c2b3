# expect: fixed
# commands: 7 -> 2
import os

from pymongo import AsyncMongoClient

client = AsyncMongoClient(os.environ["MONGO_URI"], timeoutMS=5000)
db = client[os.environ["MONGO_DB"]]


async def run():
    for order in await db.orders.find().sort("_id", 1).to_list(100):
        await db.counts.update_one(
            {"_id": order["user_id"]}, {"$inc": {"n": 1}, "$setOnInsert": {"first": order["_id"]}}, True
        )


# --- seed
def seed(db):
    db.orders.insert_many({"_id": n, "user_id": n % 2} for n in range(6))
