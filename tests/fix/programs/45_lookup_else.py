# expect: equal
import os

from pymongo import AsyncMongoClient

client = AsyncMongoClient(os.environ["MONGO_URI"], timeoutMS=5000)
db = client[os.environ["MONGO_DB"]]


async def run():
    names = []
    for order in await db.orders.find().sort("_id", 1).to_list(100):
        user = await db.users.find_one({"_id": order["user_id"]})
        names.append(user["name"])
    else:
        names.append("end")
    return names, order, user


# --- seed
def seed(db):
    db.users.insert_many({"_id": n, "name": f"user {n}"} for n in range(6))
    db.orders.insert_many({"_id": n, "user_id": n} for n in range(6))
