# expect: equal
import os

from pymongo import AsyncMongoClient

client = AsyncMongoClient(os.environ["MONGO_URI"], timeoutMS=5000)
db = client[os.environ["MONGO_DB"]]


async def run():
    orders = await db.orders.find().sort("_id", 1).to_list(100)
    for order in orders:
        order["user"] = await db.users.find_one({"_id": order["user_id"]})
    for order in orders:
        order["user"]["order"] = order["_id"]
    return orders


# --- seed
def seed(db):
    db.users.insert_many({"_id": n} for n in range(3))
    db.orders.insert_many({"_id": n, "user_id": n % 3} for n in range(6))
