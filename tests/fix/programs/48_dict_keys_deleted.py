# expect: equal
import os

from pymongo import AsyncMongoClient

client = AsyncMongoClient(os.environ["MONGO_URI"], timeoutMS=5000)
db = client[os.environ["MONGO_DB"]]


async def run():
    orders = {order["_id"]: order for order in await db.orders.find().sort("_id", 1).to_list(100)}
    for order_id in list(orders):
        user = await db.users.find_one({"_id": orders[order_id]["user_id"]})
        if user is None:
            del orders[order_id]
    return orders


# --- seed
def seed(db):
    db.users.insert_many({"_id": n} for n in range(6))
    db.orders.insert_many({"_id": n, "user_id": n % 8} for n in range(12))
