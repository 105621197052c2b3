# expect: equal
# flavours: async motor
import asyncio
import os

from pymongo import AsyncMongoClient

client = AsyncMongoClient(os.environ["MONGO_URI"], timeoutMS=5000)
db = client[os.environ["MONGO_DB"]]


async def run():
    jobs = ["a", "b"]
    jobs += [job["kind"] for job in await db.wanted.find().to_list(10)]
    await asyncio.gather(*[db.jobs.find_one_and_delete({"kind": kind}) for kind in jobs])
    return await db.jobs.count_documents({})


# --- seed
def seed(db):
    db.wanted.insert_one({"_id": 1, "kind": "a"})
    db.jobs.insert_many({"_id": n, "kind": "ab"[n % 2]} for n in range(10))
