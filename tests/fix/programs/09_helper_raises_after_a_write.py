# expect: equal
# raises: LookupError -> LookupError
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
    for order in await db.orders.find().sort("_id", 1).to_list(100):
        await db.log.insert_one({"_id": order["_id"], "text": "begin"})
        customer = await get_customer(order["customer_id"])
        await db.orders.update_one({"_id": order["_id"]}, {"$set": {"name": customer["name"]}})


# --- seed
def seed(db):
    db.customers.insert_many({"_id": n, "name": f"customer {n}"} for n in range(6))
    db.orders.insert_many({"_id": n, "customer_id": n} for n in range(12))
