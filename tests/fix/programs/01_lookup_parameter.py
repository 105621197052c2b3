# expect: fixed
# commands: 7 -> 2
import os

from pymongo import AsyncMongoClient

client = AsyncMongoClient(os.environ["MONGO_URI"], timeoutMS=5000)
db = client[os.environ["MONGO_DB"]]


async def names(user_ids):
    found = []
    for user_id in user_ids:
        user = await db.users.find_one({"_id": user_id})
        if user is None:
            found.append(None)
            continue
        found.append(user["name"])
    return found


async def run():
    return [await names([3, 1, 99, 3, 1]), await names([]), await names((2, 0))]


# --- seed
def seed(db):
    db.users.insert_many({"_id": n, "name": f"user {n}"} for n in range(6))
