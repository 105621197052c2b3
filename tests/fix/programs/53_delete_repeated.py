# expect: fixed
# commands: 5 -> 1
import os

from pymongo import AsyncMongoClient

client = AsyncMongoClient(os.environ["MONGO_URI"], timeoutMS=5000)
db = client[os.environ["MONGO_DB"]]


async def remove(groups):
    for group in groups:
        await db.jobs.delete_one({"group": group})


async def run():
    await remove(["a", "a", "b", "x", "a"])


# --- seed
def seed(db):
    db.jobs.insert_many({"_id": n, "group": "aab"[n % 3]} for n in range(12))
