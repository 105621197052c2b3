# expect: low
# run: no
# flavours: async motor
import os

import httpx
from pymongo import AsyncMongoClient

client = AsyncMongoClient(os.environ["MONGO_URI"], timeoutMS=5000)
db = client[os.environ["MONGO_DB"]]


mail = httpx.AsyncClient()


async def run():
    for letter in await db.letters.find({"sent": False}).to_list(100):
        answer = await mail.post("https://mail.example.org", json={"to": letter["to"]})
        await db.letters.update_one({"_id": letter["_id"]}, {"$set": {"sent": True, "status": answer.status_code}})


# --- seed
def seed(db):
    pass
