# expect: display
import os

from pymongo import AsyncMongoClient

client = AsyncMongoClient(os.environ["MONGO_URI"], timeoutMS=5000)
db = client[os.environ["MONGO_DB"]]


async def touch(user_id):
    user = await db.users.find_one({"_id": user_id})
    user["touched"] = True
    await db.users.replace_one({"_id": user_id}, user)


async def run():
    for user in await db.users.find().sort("_id", 1).to_list(100):
        await db.users.update_one({"_id": user["_id"]}, {"$set": {"name": user["name"].title()}})
        await touch(user["_id"])


# --- seed
def seed(db):
    db.users.insert_many({"_id": n, "name": f"user {n}"} for n in range(6))
