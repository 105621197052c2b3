# expect: equal
import os

from pymongo import AsyncMongoClient

client = AsyncMongoClient(os.environ["MONGO_URI"], timeoutMS=5000)
db = client[os.environ["MONGO_DB"]]


def ids(orders):
    for order in orders:
        yield order["user_id"]


async def run():
    orders = await db.orders.find().sort("_id", 1).to_list(100)
    stream = ids(orders)
    names = []
    for user_id in stream:
        user = await db.users.find_one({"_id": user_id})
        names.append(user["name"])
        if user_id == 2:
            names.append(next(stream))
    return names, list(stream)


# --- seed
def seed(db):
    db.users.insert_many({"_id": n, "name": f"user {n}"} for n in range(6))
    db.orders.insert_many({"_id": n, "user_id": n} for n in range(6))
