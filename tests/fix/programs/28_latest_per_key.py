# expect: equal
import os

from pymongo import AsyncMongoClient

client = AsyncMongoClient(os.environ["MONGO_URI"], timeoutMS=5000)
db = client[os.environ["MONGO_DB"]]


async def run():
    latest = {}
    for user in await db.users.find().sort("_id", 1).to_list(100):
        login = await db.logins.find_one({"user_id": user["_id"]}, sort=[("at", -1)])
        latest[user["_id"]] = login["at"] if login else None
    return latest


# --- seed
def seed(db):
    db.users.insert_many({"_id": n} for n in range(6))
    db.logins.insert_many({"_id": n, "user_id": n % 5, "at": n * 7 % 20} for n in range(20))
