# expect: fixed
# commands: 2502 -> 5
# flavours: sync
import os

from pymongo import AsyncMongoClient

client = AsyncMongoClient(os.environ["MONGO_URI"], timeoutMS=5000)
db = client[os.environ["MONGO_DB"]]


async def run():
    async for order in db.orders.find({"total": {"$exists": False}}):
        total = sum(order["prices"])
        await db.orders.update_one({"_id": order["_id"]}, {"$set": {"total": total}})


# --- seed
def seed(db):
    db.orders.insert_many({"_id": n, "prices": [n, 1]} for n in range(2500))
