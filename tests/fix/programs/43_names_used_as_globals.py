# expect: equal
import os

from pymongo import AsyncMongoClient

client = AsyncMongoClient(os.environ["MONGO_URI"], timeoutMS=5000)
db = client[os.environ["MONGO_DB"]]


UpdateOne = "not the class"
found = {}


async def run():
    global found
    for order in await db.orders.find().sort("_id", 1).to_list(100):
        found = await db.users.find_one({"_id": order["user_id"]})
        await db.orders.update_one({"_id": order["_id"]}, {"$set": {"user": found["name"], "by": UpdateOne}})
    return found, UpdateOne


# --- seed
def seed(db):
    db.users.insert_many({"_id": n, "name": f"user {n}"} for n in range(6))
    db.orders.insert_many({"_id": n, "user_id": n} for n in range(6))
