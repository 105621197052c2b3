# expect: equal
import os

from pymongo import AsyncMongoClient

client = AsyncMongoClient(os.environ["MONGO_URI"], timeoutMS=5000)
db = client[os.environ["MONGO_DB"]]


async def run():
    documents = []
    for person in await db.people.find().sort("_id", 1).to_list(100):
        document = {"name": person["name"]}
        await db.users.insert_one(document)
        document["kept"] = True
        documents.append(document)
    return documents


# --- seed
def seed(db):
    db.people.insert_many({"_id": n, "name": f"person {n}"} for n in range(6))
