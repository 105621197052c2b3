# expect: equal
import os

from pymongo import AsyncMongoClient

client = AsyncMongoClient(os.environ["MONGO_URI"], timeoutMS=5000)
db = client[os.environ["MONGO_DB"]]


async def run():
    wanted = {"state": "open"}
    for order in await db.orders.find().sort("_id", 1).to_list(100):
        wanted["_id"] = order["_id"]
        await db.orders.update_one(wanted, {"$set": {"state": "done"}})


# --- seed
def seed(db):
    db.orders.insert_many({"_id": n, "state": ["open", "kept"][n % 2]} for n in range(6))
