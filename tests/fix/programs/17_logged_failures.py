# expect: fixed
# commands: 14 -> 3
import logging
import os

from pymongo import AsyncMongoClient

client = AsyncMongoClient(os.environ["MONGO_URI"], timeoutMS=5000)
db = client[os.environ["MONGO_DB"]]


log = logging.getLogger(__name__)


async def ensure_indexes():
    await db.users.create_index("email", unique=True)


async def run():
    await ensure_indexes()
    users = await db.users.find().sort("_id", 1).to_list(100)
    for user in users:
        try:
            await db.users.update_one({"_id": user["_id"]}, {"$set": {"email": user["wanted"]}})
        except Exception:
            log.warning("user %s keeps the old address", user["_id"])


# --- seed
def seed(db):
    db.users.insert_many({"_id": n, "email": f"{n}@x.org", "wanted": f"{n % 9}@y.org"} for n in range(12))
