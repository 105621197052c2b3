# expect: equal
# flavours: async motor
import asyncio
import os

from pymongo import AsyncMongoClient

client = AsyncMongoClient(os.environ["MONGO_URI"], timeoutMS=5000)
db = client[os.environ["MONGO_DB"]]


async def load(user_id):
    user = await db.users.find_one({"_id": user_id})
    if user is None:
        raise LookupError(user_id)
    return user["name"]


async def run():
    ids = [order["user_id"] for order in await db.orders.find().sort("_id", 1).to_list(100)]
    found = await asyncio.gather(*[load(user_id) for user_id in ids], return_exceptions=True)
    return [repr(each) for each in found]


# --- seed
def seed(db):
    db.users.insert_many({"_id": n, "name": f"user {n}"} for n in range(6))
    db.orders.insert_many({"_id": n, "user_id": n % 8} for n in range(12))
