# expect: display
import os

from pymongo import AsyncMongoClient

client = AsyncMongoClient(os.environ["MONGO_URI"], timeoutMS=5000)
db = client[os.environ["MONGO_DB"]]


cache = {n: f"old {n}" for n in range(20)}
trace = []


async def rename(user_id, name):
    await db.users.update_one({"_id": user_id}, {"$set": {"name": name}})
    trace.append(cache.pop(user_id, None))


async def run():
    for order in await db.orders.find().sort("_id", 1).to_list(100):
        await rename(order["user_id"], f"by {order['_id']}")
    return cache


# --- seed
def seed(db):
    db.users.insert_many({"_id": n, "name": f"user {n}"} for n in range(6))
    db.orders.insert_many({"_id": n, "user_id": n % 8} for n in range(12))
