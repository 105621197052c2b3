"""The Motor client and the collections every module shares."""

from motor.motor_asyncio import AsyncIOMotorClient, AsyncIOMotorCollection

from app.core.config import settings

client = AsyncIOMotorClient(settings.mongodb_uri, timeoutMS=5000)
database = client[settings.database_name]

users_collection = database.get_collection("users")
books_collection = database.get_collection("books")
sessions_collection = database["sessions"]
audit_logs_collection = database[settings.audit_collection]


async def ensure_indexes() -> None:
    """Build the indexes that queries need; one that exists already is left alone."""
    await database.question_responses.create_index([("question_id", 1), ("user_id", 1)], unique=True)
    await database.question_responses.create_index([("user_id", 1), ("status", 1)])
    await database.sessions.create_index([("session_id", 1)], unique=True)
    await database.sessions.create_index(
        [("user_id", 1), ("last_seen_at", -1), ("expires_at", 1)], partialFilterExpression={"is_active": True}
    )
    await database.sessions.create_index([("expires_at", 1)], expireAfterSeconds=0)


async def get_collection(name: str) -> AsyncIOMotorCollection:
    """Collections that only a few modules touch are asked for by name."""
    return database.get_collection(name)
