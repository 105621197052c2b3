# expect: equal
import os

from pymongo import AsyncMongoClient

client = AsyncMongoClient(os.environ["MONGO_URI"], timeoutMS=5000)
db = client[os.environ["MONGO_DB"]]


async def run():
    result = []
    for order in await db.orders.find().sort("_id", 1).to_list(100):
        template = await db.settings.find_one({"_id": "template"})
        template["order"] = order["_id"]
        template["tags"].append("used")
        result.append(template)
    return result


# --- seed
def seed(db):
    db.settings.insert_one({"_id": "template", "tags": []})
    db.orders.insert_many({"_id": n} for n in range(6))
