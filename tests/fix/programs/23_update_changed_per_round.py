# expect: display
import os

from pymongo import AsyncMongoClient

client = AsyncMongoClient(os.environ["MONGO_URI"], timeoutMS=5000)
db = client[os.environ["MONGO_DB"]]


async def run():
    values = {"checked": True}
    update = {"$set": values}
    for order in await db.orders.find().sort("_id", 1).to_list(100):
        values["number"] = order["_id"] * 10
        await db.orders.update_one({"_id": order["_id"]}, update)


# --- seed
def seed(db):
    db.orders.insert_many({"_id": n} for n in range(6))
