# expect: equal
# raises: DuplicateKeyError -> BulkWriteError
import os

from pymongo import AsyncMongoClient

client = AsyncMongoClient(os.environ["MONGO_URI"], timeoutMS=5000)
db = client[os.environ["MONGO_DB"]]


async def run():
    for person in await db.people.find().sort("_id", 1).to_list(100):
        await db.users.insert_one({"_id": person["name"]})


# --- seed
def seed(db):
    db.people.insert_many({"_id": n, "name": f"person {n % 5}"} for n in range(12))
