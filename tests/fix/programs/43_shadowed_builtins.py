# expect: equal
import os

from pymongo import AsyncMongoClient

client = AsyncMongoClient(os.environ["MONGO_URI"], timeoutMS=5000)
db = client[os.environ["MONGO_DB"]]


def copy(value):
    return f"copy of {value}"


def islice(value):
    return f"slice of {value}"


async def run():
    list_, dict_ = [], {}
    list = ["not the type"]
    async for order in db.orders.find().sort("_id", 1):
        user = await db.users.find_one({"_id": order["user_id"]})
        user["copy"] = copy(order["_id"])
        list_.append(user)
        dict_[order["_id"]] = islice(user["_id"])
    return list, list_, dict_


# --- seed
def seed(db):
    db.users.insert_many({"_id": n, "name": f"user {n}"} for n in range(2))
    db.orders.insert_many({"_id": n, "user_id": n % 2} for n in range(6))
