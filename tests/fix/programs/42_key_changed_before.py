# expect: equal
import os

from pymongo import AsyncMongoClient

client = AsyncMongoClient(os.environ["MONGO_URI"], timeoutMS=5000)
db = client[os.environ["MONGO_DB"]]


async def run():
    orders = await db.orders.find().sort("_id", 1).to_list(100)
    for order in orders:
        order["user_id"] = order["user_id"].strip().lower()
        user = await db.users.find_one({"_id": order["user_id"]})
        order["name"] = user["name"] if user else None
    return orders


# --- seed
def seed(db):
    db.users.insert_many({"_id": name, "name": name.upper()} for name in "abc")
    db.orders.insert_many({"_id": n, "user_id": key} for n, key in enumerate([" A", "b ", "c", "D"]))
