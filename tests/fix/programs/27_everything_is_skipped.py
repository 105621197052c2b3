# expect: fixed
# commands: 1 -> 1
import os

from pymongo import AsyncMongoClient

client = AsyncMongoClient(os.environ["MONGO_URI"], timeoutMS=5000)
db = client[os.environ["MONGO_DB"]]


async def run():
    for order in await db.orders.find().to_list(100):
        if order["_id"] >= 0:
            continue
        await db.orders.update_one({"_id": order["_id"]}, {"$set": {"seen": True}})


# --- seed
def seed(db):
    db.orders.insert_many({"_id": n} for n in range(6))
