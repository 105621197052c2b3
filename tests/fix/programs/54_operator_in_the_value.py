# expect: equal
import os

from pymongo import AsyncMongoClient

client = AsyncMongoClient(os.environ["MONGO_URI"], timeoutMS=5000)
db = client[os.environ["MONGO_DB"]]


async def run():
    found = []
    for rule in await db.rules.find().sort("_id", 1).to_list(100):
        user = await db.users.find_one({"age": rule["age"]})
        found.append(user["_id"] if user else None)
    return found


# --- seed
def seed(db):
    db.rules.insert_many([{"_id": 1, "age": 20}, {"_id": 2, "age": {"$gt": 21}}, {"_id": 3, "age": {"$lt": 3}}])
    db.users.insert_many({"_id": n, "age": 20 + n} for n in range(6))
