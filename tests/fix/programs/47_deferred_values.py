# expect: equal
import os

from pymongo import AsyncMongoClient

client = AsyncMongoClient(os.environ["MONGO_URI"], timeoutMS=5000)
db = client[os.environ["MONGO_DB"]]


async def run():
    updates = []
    for order in await db.orders.find().sort("_id", 1).to_list(100):
        change = {"$set": {"rank": order["_id"]}}
        await db.orders.update_one({"_id": order["_id"]}, change)
        change["$set"]["rank"] += 100
        updates.append(change)
    return updates


# --- seed
def seed(db):
    db.orders.insert_many({"_id": n} for n in range(6))
