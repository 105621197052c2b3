# expect: equal
import os

from pymongo import AsyncMongoClient

client = AsyncMongoClient(os.environ["MONGO_URI"], timeoutMS=5000)
db = client[os.environ["MONGO_DB"]]


async def mark(ids):
    """Mark orders."""
    for order_id in ids:
        await db.orders.update_one({"_id": order_id}, {"$set": {"marked": True}})


async def run():
    if True:
        await mark([1, 2])
    for order_id in await db.orders.distinct("_id"):
        await db.orders.update_one({"_id": order_id}, {"$set": {"n": 1}})


# --- seed
def seed(db):
    db.orders.insert_many({"_id": n} for n in range(6))
