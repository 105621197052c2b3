# expect: equal
import os

from pymongo import AsyncMongoClient

client = AsyncMongoClient(os.environ["MONGO_URI"], timeoutMS=5000)
db = client[os.environ["MONGO_DB"]]


async def run():
    for order in await db.orders.find().sort("_id", 1).to_list(100):
        await db.users.update_one(
            {"_id": order["user_id"]}, [{"$set": {"total": {"$add": ["$total", order["amount"]]}}}], upsert=False
        )


# --- seed
def seed(db):
    db.users.insert_many({"_id": n, "total": 0} for n in range(3))
    db.orders.insert_many({"_id": n, "user_id": n % 4, "amount": n} for n in range(12))
