# expect: fixed
# commands: 13 -> 2
import os

from pymongo import AsyncMongoClient

client = AsyncMongoClient(os.environ["MONGO_URI"], timeoutMS=5000)
db = client[os.environ["MONGO_DB"]]


async def run():
    orders = await db.orders.find().sort("_id", 1).to_list(100)
    for order in orders:
        await db.users.find_one_and_update(
            {"_id": order["user_id"]}, {"$inc": {"orders": 1}, "$set": {"last": order["_id"]}}
        )


# --- seed
def seed(db):
    db.users.insert_many({"_id": n, "orders": 0} for n in range(6))
    db.orders.insert_many({"_id": n, "user_id": n % 8} for n in range(12))
