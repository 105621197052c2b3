# expect: equal
import os

from pymongo import AsyncMongoClient

client = AsyncMongoClient(os.environ["MONGO_URI"], timeoutMS=5000)
db = client[os.environ["MONGO_DB"]]


async def run():
    result = []
    for order in await db.orders.find().sort("_id", 1).to_list(100):
        for line in order["lines"]:
            product = await db.products.find_one({"_id": line["product_id"]})
            result.append((order["_id"], product["name"] if product else None))
    return result


# --- seed
def seed(db):
    db.products.insert_many({"_id": n, "name": f"product {n}"} for n in range(6))
    db.orders.insert_many({"_id": n, "lines": [{"product_id": n}, {"product_id": n * 2}]} for n in range(6))
