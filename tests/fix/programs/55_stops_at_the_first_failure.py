# expect: equal
import os

from pymongo import AsyncMongoClient
from pymongo.errors import PyMongoError

client = AsyncMongoClient(os.environ["MONGO_URI"], timeoutMS=5000)
db = client[os.environ["MONGO_DB"]]


async def run():
    done = []
    for user in await db.users.find().sort("_id", 1).to_list(100):
        try:
            await db.names.insert_one({"_id": user["name"]})
        except PyMongoError:
            break
        done.append(user["_id"])
    return done


# --- seed
def seed(db):
    db.users.insert_many({"_id": n, "name": f"name {n % 4}"} for n in range(6))
