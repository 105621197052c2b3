# expect: fixed
# commands: 7 -> 2
# writes: copy.deepcopy(customers_by_id[order["customer_id"]] if
import os

from pymongo import AsyncMongoClient

client = AsyncMongoClient(os.environ["MONGO_URI"], timeoutMS=5000)
db = client[os.environ["MONGO_DB"]]


async def get_customer(customer_id):
    customer = await db.customers.find_one({"_id": customer_id})
    if customer is None:
        raise LookupError(f"no customer {customer_id}")
    return customer


async def run():
    result = []
    for order in await db.orders.find().sort("_id", 1).to_list(100):
        customer = await get_customer(order["customer_id"])
        customer["order"] = order["_id"]
        result.append(customer)
    return result


# --- seed
def seed(db):
    db.customers.insert_many({"_id": n, "name": f"customer {n}"} for n in range(2))
    db.orders.insert_many({"_id": n, "customer_id": n % 2} for n in range(6))
