# expect: equal
import os

from pymongo import AsyncMongoClient
from pymongo.errors import DuplicateKeyError

client = AsyncMongoClient(os.environ["MONGO_URI"], timeoutMS=5000)
db = client[os.environ["MONGO_DB"]]


async def run():
    taken = []
    for user in await db.users.find().sort("_id", 1).to_list(100):
        try:
            await db.names.insert_one({"_id": user["name"], "user": user["_id"]})
        except DuplicateKeyError:
            taken.append(user["_id"])
    return taken


# --- seed
def seed(db):
    db.users.insert_many({"_id": n, "name": f"name {n % 5}"} for n in range(12))
