# expect: display
import os

from pymongo import AsyncMongoClient

client = AsyncMongoClient(os.environ["MONGO_URI"], timeoutMS=5000)
db = client[os.environ["MONGO_DB"]]


async def run():
    before = []
    for order in await db.orders.find().sort("_id", 1).to_list(100):
        user = await db.users.find_one_and_update({"_id": order["user_id"]}, {"$inc": {"orders": 1}})
        before.append(user["orders"] if user else None)
    return before


# --- seed
def seed(db):
    db.users.insert_many({"_id": n, "orders": 0} for n in range(6))
    db.orders.insert_many({"_id": n, "user_id": n % 8} for n in range(12))
