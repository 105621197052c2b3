# expect: equal
# flavours: async motor
import asyncio
import os

from pymongo import AsyncMongoClient

client = AsyncMongoClient(os.environ["MONGO_URI"], timeoutMS=5000)
db = client[os.environ["MONGO_DB"]]


async def run():
    orders = await db.orders.find().sort("_id", 1).to_list(100)
    users = await asyncio.gather(*(db.users.find_one({"_id": order["user_id"]}) for order in orders))
    for user, order in zip(users, orders):
        user["order"] = order["_id"]
    return users


# --- seed
def seed(db):
    db.users.insert_many({"_id": n, "name": f"user {n}"} for n in range(6))
    db.orders.insert_many({"_id": n, "user_id": n % 3} for n in range(12))
