# expect: fixed
# commands: 6 -> 2
# omits: finally
import os

from pymongo import AsyncMongoClient

client = AsyncMongoClient(os.environ["MONGO_URI"], timeoutMS=5000)
db = client[os.environ["MONGO_DB"]]


async def run():
    for item in await db.items.find().sort("_id", 1).to_list(100):
        if item.get("product") and not item.get("custom"):
            await db.stocks.update_one({"_id": item["product"]}, {"$inc": {"left": -item["quantity"]}})


# --- seed
def seed(db):
    db.items.insert_many({"_id": n, "product": n + 1, "custom": n == 6, "quantity": n} for n in range(7))
    db.items.delete_one({"_id": 0})
    db.stocks.insert_many({"_id": n, "left": 9} for n in range(7))
