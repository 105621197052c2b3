# expect: equal
import os

from pymongo import AsyncMongoClient

client = AsyncMongoClient(os.environ["MONGO_URI"], timeoutMS=5000)
db = client[os.environ["MONGO_DB"]]


async def run():
    found = []
    for slot in await db.slots.find().sort("_id", 1).to_list(100):
        event = await db.events.find_one({"at": slot["at"]})
        found.append(event["_id"] if event else None)
    return found


# --- seed
from datetime import datetime, timedelta


def seed(db):
    db.slots.insert_many({"_id": n, "at": datetime(2024, 1, 1) + timedelta(hours=n)} for n in range(6))
    db.events.insert_many({"_id": n, "at": datetime(2024, 1, 1) + timedelta(hours=n)} for n in range(4))
