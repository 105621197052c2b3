# expect: fixed
# commands: 8 -> 2
# raises: ValueError -> ValueError
# writes: finally
import os

from pymongo import AsyncMongoClient

client = AsyncMongoClient(os.environ["MONGO_URI"], timeoutMS=5000)
db = client[os.environ["MONGO_DB"]]


async def run():
    for order in await db.orders.find().sort("_id", 1).to_list(100):
        await db.orders.update_one({"_id": order["_id"]}, {"$set": {"total": float(order["price"])}})


# --- seed
def seed(db):
    db.orders.insert_many({"_id": n, "price": f"{n}.5"} for n in range(7))
    db.orders.insert_many({"_id": n, "price": "none"} for n in range(7, 12))
