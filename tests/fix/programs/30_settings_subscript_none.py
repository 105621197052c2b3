# expect: equal
# commands: any
import os

from pymongo import AsyncMongoClient

client = AsyncMongoClient(os.environ["MONGO_URI"], timeoutMS=5000)
db = client[os.environ["MONGO_DB"]]


async def totals(amounts):
    result = []
    for amount in amounts:
        factor = (await db.settings.find_one({"_id": "prices"}))["factor"]
        result.append(amount * factor)
    return result


async def run():
    return await totals([])


# --- seed
def seed(db):
    db.other.insert_one({"_id": 1})
