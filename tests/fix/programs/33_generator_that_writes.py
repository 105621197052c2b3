# expect: equal
import os

from pymongo import AsyncMongoClient

client = AsyncMongoClient(os.environ["MONGO_URI"], timeoutMS=5000)
db = client[os.environ["MONGO_DB"]]


async def mark():
    for order in await db.orders.find().sort("_id", 1).to_list(100):
        await db.orders.update_one({"_id": order["_id"]}, {"$set": {"marked": True}})
        yield order["_id"]


async def run():
    seen = []
    async for number in mark():
        seen.append((number, await db.orders.count_documents({"marked": True})))
        if number == 3:
            break
    return seen


# --- seed
def seed(db):
    db.orders.insert_many({"_id": n} for n in range(6))
