# expect: display
# says: $group
import os

from pymongo import AsyncMongoClient

client = AsyncMongoClient(os.environ["MONGO_URI"], timeoutMS=5000)
db = client[os.environ["MONGO_DB"]]


async def run():
    result = {}
    for user in await db.users.find().sort("_id", 1).to_list(100):
        done = await db.tasks.count_documents({"user_id": user["_id"], "state": "done"})
        late = await db.tasks.count_documents({"user_id": user["_id"], "state": "late"})
        result[user["_id"]] = (done, late)
    return result


# --- seed
def seed(db):
    db.users.insert_many({"_id": n} for n in range(6))
    db.tasks.insert_many({"_id": n, "user_id": n % 5, "state": ["done", "late"][n // 3 % 2]} for n in range(20))
