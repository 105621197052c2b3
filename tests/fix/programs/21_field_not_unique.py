# expect: fixed
# commands: 6 -> 1
import os

from pymongo import AsyncMongoClient

client = AsyncMongoClient(os.environ["MONGO_URI"], timeoutMS=5000)
db = client[os.environ["MONGO_DB"]]


async def take(groups):
    for group in groups:
        await db.jobs.update_one({"group": group, "state": "new"}, {"$set": {"state": "taken"}})


async def run():
    await take(["a", "b", "a", "a", "c", "b"])


# --- seed
def seed(db):
    db.jobs.insert_many({"_id": n, "group": "aab"[n % 3], "state": "new"} for n in range(9))
