# expect: display
import os

from pymongo import AsyncMongoClient

client = AsyncMongoClient(os.environ["MONGO_URI"], timeoutMS=5000)
db = client[os.environ["MONGO_DB"]]


class Model:
    def __init__(self, name: str, size: int) -> None:
        self.name = name
        self.size = size

    async def save(self) -> None:
        await db.models.update_one({"_id": self.name}, {"$set": {"size": self.size}}, upsert=True)


class Registry:
    def __init__(self) -> None:
        self.models = {name: Model(name, size) for size, name in enumerate("abcd")}

    def by_name(self, name: str) -> Model:
        return self.models[name]

    async def save(self, names: list[str]) -> None:
        for name in names:
            await self.by_name(name).save()


async def run():
    await Registry().save(["b", "d", "a"])


# --- seed
def seed(db):
    db.models.insert_one({"_id": "a", "size": 99})
