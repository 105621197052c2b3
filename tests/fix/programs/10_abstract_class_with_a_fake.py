# expect: fixed
# commands: 7 -> 2
import os
from abc import ABC, abstractmethod

from pymongo import AsyncMongoClient

client = AsyncMongoClient(os.environ["MONGO_URI"], timeoutMS=5000)
db = client[os.environ["MONGO_DB"]]


class Customers(ABC):
    @abstractmethod
    async def get(self, customer_id: int) -> dict | None: ...


class MongoCustomers(Customers):
    async def get(self, customer_id: int) -> dict | None:
        return await db.customers.find_one({"_id": customer_id})


class Report:
    def __init__(self, customers: Customers) -> None:
        self.customers = customers

    async def names(self, orders: list[dict]) -> list[str]:
        result = []
        for order in orders:
            customer = await self.customers.get(order["customer_id"])
            if customer is not None:
                result.append(customer["name"])
        return result


async def run():
    orders = await db.orders.find().sort("_id", 1).to_list(100)
    return await Report(MongoCustomers()).names(orders)


# --- seed
def seed(db):
    db.customers.insert_many({"_id": n, "name": f"customer {n}"} for n in range(3))
    db.orders.insert_many({"_id": n, "customer_id": n % 4} for n in range(6))


async def again(ns):
    class FakeCustomers(ns["Customers"]):
        async def get(self, customer_id):
            return {"name": f"fake {customer_id}"} if customer_id % 2 else None

    return await ns["Report"](FakeCustomers()).names([{"customer_id": n} for n in (1, 2, 3, 1)])
