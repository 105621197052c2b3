# expect: equal
import os

from pymongo import AsyncMongoClient

client = AsyncMongoClient(os.environ["MONGO_URI"], timeoutMS=5000)
db = client[os.environ["MONGO_DB"]]


async def run():
    for group in await db.groups.find().sort("_id", 1).to_list(100):
        await db.users.update_many({"group_id": group["_id"]}, {"$set": {"group": group["name"]}, "$inc": {"n": 1}})
        await db.logs.delete_many({"group_id": group["_id"]})


# --- seed
def seed(db):
    db.groups.insert_many({"_id": n, "name": f"group {n}"} for n in range(4))
    db.users.insert_many({"_id": n, "group_id": n % 6, "n": 0} for n in range(12))
    db.logs.insert_many({"_id": n, "group_id": n % 6} for n in range(12))
