# expect: display
import os

from pymongo import AsyncMongoClient

client = AsyncMongoClient(os.environ["MONGO_URI"], timeoutMS=5000)
db = client[os.environ["MONGO_DB"]]


async def run():
    ids = []
    for person in await db.people.find().sort("_id", 1).to_list(100):
        document = {"name": person["name"]}
        await db.users.insert_one(document)
        ids.append(str(document["_id"]))
    return len(set(ids))


# --- seed
def seed(db):
    db.people.insert_many({"_id": n, "name": f"person {n}"} for n in range(6))
