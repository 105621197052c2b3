# expect: fixed
# commands: 1802 -> 7
# flavours: sync
import os

from pymongo import AsyncMongoClient

client = AsyncMongoClient(os.environ["MONGO_URI"], timeoutMS=5000)
db = client[os.environ["MONGO_DB"]]


async def run():
    done = 0
    async for order in db.orders.find():
        customer = await db.customers.find_one({"_id": order["customer_id"]})
        if customer is None:
            continue
        await db.orders.update_one({"_id": order["_id"]}, {"$set": {"name": customer["name"]}})
        done += 1
    return done


# --- seed
def seed(db):
    db.customers.insert_many({"_id": 2 * n, "name": f"customer {n}"} for n in range(600))
    db.orders.insert_many({"_id": n, "customer_id": n} for n in range(1200))
