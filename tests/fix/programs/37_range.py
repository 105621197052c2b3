# expect: silent
import os

from pymongo import AsyncMongoClient

client = AsyncMongoClient(os.environ["MONGO_URI"], timeoutMS=5000)
db = client[os.environ["MONGO_DB"]]


async def run():
    found = []
    for level in range(3):
        found.append(await db.levels.find_one({"_id": level}))
    return found


# --- seed
def seed(db):
    db.levels.insert_one({"_id": 1})
