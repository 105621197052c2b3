# expect: display
# says: $topN
import os

from pymongo import AsyncMongoClient

client = AsyncMongoClient(os.environ["MONGO_URI"], timeoutMS=5000)
db = client[os.environ["MONGO_DB"]]


async def run():
    result = {}
    for order in await db.orders.find().sort("_id", 1).to_list(100):
        items = await db.items.find({"order_id": order["_id"]}).sort("rank", -1).limit(2).to_list(None)
        result[order["_id"]] = [item["_id"] for item in items]
    return result


# --- seed
def seed(db):
    db.orders.insert_many({"_id": n} for n in range(6))
    db.items.insert_many({"_id": n, "order_id": n % 5, "rank": n * 7 % 20} for n in range(20))
