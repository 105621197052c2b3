# expect: equal
# commands: any
import os

from pymongo import AsyncMongoClient

client = AsyncMongoClient(os.environ["MONGO_URI"], timeoutMS=5000)
db = client[os.environ["MONGO_DB"]]


async def run():
    result = []
    for order in await db.orders.find().sort("_id", 1).to_list(100):
        if order["_id"] > 3:
            wanted = {"_id": order["missing"]} if "missing" in order else {"_id": "prices"}
            result.append(await db.settings.find_one(wanted))
    return result


# --- seed
def seed(db):
    db.settings.insert_one({"_id": "prices", "factor": 3})
    db.orders.insert_many({"_id": n} for n in range(6))
