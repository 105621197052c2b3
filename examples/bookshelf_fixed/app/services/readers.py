"""Where names of people come from. Behind an interface: the accounts may move to a service of their own."""

from abc import ABC, abstractmethod
from typing import Optional

from bson import ObjectId
from motor.motor_asyncio import AsyncIOMotorCollection
from pydantic import BaseModel


class Reader(BaseModel):
    id: str
    handle: str
    display_name: str


class ReaderDirectory(ABC):
    @abstractmethod
    async def get_reader(self, user_id: str) -> Optional[Reader]:
        """The person with this id, or None once the account is closed."""


class MongoReaderDirectory(ReaderDirectory):
    def __init__(self, collection: AsyncIOMotorCollection) -> None:
        self._users = collection

    async def get_reader(self, user_id: str) -> Optional[Reader]:
        user = await self._users.find_one({"_id": ObjectId(user_id)}, {"handle": 1, "display_name": 1})
        if user is None:
            return None
        return Reader(id=user_id, handle=user["handle"], display_name=user["display_name"])
