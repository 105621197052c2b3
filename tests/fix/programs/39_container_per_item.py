# expect: low
# run: no
import os

import docker
from pymongo import AsyncMongoClient

client = AsyncMongoClient(os.environ["MONGO_URI"], timeoutMS=5000)
db = client[os.environ["MONGO_DB"]]


engine = docker.from_env()


async def run(images):
    for image in images:
        container = engine.containers.run(image, detach=True)
        await db.containers.insert_one({"_id": container.id, "image": image})


# --- seed
def seed(db):
    pass
