# expect: fixed
# commands: 13 -> 2
import os

from pymongo import AsyncMongoClient

client = AsyncMongoClient(os.environ["MONGO_URI"], timeoutMS=5000)
db = client[os.environ["MONGO_DB"]]


async def run():
    known, unknown = [], []
    orders = await db.orders.find().sort("_id", 1).to_list(100)
    for order in orders:
        if await db.users.find_one({"_id": order["user_id"]}):
            known.append(order["_id"])
        else:
            unknown.append(order["_id"])
    return known, unknown


# --- seed
def seed(db):
    db.users.insert_many({"_id": n} for n in range(6))
    db.orders.insert_many({"_id": n, "user_id": n % 8} for n in range(12))
