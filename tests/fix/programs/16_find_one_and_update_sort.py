# expect: display
import os

from pymongo import AsyncMongoClient

client = AsyncMongoClient(os.environ["MONGO_URI"], timeoutMS=5000)
db = client[os.environ["MONGO_DB"]]


async def run():
    for order in await db.orders.find().sort("_id", 1).to_list(100):
        await db.jobs.find_one_and_update({"state": "new"}, {"$set": {"state": order["_id"]}}, sort=[("rank", 1)])


# --- seed
def seed(db):
    db.jobs.insert_many({"_id": n, "rank": -n, "state": "new"} for n in range(6))
    db.orders.insert_many({"_id": n} for n in range(4))
