# expect: fixed
# flavours: async motor
# commands: 4 -> 1
import asyncio
import os

from pymongo import AsyncMongoClient

client = AsyncMongoClient(os.environ["MONGO_URI"], timeoutMS=5000)
db = client[os.environ["MONGO_DB"]]


async def load(ids):
    return await asyncio.gather(*[db.users.find_one({"_id": user_id}) for user_id in ids])


async def run():
    return await load([3, 9, 1, 3])


# --- seed
def seed(db):
    db.users.insert_many({"_id": n, "name": f"user {n}"} for n in range(6))
