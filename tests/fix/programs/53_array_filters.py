# expect: equal
import os

from pymongo import AsyncMongoClient

client = AsyncMongoClient(os.environ["MONGO_URI"], timeoutMS=5000)
db = client[os.environ["MONGO_DB"]]


async def run():
    for price in await db.prices.find().sort("_id", 1).to_list(100):
        await db.orders.update_one(
            {"_id": price["order_id"]},
            {"$set": {"lines.$[line].price": price["value"]}},
            array_filters=[{"line.sku": price["_id"]}],
            comment="prices",
        )


# --- seed
def seed(db):
    db.prices.insert_many({"_id": f"s{n}", "order_id": n % 2, "value": n} for n in range(6))
    db.orders.insert_many({"_id": n, "lines": [{"sku": f"s{i}"} for i in range(6)]} for n in range(2))
