# expect: fixed
# commands: 13 -> 3
import os

from pymongo import AsyncMongoClient

client = AsyncMongoClient(os.environ["MONGO_URI"], timeoutMS=5000)
db = client[os.environ["MONGO_DB"]]


async def run():
    result = []
    orders = await db.orders.find().sort("_id", 1).to_list(100)
    for order in orders:
        buyer = await db.users.find_one({"_id": order["buyer_id"]})
        seller = await db.users.find_one({"_id": order["seller_id"]})
        result.append((buyer and buyer["name"], seller and seller["name"]))
    return result


# --- seed
def seed(db):
    db.users.insert_many({"_id": n, "name": f"user {n}"} for n in range(6))
    db.orders.insert_many({"_id": n, "buyer_id": n, "seller_id": n * 2} for n in range(6))
