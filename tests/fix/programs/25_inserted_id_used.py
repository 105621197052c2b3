# expect: display
import os

from pymongo import AsyncMongoClient

client = AsyncMongoClient(os.environ["MONGO_URI"], timeoutMS=5000)
db = client[os.environ["MONGO_DB"]]


async def add(name):
    result = await db.users.insert_one({"name": name})
    return result.inserted_id


async def run():
    ids = []
    for name in [user["name"] for user in await db.people.find().sort("_id", 1).to_list(100)]:
        ids.append(await add(name))
    return len(set(ids))


# --- seed
def seed(db):
    db.people.insert_many({"_id": n, "name": f"person {n}"} for n in range(6))
