# expect: display
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


class Facade:
    def __init__(self, service: Service) -> None:
        self.service = service

    async def user(self, user_id: int) -> dict | None:
        return await self.service.get_user(user_id)


async def run():
    facade = Facade(Service(Repository(db)))
    result = []
    for order in await db.orders.find().sort("_id", 1).to_list(100):
        result.append(await facade.user(order["user_id"]))
    return result


# --- seed
def seed(db):
    db.users.insert_many({"_id": n, "name": f"user {n}"} for n in range(6))
    db.orders.insert_many({"_id": n, "user_id": n % 8} for n in range(12))
