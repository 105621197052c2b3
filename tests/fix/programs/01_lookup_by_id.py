# expect: fixed
# commands: 13 -> 2
import os

from pymongo import AsyncMongoClient

client = AsyncMongoClient(os.environ["MONGO_URI"], timeoutMS=5000)
db = client[os.environ["MONGO_DB"]]


async def run():
    orders = await db.orders.find().sort("_id", 1).to_list(100)
    for order in orders:
        customer = await db.customers.find_one({"_id": order["customer_id"]})
        order["name"] = customer["name"] if customer else "unknown"
    return orders


# --- seed
def seed(db):
    db.customers.insert_many({"_id": n, "name": f"customer {n}"} for n in range(6))
    db.orders.insert_many({"_id": n, "customer_id": n % 8} for n in range(12))
