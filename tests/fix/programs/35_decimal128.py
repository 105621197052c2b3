# expect: equal
import os

from pymongo import AsyncMongoClient

client = AsyncMongoClient(os.environ["MONGO_URI"], timeoutMS=5000)
db = client[os.environ["MONGO_DB"]]


async def run():
    found = []
    for order in await db.orders.find().sort("_id", 1).to_list(100):
        price = await db.prices.find_one({"amount": order["amount"]})
        found.append(price["_id"] if price else None)
    return found


# --- seed
from bson import Decimal128


def seed(db):
    db.orders.insert_many({"_id": n, "amount": Decimal128(f"{n}.50")} for n in range(6))
    db.prices.insert_many({"_id": n, "amount": Decimal128(f"{n}.5")} for n in range(4))
