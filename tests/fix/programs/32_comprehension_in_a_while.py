# expect: equal
import os

from pymongo import AsyncMongoClient

client = AsyncMongoClient(os.environ["MONGO_URI"], timeoutMS=5000)
db = client[os.environ["MONGO_DB"]]


async def run():
    rounds = 0
    ids = [d["_id"] for d in await db.wanted.find().sort("_id", 1).to_list(10)]
    while any([await db.users.find_one({"_id": user_id}) for user_id in ids]):
        await db.users.delete_one({"_id": ids[rounds]})
        rounds += 1
    return rounds


# --- seed
def seed(db):
    db.wanted.insert_many({"_id": n} for n in (1, 2, 3))
    db.users.insert_many({"_id": n} for n in range(6))
