# expect: fixed
# commands: any
import os

from pymongo import AsyncMongoClient

client = AsyncMongoClient(os.environ["MONGO_URI"], timeoutMS=5000)
db = client[os.environ["MONGO_DB"]]


async def run():
    orders = await db.orders.find({"missing": True}).to_list(100)
    names = []
    for order in orders:
        customer = await db.customers.find_one({"_id": order["customer_id"]})
        names.append(customer["name"])
    async for order in db.orders.find({"missing": True}):
        customer = await db.customers.find_one({"_id": order["customer_id"]})
        names.append(customer["name"])
    return names


# --- seed
def seed(db):
    db.customers.insert_one({"_id": 1})
