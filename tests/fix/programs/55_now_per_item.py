# expect: fixed
# commands: 7 -> 2
import os

from pymongo import AsyncMongoClient

client = AsyncMongoClient(os.environ["MONGO_URI"], timeoutMS=5000)
db = client[os.environ["MONGO_DB"]]


async def run():
    number = 0
    for order in await db.orders.find().sort("_id", 1).to_list(100):
        number += 1
        await db.orders.update_one({"_id": order["_id"]}, {"$set": {"number": number, "label": f"#{number}"}})
    return number


# --- seed
def seed(db):
    db.orders.insert_many({"_id": n} for n in range(6))
