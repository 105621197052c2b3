# expect: equal
import os

from pymongo import AsyncMongoClient

client = AsyncMongoClient(os.environ["MONGO_URI"], timeoutMS=5000)
db = client[os.environ["MONGO_DB"]]


async def run():
    accounts = db.get_collection("accounts")
    seen = []
    for booking in await db.bookings.find().sort("_id", 1).to_list(100):
        account = await db["accounts"].find_one({"_id": booking["account_id"]})
        seen.append(account["balance"])
        await accounts.update_one({"_id": booking["account_id"]}, {"$inc": {"balance": booking["amount"]}})
    return seen


# --- seed
def seed(db):
    db.accounts.insert_many({"_id": n, "balance": 100} for n in range(3))
    db.bookings.insert_many({"_id": n, "account_id": n % 3, "amount": n} for n in range(9))
