# expect: silent
# run: no
import os

import redis.asyncio
from pymongo import AsyncMongoClient

client = AsyncMongoClient(os.environ["MONGO_URI"], timeoutMS=5000)
db = client[os.environ["MONGO_DB"]]


queue = redis.asyncio.Redis()


async def run():
    while item := await queue.lpop("items"):
        await db.items.update_one({"_id": item}, {"$set": {"drained": True}})


# --- seed
def seed(db):
    pass
