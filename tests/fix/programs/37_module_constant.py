# expect: silent
import os

from pymongo import AsyncMongoClient

client = AsyncMongoClient(os.environ["MONGO_URI"], timeoutMS=5000)
db = client[os.environ["MONGO_DB"]]


STATES = ("open", "sent", "paid")


async def run():
    for state in STATES:
        await db.states.update_one({"_id": state}, {"$set": {"known": True}}, upsert=True)


# --- seed
def seed(db):
    db.states.insert_one({"_id": "open"})
