# expect: fixed
# commands: 13 -> 3
import os

from pymongo import AsyncMongoClient

client = AsyncMongoClient(os.environ["MONGO_URI"], timeoutMS=5000)
db = client[os.environ["MONGO_DB"]]


class Orders:
    def __init__(self, database) -> None:
        self.orders = database.orders
        self.users = database["users"]

    async def update_names(self, limit: int = 100) -> None:
        orders = await self.orders.find().sort("_id", 1).limit(limit).to_list(limit)
        for order in orders:
            user = await self.users.find_one({"_id": order["user_id"]})
            await self.orders.update_one({"_id": order["_id"]}, {"$set": {"name": user["name"]}})


async def run():
    await Orders(db).update_names()


# --- seed
def seed(db):
    db.users.insert_many({"_id": n, "name": f"user {n}"} for n in range(6))
    db.orders.insert_many({"_id": n, "user_id": n} for n in range(6))
