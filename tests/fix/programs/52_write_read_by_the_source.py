# expect: equal
import os

from pymongo import AsyncMongoClient

client = AsyncMongoClient(os.environ["MONGO_URI"], timeoutMS=5000)
db = client[os.environ["MONGO_DB"]]


async def open_jobs():
    while True:
        job = await db.jobs.find_one({"state": "open"}, sort=[("_id", 1)])
        if job is None:
            return
        yield job


async def run():
    done = []
    async for job in open_jobs():
        await db.jobs.update_one({"_id": job["_id"]}, {"$set": {"state": "done"}})
        done.append(job["_id"])
        if len(done) > 20:
            break
    return done


# --- seed
def seed(db):
    db.jobs.insert_many({"_id": n, "state": "open"} for n in range(6))
