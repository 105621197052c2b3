# expect: equal
import os

from pymongo import AsyncMongoClient

client = AsyncMongoClient(os.environ["MONGO_URI"], timeoutMS=5000)
db = client[os.environ["MONGO_DB"]]


async def run():
    found, limit = [], 0
    for order in await db.orders.find().sort("_id", 1).to_list(100):
        limit += 2
        user = await db.users.find_one({"_id": order["user_id"], "rank": {"$lte": limit}})
        found.append(user["_id"] if user else None)
    return found


# --- seed
def seed(db):
    db.users.insert_many({"_id": n, "rank": n * 3} for n in range(6))
    db.orders.insert_many({"_id": n, "user_id": n % 6} for n in range(12))
