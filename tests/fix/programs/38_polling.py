# expect: silent
import os
import time

from pymongo import AsyncMongoClient

client = AsyncMongoClient(os.environ["MONGO_URI"], timeoutMS=5000)
db = client[os.environ["MONGO_DB"]]


async def run():
    while not await db.jobs.find_one({"_id": 1, "done": True}):
        time.sleep(0.1)
    return "done"


# --- seed
def seed(db):
    db.jobs.insert_one({"_id": 1, "done": True})
