# expect: fixed
# commands: 21 -> 3
import os

from pymongo import AsyncMongoClient

client = AsyncMongoClient(os.environ["MONGO_URI"], timeoutMS=5000)
db = client[os.environ["MONGO_DB"]]


async def run():
    orders = await db.orders.find().sort("_id", 1).to_list(100)
    done = 0
    for order in orders:
        customer = await db.customers.find_one({"_id": order["customer_id"]})
        if customer is None:
            continue
        await db.orders.update_one({"_id": order["_id"]}, {"$set": {"name": customer["name"]}})
        done += 1
    return done


# --- seed
def seed(db):
    db.customers.insert_many({"_id": n, "name": f"customer {n}"} for n in range(4))
    db.orders.insert_many({"_id": n, "customer_id": n % 6} for n in range(12))
