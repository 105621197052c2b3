# expect: display
# says: $group
import os

from pymongo import AsyncMongoClient

client = AsyncMongoClient(os.environ["MONGO_URI"], timeoutMS=5000)
db = client[os.environ["MONGO_DB"]]


async def run():
    totals = {}
    for order in await db.orders.find().sort("_id", 1).to_list(100):
        total = 0
        async for item in db.items.find({"order_id": order["_id"]}):
            total += item["price"]
        totals[order["_id"]] = total
    return totals


# --- seed
def seed(db):
    db.orders.insert_many({"_id": n} for n in range(6))
    db.items.insert_many({"_id": n, "order_id": n % 5, "price": n} for n in range(20))
