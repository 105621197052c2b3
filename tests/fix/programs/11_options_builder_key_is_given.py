# expect: equal
import os

from pymongo import AsyncMongoClient

client = AsyncMongoClient(os.environ["MONGO_URI"], timeoutMS=5000)
db = client[os.environ["MONGO_DB"]]


async def get_user(user_id=None, email=None):
    query = {}
    if user_id is not None:
        query["_id"] = user_id
    if email is not None:
        query["email"] = email
    return await db.users.find_one(query)


async def run():
    result = []
    for account in await db.accounts.find().sort("_id", 1).to_list(100):
        user = await get_user(user_id=account["_id"])
        result.append(user["name"] if user else None)
    return result


# --- seed
def seed(db):
    db.users.insert_many({"_id": n, "email": f"{n}@x.org", "name": f"user {n}"} for n in range(6))
    db.accounts.insert_many({"_id": n} for n in range(8))
