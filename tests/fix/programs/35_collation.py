# expect: display
import os

from pymongo import AsyncMongoClient
from pymongo.collation import Collation

client = AsyncMongoClient(os.environ["MONGO_URI"], timeoutMS=5000)
db = client[os.environ["MONGO_DB"]]


async def run():
    found = []
    for order in await db.orders.find().sort("_id", 1).to_list(100):
        user = await db.users.find_one({"_id": order["user_id"]}, collation=Collation("en", strength=2))
        found.append(user["_id"] if user else None)
    return found


# --- seed
def seed(db):
    db.orders.insert_many({"_id": n, "user_id": "ABc"[n]} for n in range(3))
    db.users.insert_many({"_id": name} for name in "abd")
