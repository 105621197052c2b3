# expect: fixed
# commands: 13 -> 2
# says: first
import os

from pymongo import AsyncMongoClient

client = AsyncMongoClient(os.environ["MONGO_URI"], timeoutMS=5000)
db = client[os.environ["MONGO_DB"]]


async def load(tenant):
    result = []
    for order in await db.orders.find({"tenant": tenant}).sort("_id", 1).to_list(100):
        customer = await db.customers.find_one({"tenant": tenant, "customer_id": order["customer_id"]})
        result.append(customer["name"] if customer else None)
    return result


async def run():
    return await load("b")


# --- seed
def seed(db):
    db.customers.insert_many({"_id": n, "tenant": "b", "customer_id": n % 5, "name": f"c {n}"} for n in range(20))
    db.orders.insert_many({"_id": n, "tenant": "b", "customer_id": n % 7} for n in range(12))
