# expect: equal
import os

from pymongo import AsyncMongoClient

client = AsyncMongoClient(os.environ["MONGO_URI"], timeoutMS=5000)
db = client[os.environ["MONGO_DB"]]


async def run():
    result = {}
    for order in await db.orders.find().sort("_id", 1).to_list(100):
        user = await db.users.find_one({"account_id": order["account_id"]}, projection=["name"])
        result[order["_id"]] = dict(user) if user else None
    return result


# --- seed
def seed(db):
    db.users.insert_many({"_id": n, "account_id": n * 2, "name": f"user {n}"} for n in range(6))
    db.orders.insert_many({"_id": n, "account_id": n} for n in range(12))
