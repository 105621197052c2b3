# expect: silent
import os

from pymongo import AsyncMongoClient

client = AsyncMongoClient(os.environ["MONGO_URI"], timeoutMS=5000)
db = client[os.environ["MONGO_DB"]]


async def run():
    for state in ["open", "sent", "paid"]:
        await db.states.update_one({"_id": state}, {"$set": {"known": True}}, upsert=True)


# --- seed
def seed(db):
    db.states.insert_one({"_id": "open"})
