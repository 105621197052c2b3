# expect: equal
import os

from pymongo import AsyncMongoClient

client = AsyncMongoClient(os.environ["MONGO_URI"], timeoutMS=5000)
db = client[os.environ["MONGO_DB"]]


async def run():
    found = []
    for order in await db.orders.find().sort("_id", 1).to_list(100):
        user = await db.users.find_one({"owner_id": order.get("owner_id")})
        found.append(user["_id"] if user else None)
    return found


# --- seed
def seed(db):
    db.orders.insert_many([{"_id": 1, "owner_id": 2}, {"_id": 2}, {"_id": 3, "owner_id": 9}])
    db.orders.insert_one({"_id": 4, "owner_id": None})
    db.users.insert_many([{"_id": 1, "owner_id": 2}, {"_id": 2}, {"_id": 3}])
