# expect: equal
# flavours: async motor
# commands: any
import asyncio
import os

from pymongo import AsyncMongoClient

client = AsyncMongoClient(os.environ["MONGO_URI"], timeoutMS=5000)
db = client[os.environ["MONGO_DB"]]


async def load(ids):
    return await asyncio.gather(*[db.users.find_one({"_id": user_id}) for user_id in ids])


async def run():
    return await load([])


# --- seed
def seed(db):
    db.users.insert_one({"_id": 1})
