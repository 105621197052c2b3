# expect: equal
import os

from pymongo import AsyncMongoClient

client = AsyncMongoClient(os.environ["MONGO_URI"], timeoutMS=5000)
db = client[os.environ["MONGO_DB"]]


async def mark(ids, stop):
    for order_id in ids:
        if order_id == stop:
            break
        await db.orders.update_one({"_id": order_id}, {"$set": {"marked": stop}})
    else:
        return await db.orders.count_documents({"marked": stop})
    return -1


async def run():
    return [await mark([1, 2, 3], 99), await mark([1, 2, 3], 2), await mark([], 1)]


# --- seed
def seed(db):
    db.orders.insert_many({"_id": n} for n in range(6))
