# expect: display
import functools
import os

from pymongo import AsyncMongoClient

client = AsyncMongoClient(os.environ["MONGO_URI"], timeoutMS=5000)
db = client[os.environ["MONGO_DB"]]


trace = []


def logged(function):
    @functools.wraps(function)
    async def wrapper(*args):
        trace.append(args)
        return await function(*args)

    return wrapper


@logged
async def get_user(user_id):
    return await db.users.find_one({"_id": user_id})


async def run():
    result = []
    for order in await db.orders.find().sort("_id", 1).to_list(100):
        result.append(await get_user(order["user_id"]))
    return result


# --- seed
def seed(db):
    db.users.insert_many({"_id": n, "name": f"user {n}"} for n in range(6))
    db.orders.insert_many({"_id": n, "user_id": n % 8} for n in range(12))
