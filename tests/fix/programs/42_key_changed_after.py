# expect: equal
import os

from pymongo import AsyncMongoClient

client = AsyncMongoClient(os.environ["MONGO_URI"], timeoutMS=5000)
db = client[os.environ["MONGO_DB"]]


async def run():
    orders = await db.orders.find().sort("_id", 1).to_list(100)
    for order in orders:
        user = await db.users.find_one({"_id": order["user_id"]})
        order["user_id"] = user["main_id"] if user else None
        main = await db.users.find_one({"_id": order["user_id"]})
        order["name"] = main["name"] if main else None
    return orders


# --- seed
def seed(db):
    db.users.insert_many({"_id": n, "main_id": 0, "name": f"user {n}"} for n in range(4))
    db.orders.insert_many({"_id": n, "user_id": n} for n in range(6))
