# expect: silent
import os
import time

from pymongo import AsyncMongoClient

client = AsyncMongoClient(os.environ["MONGO_URI"], timeoutMS=5000)
db = client[os.environ["MONGO_DB"]]


from pymongo.errors import AutoReconnect


async def run():
    while True:
        try:
            return await db.users.find_one({"_id": 1})
        except AutoReconnect:
            time.sleep(0.1)


# --- seed
def seed(db):
    db.users.insert_one({"_id": 1})
