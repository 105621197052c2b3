# expect: equal
import os

from pymongo import AsyncMongoClient

client = AsyncMongoClient(os.environ["MONGO_URI"], timeoutMS=5000)
db = client[os.environ["MONGO_DB"]]


async def run():
    for order in await db.orders.find().sort("_id", 1).to_list(100):
        order["n"] += 1
        await db.orders.replace_one({"_id": order["_id"]}, order)
        order["n"] += 1000


# --- seed
def seed(db):
    db.orders.insert_many({"_id": n, "n": n} for n in range(6))
