# expect: equal
# raises: InvalidId -> InvalidId
import os

from bson import ObjectId
from pymongo import AsyncMongoClient

client = AsyncMongoClient(os.environ["MONGO_URI"], timeoutMS=5000)
db = client[os.environ["MONGO_DB"]]


trace = []


async def load(ids):
    for user_id in ids:
        await db.log.insert_one({"_id": user_id})
        user = await db.users.find_one({"_id": ObjectId(user_id)})
        trace.append(user["name"])


async def run():
    await load([f"{1:024x}", f"{2:024x}", "bad", f"{3:024x}"])


# --- seed
from bson import ObjectId


def seed(db):
    db.users.insert_many({"_id": ObjectId(f"{n:024x}"), "name": f"user {n}"} for n in range(6))
