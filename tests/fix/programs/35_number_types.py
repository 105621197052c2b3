# expect: equal
import os

from pymongo import AsyncMongoClient

client = AsyncMongoClient(os.environ["MONGO_URI"], timeoutMS=5000)
db = client[os.environ["MONGO_DB"]]


async def run():
    found = []
    for order in await db.orders.find().sort("_id", 1).to_list(100):
        user = await db.users.find_one({"_id": order["user_id"]})
        found.append(user["name"] if user else None)
    return found


# --- seed
from bson import Int64


def seed(db):
    db.orders.insert_many({"_id": n, "user_id": key} for n, key in enumerate([1, 1.0, Int64(2), 2.5, "1"]))
    db.users.insert_many([{"_id": 1.0, "name": "a"}, {"_id": 2, "name": "b"}, {"_id": "1", "name": "c"}])
