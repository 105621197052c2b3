# expect: equal
import logging
import os

from pymongo import AsyncMongoClient

client = AsyncMongoClient(os.environ["MONGO_URI"], timeoutMS=5000)
db = client[os.environ["MONGO_DB"]]


log = logging.getLogger(__name__)


async def run():
    await db.users.create_index("email", unique=True)
    done = failed = 0
    for user in await db.users.find().sort("_id", 1).to_list(100):
        try:
            wanted = user["wanted"].lower()
            await db.users.update_one({"_id": user["_id"]}, {"$set": {"email": wanted}})
            done += 1
        except Exception:
            failed += 1
            log.warning("user %s", user["_id"])
            continue
        finally:
            log.warning("next")
    return done, failed


# --- seed
def seed(db):
    db.users.insert_many({"_id": n, "email": f"{n}@x.org", "wanted": f"{n % 9}@Y.org"} for n in range(8))
    db.users.insert_many({"_id": n, "email": f"{n}@x.org", "wanted": 7} for n in range(8, 10))
