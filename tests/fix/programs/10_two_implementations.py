# expect: equal
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


class OldCustomers(Customers):
    async def get(self, customer_id: int) -> dict | None:
        return await db.old_customers.find_one({"number": str(customer_id)})


async def names(customers: Customers, ids: list[int]) -> list[str]:
    result = []
    for customer_id in ids:
        customer = await customers.get(customer_id)
        result.append(customer["name"] if customer else "-")
    return result


async def run():
    return [await names(MongoCustomers(), [1, 2, 5]), await names(OldCustomers(), [1, 2, 5])]


# --- seed
def seed(db):
    db.customers.insert_many({"_id": n, "name": f"customer {n}"} for n in range(3))
    db.old_customers.insert_many({"_id": n, "number": str(n), "name": f"old {n}"} for n in range(2, 6))
