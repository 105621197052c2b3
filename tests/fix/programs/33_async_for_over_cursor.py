# expect: fixed
# commands: 25 -> 3
import os

from pymongo import AsyncMongoClient

client = AsyncMongoClient(os.environ["MONGO_URI"], timeoutMS=5000)
db = client[os.environ["MONGO_DB"]]


async def run():
    missing = []
    async for order in db.orders.find({}, {"user_id": 1}).sort("_id", 1):
        user = await db.users.find_one({"_id": order["user_id"]})
        if user is None:
            missing.append(order["_id"])
        await db.orders.update_one({"_id": order["_id"]}, {"$set": {"known": user is not None}})
    return missing


# --- seed
def seed(db):
    db.users.insert_many({"_id": n} for n in range(6))
    db.orders.insert_many({"_id": n, "user_id": n % 8} for n in range(12))
