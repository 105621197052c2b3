# expect: equal
import os

from pymongo import AsyncMongoClient

client = AsyncMongoClient(os.environ["MONGO_URI"], timeoutMS=5000)
db = client[os.environ["MONGO_DB"]]


async def run():
    result = []
    for order_id in [order["order_id"] for order in await db.orders.find().sort("_id", 1).to_list(100)]:
        items = await db.items.find({"order_id": order_id}).sort("_id", 1).to_list(None)
        items.append(order_id)
        items[0]["first"] = True
        result.append(items)
    return result


# --- seed
def seed(db):
    db.orders.insert_many({"_id": n, "order_id": n % 3} for n in range(6))
    db.items.insert_many({"_id": n, "order_id": n % 3} for n in range(9))
