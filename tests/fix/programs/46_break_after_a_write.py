# expect: equal
import os

from pymongo import AsyncMongoClient

client = AsyncMongoClient(os.environ["MONGO_URI"], timeoutMS=5000)
db = client[os.environ["MONGO_DB"]]


async def run():
    async for job in db.jobs.find().sort("_id", 1):
        await db.jobs.update_one({"_id": job["_id"]}, {"$set": {"seen": True}})
        if job["last"]:
            break
    return await db.jobs.count_documents({"seen": True})


# --- seed
def seed(db):
    db.jobs.insert_many({"_id": n, "last": n == 3} for n in range(6))
