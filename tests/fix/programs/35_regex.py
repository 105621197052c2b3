# expect: equal
import os
import re

from pymongo import AsyncMongoClient

client = AsyncMongoClient(os.environ["MONGO_URI"], timeoutMS=5000)
db = client[os.environ["MONGO_DB"]]


async def run():
    found = []
    for word in await db.words.find().sort("_id", 1).to_list(100):
        user = await db.users.find_one({"name": re.compile("^" + word["_id"])})
        found.append(user["_id"] if user else None)
    return found


# --- seed
def seed(db):
    db.words.insert_many({"_id": word} for word in ("a", "b", "x"))
    db.users.insert_many([{"_id": 1, "name": "anna"}, {"_id": 2, "name": "ben"}])
