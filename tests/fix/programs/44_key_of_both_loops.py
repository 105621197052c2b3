# expect: equal
import os

from pymongo import AsyncMongoClient

client = AsyncMongoClient(os.environ["MONGO_URI"], timeoutMS=5000)
db = client[os.environ["MONGO_DB"]]


async def run():
    result = []
    for order in await db.orders.find().sort("_id", 1).to_list(100):
        for day in order["days"]:
            price = await db.prices.find_one({"_id": f"{order['_id']}/{day}"})
            result.append(price and price["value"])
    return result


# --- seed
def seed(db):
    db.prices.insert_many({"_id": f"{n}/{day}", "value": n + day} for n in range(3) for day in (1, 2))
    db.orders.insert_many({"_id": n, "days": [1, 2, 3]} for n in range(4))
