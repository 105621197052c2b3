# expect: equal
import os

from pymongo import AsyncMongoClient

client = AsyncMongoClient(os.environ["MONGO_URI"], timeoutMS=5000)
db = client[os.environ["MONGO_DB"]]


async def run():
    path = []
    node_id = 11
    while node_id:
        node = await db.nodes.find_one({"_id": node_id})
        path.append(node["_id"])
        node_id = node["parent_id"]
    return path


# --- seed
def seed(db):
    db.nodes.insert_many({"_id": n, "parent_id": n // 2} for n in range(1, 16))
