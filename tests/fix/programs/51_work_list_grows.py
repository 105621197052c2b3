# expect: equal
import os

from pymongo import AsyncMongoClient

client = AsyncMongoClient(os.environ["MONGO_URI"], timeoutMS=5000)
db = client[os.environ["MONGO_DB"]]


async def run():
    todo = await db.nodes.find({"_id": 1}).distinct("_id")
    seen = []
    for node_id in todo:
        node = await db.nodes.find_one({"_id": node_id})
        seen.append(node["_id"])
        todo.extend(node["child_ids"])
    return seen


# --- seed
def seed(db):
    db.nodes.insert_many({"_id": n, "child_ids": [c for c in (2 * n, 2 * n + 1) if c < 8]} for n in range(1, 8))
