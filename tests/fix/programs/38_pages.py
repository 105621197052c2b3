# expect: silent
import os

from pymongo import AsyncMongoClient

client = AsyncMongoClient(os.environ["MONGO_URI"], timeoutMS=5000)
db = client[os.environ["MONGO_DB"]]


async def run():
    found, skip = [], 0
    while True:
        page = await db.users.find().sort("_id", 1).skip(skip).limit(5).to_list(None)
        if not page:
            return found
        found += page
        skip += 5


# --- seed
def seed(db):
    db.users.insert_many({"_id": n} for n in range(12))
