# expect: equal
import os

from pymongo import AsyncMongoClient

client = AsyncMongoClient(os.environ["MONGO_URI"], timeoutMS=5000)
db = client[os.environ["MONGO_DB"]]


trace = []


async def run():
    for person in await db.people.find().sort("_id", 1).to_list(100):
        person["copied"] = True
        await db.users.insert_one(person)
        person["later"] = 1
        trace.append(person)


# --- seed
def seed(db):
    db.people.insert_many({"_id": n, "name": f"person {n}"} for n in range(6))
