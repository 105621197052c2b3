# expect: equal
# raises: TypeError -> TypeError
import os

from pymongo import AsyncMongoClient

client = AsyncMongoClient(os.environ["MONGO_URI"], timeoutMS=5000)
db = client[os.environ["MONGO_DB"]]


trace = []


async def get_user(user_id):
    if user_id is None:
        raise TypeError("who?")
    return await db.users.find_one({"_id": user_id})


async def run():
    for user_id in [doc.get("user_id") for doc in await db.orders.find().sort("_id", 1).to_list(10)]:
        user = await get_user(user_id)
        trace.append(user["name"] if user else None)


# --- seed
def seed(db):
    db.users.insert_many({"_id": n, "name": f"user {n}"} for n in range(6))
    db.orders.insert_many([{"_id": 1, "user_id": 2}, {"_id": 2, "user_id": 9}, {"_id": 3}, {"_id": 4, "user_id": 1}])
