# expect: equal
import os

from pymongo import AsyncMongoClient

client = AsyncMongoClient(os.environ["MONGO_URI"], timeoutMS=5000)
db = client[os.environ["MONGO_DB"]]


async def process(orders, callback):
    found = []
    for order in orders:
        user = await db.users.find_one({"_id": order["user_id"]})
        found.append(user["n"])
        await callback(order)
    return found


async def count(order):
    await db.users.update_one({"_id": order["user_id"]}, {"$inc": {"n": 1}})


async def run():
    return await process(await db.orders.find().sort("_id", 1).to_list(100), count)


# --- seed
def seed(db):
    db.users.insert_many({"_id": n, "n": 0} for n in range(3))
    db.orders.insert_many({"_id": n, "user_id": n % 3} for n in range(9))
