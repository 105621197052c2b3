# expect: equal
import os

from pymongo import AsyncMongoClient

client = AsyncMongoClient(os.environ["MONGO_URI"], timeoutMS=5000)
db = client[os.environ["MONGO_DB"]]


async def run():
    keys, found, ops, users_by_id, documents = ["k"], {"f": 1}, ["o"], "u", "d"
    document, users_keys, orders_writes = 1, 2, 3
    for order in await db.orders.find().sort("_id", 1).to_list(100):
        user = await db.users.find_one({"_id": order["user_id"]})
        await db.orders.update_one({"_id": order["_id"]}, {"$set": {"user": user and user["name"]}})
    return keys, found, ops, users_by_id, documents, document, users_keys, orders_writes


# --- seed
def seed(db):
    db.users.insert_many({"_id": n, "name": f"user {n}"} for n in range(4))
    db.orders.insert_many({"_id": n, "user_id": n} for n in range(6))
