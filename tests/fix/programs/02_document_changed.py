# expect: fixed
# commands: 13 -> 2
# writes: deepcopy
import os

from pymongo import AsyncMongoClient

client = AsyncMongoClient(os.environ["MONGO_URI"], timeoutMS=5000)
db = client[os.environ["MONGO_DB"]]


async def run():
    orders = await db.orders.find().sort("_id", 1).to_list(100)
    result = []
    for order in orders:
        customer = await db.customers.find_one({"_id": order["customer_id"]})
        customer["order"] = order["_id"]
        customer["tags"].append(order["_id"])
        result.append(customer)
    return result


# --- seed
def seed(db):
    db.customers.insert_many({"_id": n, "tags": ["vip"]} for n in range(3))
    db.orders.insert_many({"_id": n, "customer_id": n % 3} for n in range(12))
