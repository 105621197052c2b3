# expect: fixed
# commands: 13 -> 3
# indent: tabs
import os

from pymongo import AsyncMongoClient

client = AsyncMongoClient(os.environ["MONGO_URI"], timeoutMS=5000)
db = client[os.environ["MONGO_DB"]]


async def run():
    async for order in db.orders.find().sort("_id", 1):
        user = await db.users.find_one({"_id": order["user_id"]})
        await db.orders.update_one({"_id": order["_id"]}, {"$set": {"name": user["name"]}})


# --- seed
def seed(db):
    db.users.insert_many({"_id": n, "name": f"user {n}"} for n in range(6))
    db.orders.insert_many({"_id": n, "user_id": n} for n in range(6))
