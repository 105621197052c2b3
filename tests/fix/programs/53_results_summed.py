# expect: equal
import os

from pymongo import AsyncMongoClient

client = AsyncMongoClient(os.environ["MONGO_URI"], timeoutMS=5000)
db = client[os.environ["MONGO_DB"]]


async def run():
    modified = 0
    for order in await db.orders.find().sort("_id", 1).to_list(100):
        result = await db.users.update_one({"_id": order["user_id"]}, {"$set": {"seen": True}})
        modified += result.modified_count
    return modified


# --- seed
def seed(db):
    db.users.insert_many({"_id": n} for n in range(4))
    db.orders.insert_many({"_id": n, "user_id": n % 6} for n in range(12))
