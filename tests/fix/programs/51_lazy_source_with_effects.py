# expect: equal
import os

from pymongo import AsyncMongoClient

client = AsyncMongoClient(os.environ["MONGO_URI"], timeoutMS=5000)
db = client[os.environ["MONGO_DB"]]


trace = []


def source():
    for number in (1, 2, 3):
        trace.append(f"make {number}")
        yield {"_id": number}


async def run():
    for item in source():
        user = await db.users.find_one({"_id": item["_id"]})
        trace.append(f"use {user['_id']}")


# --- seed
def seed(db):
    db.users.insert_many({"_id": n} for n in range(6))
