# expect: equal
import os

from pymongo import AsyncMongoClient

client = AsyncMongoClient(os.environ["MONGO_URI"], timeoutMS=5000)
db = client[os.environ["MONGO_DB"]]


async def run():
    await db.names.create_index("user", unique=True)
    for user in await db.users.find().sort("_id", 1).to_list(100):
        await db.names.insert_one({"_id": user["name"], "user": user["_id"]})
        await db.users.update_one({"_id": user["_id"]}, {"$unset": {"name": ""}})


# --- seed
def seed(db):
    db.users.insert_many({"_id": n, "name": f"name {n}"} for n in range(6))
