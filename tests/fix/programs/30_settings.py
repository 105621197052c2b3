# expect: fixed
# commands: 13 -> 2
import os

from pymongo import AsyncMongoClient

client = AsyncMongoClient(os.environ["MONGO_URI"], timeoutMS=5000)
db = client[os.environ["MONGO_DB"]]


async def run():
    totals = []
    for order in await db.orders.find().sort("_id", 1).to_list(100):
        settings = await db.settings.find_one({"_id": "prices"})
        totals.append(order["amount"] * settings["factor"])
    return totals


# --- seed
def seed(db):
    db.settings.insert_one({"_id": "prices", "factor": 3})
    db.orders.insert_many({"_id": n, "amount": n} for n in range(12))
