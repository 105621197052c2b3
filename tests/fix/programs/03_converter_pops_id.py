# expect: fixed
# commands: 7 -> 2
# writes: deepcopy
import os

from pymongo import AsyncMongoClient

client = AsyncMongoClient(os.environ["MONGO_URI"], timeoutMS=5000)
db = client[os.environ["MONGO_DB"]]


def convert(document):
    document["id"] = document.pop("_id")
    return document


async def run():
    result = []
    for order in await db.orders.find().sort("_id", 1).to_list(100):
        customer = await db.customers.find_one({"_id": order["customer_id"]})
        result.append(convert(customer))
    return result


# --- seed
def seed(db):
    db.customers.insert_many({"_id": n, "name": f"customer {n}"} for n in range(2))
    db.orders.insert_many({"_id": n, "customer_id": n % 2} for n in range(6))
