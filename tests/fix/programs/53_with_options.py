# expect: equal
import os

from pymongo import AsyncMongoClient
from pymongo.write_concern import WriteConcern

client = AsyncMongoClient(os.environ["MONGO_URI"], timeoutMS=5000)
db = client[os.environ["MONGO_DB"]]


async def run():
    for order in await db.orders.find().sort("_id", 1).to_list(100):
        orders = db.orders.with_options(write_concern=WriteConcern(w=1))
        await orders.update_one({"_id": order["_id"]}, {"$set": {"seen": True}})


# --- seed
def seed(db):
    db.orders.insert_many({"_id": n} for n in range(6))
