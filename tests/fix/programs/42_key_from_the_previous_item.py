# expect: equal
import os

from pymongo import AsyncMongoClient

client = AsyncMongoClient(os.environ["MONGO_URI"], timeoutMS=5000)
db = client[os.environ["MONGO_DB"]]


async def run():
    last_id = 0
    found = []
    for order in await db.orders.find().sort("_id", 1).to_list(100):
        user = await db.users.find_one({"_id": last_id})
        found.append(user)
        last_id = order["user_id"]
    return found


# --- seed
def seed(db):
    db.users.insert_many({"_id": n} for n in range(4))
    db.orders.insert_many({"_id": n, "user_id": n} for n in range(6))
