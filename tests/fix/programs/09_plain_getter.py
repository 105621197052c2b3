# expect: fixed
# commands: 13 -> 2
import os

from pymongo import AsyncMongoClient

client = AsyncMongoClient(os.environ["MONGO_URI"], timeoutMS=5000)
db = client[os.environ["MONGO_DB"]]


async def get_customer(customer_id: int) -> dict | None:
    return await db.customers.find_one({"_id": customer_id})


async def run():
    result = []
    for order in await db.orders.find().sort("_id", 1).to_list(100):
        customer = await get_customer(order["customer_id"])
        if customer is None:
            continue
        result.append(customer["name"])
    return result


# --- seed
def seed(db):
    db.customers.insert_many({"_id": n, "name": f"customer {n}"} for n in range(6))
    db.orders.insert_many({"_id": n, "customer_id": n % 8} for n in range(12))
