# expect: equal
# raises: ValueError -> ValueError
import os

from pymongo import AsyncMongoClient

client = AsyncMongoClient(os.environ["MONGO_URI"], timeoutMS=5000)
db = client[os.environ["MONGO_DB"]]


def checked(name):
    if not name:
        raise ValueError("no name")
    return name


async def run():
    for person in await db.people.find().sort("_id", 1).to_list(100):
        await db.users.insert_one({"_id": person["_id"], "name": checked(person.get("name"))})


# --- seed
def seed(db):
    db.people.insert_many({"_id": n, "name": f"person {n}"} for n in range(4))
    db.people.insert_many({"_id": n} for n in range(4, 6))
