# expect: equal
# raises: TypeError -> TypeError
import os

from pymongo import AsyncMongoClient

client = AsyncMongoClient(os.environ["MONGO_URI"], timeoutMS=5000)
db = client[os.environ["MONGO_DB"]]


trace = []


async def run():
    for order in await db.orders.find().sort("_id", 1).to_list(100):
        trace.append((await db.users.find_one({"_id": order["user_id"]}))["name"])


# --- seed
def seed(db):
    db.users.insert_many({"_id": n, "name": f"user {n}"} for n in range(3))
    db.orders.insert_many({"_id": n, "user_id": n} for n in range(6))
