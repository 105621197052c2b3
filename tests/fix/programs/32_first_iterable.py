# expect: silent
import os

from pymongo import AsyncMongoClient

client = AsyncMongoClient(os.environ["MONGO_URI"], timeoutMS=5000)
db = client[os.environ["MONGO_DB"]]


async def run():
    return [item["n"] * 2 for item in (await db.lists.find_one({"_id": 1}))["items"] if item["n"] > 1]


# --- seed
def seed(db):
    db.lists.insert_one({"_id": 1, "items": [{"n": 1}, {"n": 2}, {"n": 3}]})
