# expect: equal
# commands: any
# raises: TypeError -> TypeError
import os

from pymongo import AsyncMongoClient

client = AsyncMongoClient(os.environ["MONGO_URI"], timeoutMS=5000)
db = client[os.environ["MONGO_DB"]]


trace = []


async def run():
    for order in await db.orders.find().sort("_id", 1).to_list(100):
        trace.append(order["_id"])
        settings = await db.settings.find_one({"_id": "prices"})
        trace.append(order["amount"] * settings["factor"])


# --- seed
def seed(db):
    db.orders.insert_many({"_id": n, "amount": n} for n in range(3))
