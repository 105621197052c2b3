# expect: fixed
# commands: 11 -> 2
import os

from pymongo import AsyncMongoClient

client = AsyncMongoClient(os.environ["MONGO_URI"], timeoutMS=5000)
db = client[os.environ["MONGO_DB"]]


async def run():
    result = []
    for order in await db.orders.find().sort("_id", 1).to_list(100):
        customer_id = order["customer_id"]
        label = f"order {order['_id']}"
        customer = await db.customers.find_one({"_id": customer_id})
        result.append((label, customer_id, customer["name"] if customer is not None else "-"))
    return result


# --- seed
def seed(db):
    db.customers.insert_many({"_id": n, "name": f"customer {n}"} for n in range(4))
    db.orders.insert_many({"_id": n, "customer_id": n % 6} for n in range(10))
