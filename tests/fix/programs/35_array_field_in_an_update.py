# expect: fixed
# commands: 7 -> 2
import os

from pymongo import AsyncMongoClient

client = AsyncMongoClient(os.environ["MONGO_URI"], timeoutMS=5000)
db = client[os.environ["MONGO_DB"]]


async def run():
    for user in await db.users.find().sort("_id", 1).to_list(100):
        await db.teams.update_one({"member_ids": user["_id"]}, {"$pull": {"member_ids": user["_id"]}})


# --- seed
def seed(db):
    db.users.insert_many({"_id": n} for n in range(6))
    db.teams.insert_many([{"_id": "a", "member_ids": [1, 2]}, {"_id": "b", "member_ids": [3, 4, 1]}])
