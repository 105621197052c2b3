# expect: fixed
# commands: 7 -> 2
import os

from pymongo import AsyncMongoClient

client = AsyncMongoClient(os.environ["MONGO_URI"], timeoutMS=5000)
db = client[os.environ["MONGO_DB"]]


async def run():
    for price in await db.prices.find().sort("_id", 1).to_list(100):
        await db.orders.update_one({"items.sku": price["_id"]}, {"$set": {"items.$.price": price["value"]}})


# --- seed
def seed(db):
    db.prices.insert_many({"_id": f"s{n}", "value": n} for n in range(6))
    db.orders.insert_many({"_id": n, "items": [{"sku": f"s{n}"}, {"sku": f"s{n + 1}"}]} for n in range(4))
