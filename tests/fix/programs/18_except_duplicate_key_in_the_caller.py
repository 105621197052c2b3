# expect: equal
import os

from pymongo import AsyncMongoClient
from pymongo.errors import DuplicateKeyError

client = AsyncMongoClient(os.environ["MONGO_URI"], timeoutMS=5000)
db = client[os.environ["MONGO_DB"]]


async def register(users):
    for user in users:
        await db.names.insert_one({"_id": user["name"], "user": user["_id"]})


async def run():
    try:
        await register(await db.users.find().sort("_id", 1).to_list(100))
    except DuplicateKeyError:
        return "taken"
    return "done"


# --- seed
def seed(db):
    db.users.insert_many({"_id": n, "name": f"name {n % 5}"} for n in range(12))
