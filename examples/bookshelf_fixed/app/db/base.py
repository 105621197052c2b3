"""The Motor client and the collections every module shares."""

from motor.motor_asyncio import AsyncIOMotorClient, AsyncIOMotorCollection

from app.core.config import settings

client = AsyncIOMotorClient(settings.mongodb_uri, timeoutMS=5000)
database = client[settings.database_name]

users_collection = database.get_collection("users")
books_collection = database.get_collection("books")
sessions_collection = database["sessions"]
audit_logs_collection = database[settings.audit_collection]


async def get_collection(name: str) -> AsyncIOMotorCollection:
    """Collections that only a few modules touch are asked for by name."""
    return database.get_collection(name)
