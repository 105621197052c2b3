# expect: fixed
# commands: 13 -> 2
# --- file: store.py
import os

from pymongo import AsyncMongoClient

client = AsyncMongoClient(os.environ["MONGO_URI"], timeoutMS=5000)
db = client[os.environ["MONGO_DB"]]


async def get_user(user_id: int) -> dict | None:
    """One user."""
    return await db.users.find_one({"_id": user_id})


# --- file: shop.py
import store


async def run():
    result = []
    for order in await store.db.orders.find().sort("_id", 1).to_list(100):
        user = await store.get_user(order["user_id"])
        result.append(user["name"] if user else None)
    return result


# --- seed
def seed(db):
    db.users.insert_many({"_id": n, "name": f"user {n}"} for n in range(6))
    db.orders.insert_many({"_id": n, "user_id": n % 8} for n in range(12))
