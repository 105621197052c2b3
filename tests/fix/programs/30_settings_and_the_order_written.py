# expect: equal
import os

from pymongo import AsyncMongoClient

client = AsyncMongoClient(os.environ["MONGO_URI"], timeoutMS=5000)
db = client[os.environ["MONGO_DB"]]


async def run():
    for order in await db.orders.find().sort("_id", 1).to_list(100):
        settings = await db.settings.find_one({"_id": "numbers"})
        await db.orders.update_one({"_id": order["_id"]}, {"$set": {"number": settings["next"]}})
        await db.settings.update_one({"_id": "numbers"}, {"$set": {"next": settings["next"] + 1}})


# --- seed
def seed(db):
    db.settings.insert_one({"_id": "numbers", "next": 100})
    db.orders.insert_many({"_id": n} for n in range(6))
