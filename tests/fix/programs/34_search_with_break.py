# expect: display
import os

from pymongo import AsyncMongoClient

client = AsyncMongoClient(os.environ["MONGO_URI"], timeoutMS=5000)
db = client[os.environ["MONGO_DB"]]


async def run():
    found = None
    for order in await db.orders.find().sort("_id", 1).to_list(100):
        user = await db.users.find_one({"_id": order["user_id"]})
        if user and user["admin"]:
            found = user
            break
    return found


# --- seed
def seed(db):
    db.users.insert_many({"_id": n, "admin": n == 3} for n in range(6))
    db.orders.insert_many({"_id": n, "user_id": n % 8} for n in range(12))
