# expect: display
import os

from pymongo import AsyncMongoClient

client = AsyncMongoClient(os.environ["MONGO_URI"], timeoutMS=5000)
db = client[os.environ["MONGO_DB"]]


async def free_name(names):
    for name in names:
        if not await db.users.find_one({"_id": name}):
            return name
    return None


async def run():
    return await free_name([f"user{n}" for n in range(9)])


# --- seed
def seed(db):
    db.users.insert_many({"_id": f"user{n}"} for n in range(3))
