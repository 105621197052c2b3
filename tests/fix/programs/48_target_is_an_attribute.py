# expect: equal
import os

from pymongo import AsyncMongoClient

client = AsyncMongoClient(os.environ["MONGO_URI"], timeoutMS=5000)
db = client[os.environ["MONGO_DB"]]


class State:
    current = None


async def run():
    names = []
    for State.current in [order["user_id"] for order in await db.orders.find().sort("_id", 1).to_list(100)]:
        user = await db.users.find_one({"_id": State.current})
        names.append(user and user["name"])
    return names


# --- seed
def seed(db):
    db.users.insert_many({"_id": n, "name": f"user {n}"} for n in range(6))
    db.orders.insert_many({"_id": n, "user_id": n % 8} for n in range(12))
