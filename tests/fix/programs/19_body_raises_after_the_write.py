# expect: equal
# raises: ZeroDivisionError -> ZeroDivisionError
import os

from pymongo import AsyncMongoClient

client = AsyncMongoClient(os.environ["MONGO_URI"], timeoutMS=5000)
db = client[os.environ["MONGO_DB"]]


trace = []


async def run():
    for order in await db.orders.find().sort("_id", 1).to_list(100):
        await db.orders.update_one({"_id": order["_id"]}, {"$set": {"done": True}})
        trace.append(10 / order["size"])


# --- seed
def seed(db):
    db.orders.insert_many({"_id": n, "size": 5 - n} for n in range(12))
