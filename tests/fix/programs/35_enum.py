# expect: equal
import os
from enum import Enum

from pymongo import AsyncMongoClient

client = AsyncMongoClient(os.environ["MONGO_URI"], timeoutMS=5000)
db = client[os.environ["MONGO_DB"]]


class Role(str, Enum):
    ADMIN = "admin"
    GUEST = "guest"
    OWNER = "owner"


async def run():
    found = {}
    for role in Role:
        users = await db.users.find_one({"_id": role})
        found[role.value] = users["name"] if users else None
    return found


# --- seed
def seed(db):
    db.users.insert_many([{"_id": "admin", "name": "a"}, {"_id": "owner", "name": "o"}])
