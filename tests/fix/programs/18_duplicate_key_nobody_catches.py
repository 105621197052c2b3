# expect: fixed
# commands: 8 -> 3
# raises: DuplicateKeyError -> BulkWriteError
import os

from pymongo import AsyncMongoClient

client = AsyncMongoClient(os.environ["MONGO_URI"], timeoutMS=5000)
db = client[os.environ["MONGO_DB"]]


async def run():
    await db.users.create_index("email", unique=True)
    for user in await db.users.find().sort("_id", 1).to_list(100):
        await db.users.update_one({"_id": user["_id"]}, {"$set": {"email": user["wanted"]}})


# --- seed
def seed(db):
    db.users.insert_many({"_id": n, "email": f"{n}@x.org", "wanted": f"{n % 5}@y.org"} for n in range(12))
