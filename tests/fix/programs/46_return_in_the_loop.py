# expect: equal
import os

from pymongo import AsyncMongoClient

client = AsyncMongoClient(os.environ["MONGO_URI"], timeoutMS=5000)
db = client[os.environ["MONGO_DB"]]


async def pay(amount):
    for bill in await db.bills.find().sort("_id", 1).to_list(100):
        if bill["amount"] > amount:
            return amount
        amount -= bill["amount"]
        await db.bills.update_one({"_id": bill["_id"]}, {"$set": {"paid": True}})
    return amount


async def run():
    return await pay(20)


# --- seed
def seed(db):
    db.bills.insert_many({"_id": n, "amount": 6} for n in range(6))
