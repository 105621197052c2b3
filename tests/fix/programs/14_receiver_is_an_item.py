# expect: equal
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


async def save_all(models: list[Model]) -> None:
    for model in models:
        await model.save()


async def run():
    await save_all([Model(d["name"], d["_id"]) for d in await db.sizes.find().sort("_id", 1).to_list(10)])
    await save_all([])


# --- seed
def seed(db):
    db.sizes.insert_many({"_id": n, "name": "aba"[n]} for n in range(3))
    db.models.insert_one({"_id": "a", "size": 99})
