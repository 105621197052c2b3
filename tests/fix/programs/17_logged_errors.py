# expect: equal
# logs: count
import logging
import os

from pymongo import AsyncMongoClient

client = AsyncMongoClient(os.environ["MONGO_URI"], timeoutMS=5000)
db = client[os.environ["MONGO_DB"]]


log = logging.getLogger(__name__)


async def run():
    await db.users.create_index("email", unique=True)
    users = await db.users.find().sort("_id", 1).to_list(100)
    for user in users:
        try:
            await db.users.update_one({"_id": user["_id"]}, {"$set": {"email": user["wanted"]}})
        except Exception as error:
            log.error("user %s: %s", user["_id"], error)


# --- seed
def seed(db):
    db.users.insert_many({"_id": n, "email": f"{n}@x.org", "wanted": f"{n % 9}@y.org"} for n in range(12))
