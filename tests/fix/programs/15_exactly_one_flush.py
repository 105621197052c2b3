# expect: fixed
# commands: 1002 -> 3
# flavours: async
import os

from pymongo import AsyncMongoClient

client = AsyncMongoClient(os.environ["MONGO_URI"], timeoutMS=5000)
db = client[os.environ["MONGO_DB"]]


async def run():
    async for order in db.orders.find():
        await db.orders.update_one({"_id": order["_id"]}, {"$set": {"total": sum(order["prices"])}})


# --- seed
def seed(db):
    db.orders.insert_many({"_id": n, "prices": [n, 1]} for n in range(1000))
