"""The administrators' view of what happens: audit entries with the people's names."""

from datetime import datetime

from pydantic import BaseModel

from app.db.audit_log import actions_on, recent_actions
from app.services.readers import ReaderDirectory

FORMER_MEMBER = "a former member"


class Activity(BaseModel):
    who: str
    action: str
    resource_type: str
    resource_id: str
    timestamp: datetime


class ActivityFeed:
    def __init__(self, readers: ReaderDirectory) -> None:
        self.readers = readers

    async def latest(self, limit: int) -> list[Activity]:
        activities = []
        for entry in await recent_actions(limit):
            reader = await self.readers.get_reader(entry["actor_id"])
            activities.append(
                Activity(
                    who=reader.display_name if reader else FORMER_MEMBER,
                    action=entry["action"],
                    resource_type=entry["resource_type"],
                    resource_id=entry["resource_id"],
                    timestamp=entry["timestamp"],
                )
            )
        return activities

    async def history_of_book(self, book_id: str) -> list[str]:
        """One line per action; ids instead of names, as the support team greps for them."""
        return [f"{entry['actor_id']} {entry['action']}" for entry in await actions_on("book", book_id)]
