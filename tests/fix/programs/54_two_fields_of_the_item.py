# expect: equal
import os

from pymongo import AsyncMongoClient

client = AsyncMongoClient(os.environ["MONGO_URI"], timeoutMS=5000)
db = client[os.environ["MONGO_DB"]]


async def run():
    found = []
    for order in await db.orders.find().sort("_id", 1).to_list(100):
        price = await db.prices.find_one({"sku_id": order["sku_id"], "country_id": order["country_id"]})
        found.append(price["value"] if price else None)
    return found


# --- seed
def seed(db):
    db.orders.insert_many({"_id": n, "sku_id": n % 3, "country_id": n % 2} for n in range(8))
    db.prices.insert_many({"_id": n, "sku_id": n % 2, "country_id": n // 2, "value": n} for n in range(4))
