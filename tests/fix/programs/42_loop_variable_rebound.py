# expect: equal
import os

from pymongo import AsyncMongoClient

client = AsyncMongoClient(os.environ["MONGO_URI"], timeoutMS=5000)
db = client[os.environ["MONGO_DB"]]


async def load(names):
    found = []
    for name in names:
        name = name.lower()
        user = await db.users.find_one({"_id": name})
        found.append((name, user))
    return found


async def run():
    return await load(["A", "b", "C", "x"])


# --- seed
def seed(db):
    db.users.insert_many({"_id": name} for name in "abc")
