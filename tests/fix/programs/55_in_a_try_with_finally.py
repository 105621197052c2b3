# expect: equal
# raises: KeyError -> KeyError
import os

from pymongo import AsyncMongoClient

client = AsyncMongoClient(os.environ["MONGO_URI"], timeoutMS=5000)
db = client[os.environ["MONGO_DB"]]


trace = []


async def run():
    try:
        for order in await db.orders.find().sort("_id", 1).to_list(100):
            await db.orders.update_one({"_id": order["_id"]}, {"$set": {"total": sum(order["prices"])}})
    finally:
        trace.append(await db.orders.count_documents({"total": {"$exists": True}}))


# --- seed
def seed(db):
    db.orders.insert_many({"_id": n, "prices": [n]} for n in range(4))
    db.orders.insert_one({"_id": 9})
