# expect: fixed
# commands: 9 -> 2
import os

from pymongo import AsyncMongoClient

client = AsyncMongoClient(os.environ["MONGO_URI"], timeoutMS=5000)
db = client[os.environ["MONGO_DB"]]


async def run():
    names = []
    async for person in db.people.find({"active": True}):
        document = {"_id": person["_id"], "name": person["name"].upper()}
        await db.users.insert_one(document)
        names.append(person["name"])
    return sorted(names)


# --- seed
def seed(db):
    db.people.insert_many({"_id": n, "active": n % 3 != 0, "name": f"person {n}"} for n in range(12))
