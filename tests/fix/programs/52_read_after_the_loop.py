# expect: fixed
# commands: 14 -> 3
import os

from pymongo import AsyncMongoClient

client = AsyncMongoClient(os.environ["MONGO_URI"], timeoutMS=5000)
db = client[os.environ["MONGO_DB"]]


async def run():
    for order in await db.orders.find().sort("_id", 1).to_list(100):
        await db.orders.update_one({"_id": order["_id"]}, {"$set": {"rank": order["_id"] % 3}})
    return await db.orders.count_documents({"rank": 1})


# --- seed
def seed(db):
    db.orders.insert_many({"_id": n} for n in range(12))
