# expect: equal
import os
from contextlib import contextmanager

from pymongo import AsyncMongoClient

client = AsyncMongoClient(os.environ["MONGO_URI"], timeoutMS=5000)
db = client[os.environ["MONGO_DB"]]


trace = []


@contextmanager
def step(name):
    trace.append(f"begin {name}")
    try:
        yield
    except LookupError:
        trace.append("failed")
    trace.append(f"end {name}")


async def run():
    for order in await db.orders.find().sort("_id", 1).to_list(100):
        with step(order["_id"]):
            user = await db.users.find_one({"_id": order["user_id"]})
            await db.orders.update_one({"_id": order["_id"]}, {"$set": {"name": user["name"]}})


# --- seed
def seed(db):
    db.users.insert_many([{"_id": 0, "name": "a"}, {"_id": 1}, {"_id": 2, "name": "c"}])
    db.orders.insert_many({"_id": n, "user_id": n} for n in range(3))
