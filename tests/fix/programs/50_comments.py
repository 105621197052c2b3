# expect: fixed
# commands: 7 -> 2
# writes: # every order, # who pays, # the total, # end of the loop
import os

from pymongo import AsyncMongoClient

client = AsyncMongoClient(os.environ["MONGO_URI"], timeoutMS=5000)
db = client[os.environ["MONGO_DB"]]


async def run():
    orders = await db.orders.find().sort("_id", 1).to_list(100)
    # every order
    for order in orders:  # one by one
        # who pays
        total = sum(order["prices"])  # in cents
        await db.orders.update_one(
            {"_id": order["_id"]},  # this one
            # the total
            {"$set": {"total": total}},
        )  # written
        # end of the loop
    return len(orders)


# --- seed
def seed(db):
    db.orders.insert_many({"_id": n, "prices": [n, 1]} for n in range(6))
