# expect: fixed
# commands: any
import os

from pymongo import AsyncMongoClient

client = AsyncMongoClient(os.environ["MONGO_URI"], timeoutMS=5000)
db = client[os.environ["MONGO_DB"]]


async def run():
    orders = await db.orders.find({"missing": True}).to_list(100)
    for order in orders:
        await db.customers.update_one({"_id": order["customer_id"]}, {"$set": {"seen": True}})
    async for order in db.orders.find({"missing": True}):
        await db.customers.delete_one({"_id": order["customer_id"]})


# --- seed
def seed(db):
    db.customers.insert_one({"_id": 1})
