# expect: fixed
# commands: 19 -> 4
import os

from pymongo import AsyncMongoClient

client = AsyncMongoClient(os.environ["MONGO_URI"], timeoutMS=5000)
db = client[os.environ["MONGO_DB"]]


async def run():
    orders = await db.orders.find().sort("_id", 1).to_list(100)
    names = []
    for order in orders:
        user = await db.users.find_one({"_id": order["user_id"]})
        names.append(user["name"])
    for order in orders:
        user = await db.users.find_one({"_id": order["payer_id"]})
        names.append(user["name"])
        await db.orders.update_one({"_id": order["_id"]}, {"$set": {"payer": user["name"]}})
    return names


# --- seed
def seed(db):
    db.users.insert_many({"_id": n, "name": f"user {n}"} for n in range(6))
    db.orders.insert_many({"_id": n, "user_id": n, "payer_id": 5 - n} for n in range(6))
