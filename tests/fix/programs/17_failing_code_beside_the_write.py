# expect: equal
import logging
import os

from pymongo import AsyncMongoClient

client = AsyncMongoClient(os.environ["MONGO_URI"], timeoutMS=5000)
db = client[os.environ["MONGO_DB"]]


log = logging.getLogger(__name__)


async def run():
    await db.users.create_index("email", unique=True)
    for user in await db.users.find().sort("_id", 1).to_list(100):
        try:
            await db.users.update_one({"_id": user["_id"]}, {"$set": {"email": user["wanted"]}})
        except Exception:
            log.warning("user %s keeps the old address", user["name"])


# --- seed
def seed(db):
    db.users.insert_many({"_id": n, "name": f"user {n}", "email": f"{n}@x.org"} for n in range(4))
    db.users.insert_many({"_id": n, "name": f"user {n}", "email": n, "wanted": n % 3} for n in range(4, 12))
