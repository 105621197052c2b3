# expect: equal
import os

from pymongo import AsyncMongoClient

client = AsyncMongoClient(os.environ["MONGO_URI"], timeoutMS=5000)
db = client[os.environ["MONGO_DB"]]


trace = []


async def users():
    async for order in db.orders.find().sort("_id", 1):
        user = await db.users.find_one({"_id": order["user_id"]})
        trace.append(order["_id"])
        yield order["_id"], user


async def run():
    found = []
    async for number, user in users():
        found.append((number, user))
        await db.users.update_one({"_id": number}, {"$set": {"seen": True}})
    return found


# --- seed
def seed(db):
    db.users.insert_many({"_id": n} for n in range(6))
    db.orders.insert_many({"_id": n, "user_id": n % 4} for n in range(6))
