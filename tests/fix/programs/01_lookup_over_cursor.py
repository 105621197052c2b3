# expect: fixed
# commands: 13 -> 2
import os

from pymongo import AsyncMongoClient

client = AsyncMongoClient(os.environ["MONGO_URI"], timeoutMS=5000)
db = client[os.environ["MONGO_DB"]]


async def run():
    names = {}
    async for order in db.orders.find({"open": True}).sort("_id", 1):
        customer = await db.customers.find_one({"_id": order["customer_id"]}, {"name": 1})
        names[order["_id"]] = customer["name"] if customer else None
    return names


# --- seed
def seed(db):
    db.customers.insert_many({"_id": n, "name": f"customer {n}", "secret": "x"} for n in range(6))
    db.orders.insert_many({"_id": n, "open": True, "customer_id": n % 8} for n in range(12))
