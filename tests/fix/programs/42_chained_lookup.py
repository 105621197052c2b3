# expect: equal
import os

from pymongo import AsyncMongoClient

client = AsyncMongoClient(os.environ["MONGO_URI"], timeoutMS=5000)
db = client[os.environ["MONGO_DB"]]


async def run():
    parents = []
    for node in await db.nodes.find({"leaf": True}).sort("_id", 1).to_list(100):
        parent = await db.nodes.find_one({"_id": node["parent_id"]})
        if parent is not None:
            grand = await db.nodes.find_one({"_id": parent["parent_id"]})
            parents.append((node["_id"], parent["_id"], grand and grand["_id"]))
    return parents


# --- seed
def seed(db):
    db.nodes.insert_many({"_id": n, "leaf": n > 3, "parent_id": n // 2} for n in range(1, 9))
