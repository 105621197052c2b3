# expect: fixed
# commands: 7 -> 2
import os

from pymongo import AsyncMongoClient

client = AsyncMongoClient(os.environ["MONGO_URI"], timeoutMS=5000)
db = client[os.environ["MONGO_DB"]]


async def run():
    skipped = 0
    for order in await db.orders.find().sort("_id", 1).to_list(100):
        if order["state"] == "sent":
            skipped += 1
            continue
        await db.orders.update_one({"_id": order["_id"]}, {"$set": {"state": "sent"}})
    return skipped


# --- seed
def seed(db):
    db.orders.insert_many({"_id": n, "state": ["open", "sent"][n % 2]} for n in range(12))
