# expect: equal
# raises: ValueError -> ValueError
import os

from pymongo import AsyncMongoClient

client = AsyncMongoClient(os.environ["MONGO_URI"], timeoutMS=5000)
db = client[os.environ["MONGO_DB"]]


async def run():
    orders = await db.orders.find().sort("_id", 1).to_list(100)
    async with client.start_session() as session:
        async with await session.start_transaction():
            for order in orders:
                if order["n"] > 4:
                    raise ValueError(order["n"])
                await db.stock.update_one({"_id": order["sku"]}, {"$inc": {"n": -order["n"]}}, session=session)


# --- seed
def seed(db):
    db.orders.insert_many({"_id": n, "sku": n % 3, "n": n} for n in range(6))
    db.stock.insert_many({"_id": n, "n": 100} for n in range(3))
