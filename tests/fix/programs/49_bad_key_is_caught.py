# expect: equal
import os

from pymongo import AsyncMongoClient

client = AsyncMongoClient(os.environ["MONGO_URI"], timeoutMS=5000)
db = client[os.environ["MONGO_DB"]]


async def run():
    result = []
    for order in await db.orders.find().sort("_id", 1).to_list(100):
        try:
            user = await db.users.find_one({"_id": order["user_id"]})
            result.append(user["name"])
        except (KeyError, TypeError) as error:
            result.append(repr(error))
    return result


# --- seed
def seed(db):
    db.users.insert_many({"_id": n, "name": f"user {n}"} for n in range(6))
    db.orders.insert_many([{"_id": 1, "user_id": 2}, {"_id": 2}, {"_id": 3, "user_id": 9}, {"_id": 4, "user_id": 1}])
