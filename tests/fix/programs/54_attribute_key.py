# expect: fixed
# commands: 5 -> 2
import os
from dataclasses import dataclass

from pymongo import AsyncMongoClient

client = AsyncMongoClient(os.environ["MONGO_URI"], timeoutMS=5000)
db = client[os.environ["MONGO_DB"]]


@dataclass
class Order:
    number: int
    customer_id: int


async def names(orders: list[Order]) -> list[str]:
    result = []
    for order in orders:
        customer = await db.customers.find_one({"_id": order.customer_id})
        result.append(customer["name"] if customer else f"unknown {order.customer_id}")
    return result


async def run():
    orders = await db.orders.find().sort("_id", 1).to_list(10)
    return await names([Order(d["_id"], d["customer_id"]) for d in orders])


# --- seed
def seed(db):
    db.orders.insert_many({"_id": n, "customer_id": key} for n, key in enumerate([2, 9, 2, 0]))
    db.customers.insert_many({"_id": n, "name": f"customer {n}"} for n in range(6))
