# expect: equal
import os

from bson import ObjectId
from pymongo import AsyncMongoClient

client = AsyncMongoClient(os.environ["MONGO_URI"], timeoutMS=5000)
db = client[os.environ["MONGO_DB"]]


async def load(ids):
    names = []
    for user_id in ids:
        user = await db.users.find_one({"_id": ObjectId(user_id)})
        names.append(user["name"] if user else None)
    return names


async def run():
    return await load([f"{n:024x}" for n in (1, 2, 9, 2)])


# --- seed
from bson import ObjectId


def seed(db):
    db.users.insert_many({"_id": ObjectId(f"{n:024x}"), "name": f"user {n}"} for n in range(6))
