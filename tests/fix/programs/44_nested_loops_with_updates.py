# expect: equal
import os

from pymongo import AsyncMongoClient

client = AsyncMongoClient(os.environ["MONGO_URI"], timeoutMS=5000)
db = client[os.environ["MONGO_DB"]]


async def run():
    for order in await db.orders.find().sort("_id", 1).to_list(100):
        for line in order["lines"]:
            await db.products.update_one({"_id": line["product_id"]}, {"$inc": {"sold": line["n"]}})
        await db.orders.update_one({"_id": order["_id"]}, {"$set": {"counted": True}})


# --- seed
def seed(db):
    db.products.insert_many({"_id": n, "sold": 0} for n in range(6))
    db.orders.insert_many(
        {"_id": n, "lines": [{"product_id": n, "n": 1}, {"product_id": n * 2, "n": 2}]} for n in range(6)
    )
