# expect: equal
import os

from pymongo import AsyncMongoClient

client = AsyncMongoClient(os.environ["MONGO_URI"], timeoutMS=5000)
db = client[os.environ["MONGO_DB"]]


async def run():
    found = []
    for order in await db.orders.find().sort("_id", 1).to_list(100):
        user = await db.users.find_one({"external.account_id": order["account_id"]})
        found.append(user["_id"] if user else None)
    return found


# --- seed
def seed(db):
    db.orders.insert_many({"_id": n, "account_id": n} for n in range(6))
    db.users.insert_many({"_id": n, "external": {"account_id": n * 2}} for n in range(4))
