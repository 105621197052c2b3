# expect: silent
import os

from pymongo import AsyncMongoClient

client = AsyncMongoClient(os.environ["MONGO_URI"], timeoutMS=5000)
db = client[os.environ["MONGO_DB"]]


class States:
    ALL = ("open", "sent", "paid")

    async def create(self):
        for state in self.ALL:
            await db.states.update_one({"_id": state}, {"$set": {"known": True}}, upsert=True)


async def run():
    await States().create()


# --- seed
def seed(db):
    db.states.insert_one({"_id": "open"})
