# expect: equal
import os

from pymongo import AsyncMongoClient

client = AsyncMongoClient(os.environ["MONGO_URI"], timeoutMS=5000)
db = client[os.environ["MONGO_DB"]]


async def names(user_ids):
    result = []
    for user_id in user_ids:
        user = await db.users.find_one({"_id": user_id})
        result.append(user["name"] if user else None)
    result.append(len(list(user_ids)))
    return result


async def run():
    return [await names(n for n in (1, 2, 9)), await names(iter([3, 3])), await names({4: 1, 5: 2}.keys())]


# --- seed
def seed(db):
    db.users.insert_many({"_id": n, "name": f"user {n}"} for n in range(6))
