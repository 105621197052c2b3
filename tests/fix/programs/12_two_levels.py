# expect: fixed
# commands: 13 -> 2
import os

from pymongo import AsyncMongoClient

client = AsyncMongoClient(os.environ["MONGO_URI"], timeoutMS=5000)
db = client[os.environ["MONGO_DB"]]


class Repository:
    def __init__(self, database) -> None:
        self.users = database.users

    async def get(self, user_id: int) -> dict | None:
        return await self.users.find_one({"_id": user_id})


class Service:
    def __init__(self, repository: Repository) -> None:
        self.repository = repository

    async def get_user(self, user_id: int) -> dict | None:
        return await self.repository.get(user_id)


async def run():
    service = Service(Repository(db))
    result = []
    for order in await db.orders.find().sort("_id", 1).to_list(100):
        user = await service.get_user(order["user_id"])
        result.append(user["name"] if user else None)
    return result


# --- seed
def seed(db):
    db.users.insert_many({"_id": n, "name": f"user {n}"} for n in range(6))
    db.orders.insert_many({"_id": n, "user_id": n % 8} for n in range(12))
