# expect: silent
import os

from pymongo import AsyncMongoClient

client = AsyncMongoClient(os.environ["MONGO_URI"], timeoutMS=5000)
db = client[os.environ["MONGO_DB"]]


async def run():
    for name in await db.list_collection_names():
        await db[name].drop_indexes()


# --- seed
def seed(db):
    db.users.create_index("email")
