# expect: equal
import os

from pymongo import AsyncMongoClient

client = AsyncMongoClient(os.environ["MONGO_URI"], timeoutMS=5000)
db = client[os.environ["MONGO_DB"]]


async def run():
    result = []
    for order in await db.orders.find().sort("_id", 1).to_list(100):
        name = (await db.users.find_one({"_id": order["user_id"]}))["name"] if order.get("user_id") else "-"
        result.append(order.get("other") or await db.others.find_one({"_id": order["other_id"]}))
        result.append(name)
    return result


# --- seed
def seed(db):
    db.users.insert_many({"_id": n, "name": f"user {n}"} for n in range(6))
    db.orders.insert_many([{"_id": 1, "user_id": 2, "other_id": 1}, {"_id": 2, "other": 5}])
