"""Read, test, update: states that two requests leave at the same time, and what only looks like it."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest

from mongolint.testing import findings

HEAD = """\
import datetime
from enum import Enum

from pymongo import AsyncMongoClient, MongoClient

db = MongoClient(timeoutMS=5000).app
adb = AsyncMongoClient(timeoutMS=5000).app


class State(str, Enum):
    NEW = "new"
    DONE = "done"


def send_mail(to):
    print(to)


"""


def _told(code: str, tmp_path: Path) -> list[str]:
    return [each.message for each in findings(HEAD + textwrap.dedent(code), tmp_path, rules={"MDB414"})]


RACES = {
    "in the branch that passes": """\
        def f(key):
            job = db.jobs.find_one({"_id": key})
            if job and job["state"] == "new":
                db.jobs.update_one({"_id": key}, {"$set": {"state": "done"}})
                db.results.insert_one({"job": key})
        """,
    "one of several states": """\
        def f(key):
            job = db.jobs.find_one({"_id": key})
            if job["state"] not in ("new", "open"):
                return
            db.jobs.update_one({"_id": key}, {"$set": {"state": "done"}})
            db.results.insert_one({"job": key})
        """,
    "members of an enumeration": """\
        def f(key):
            job = db.jobs.find_one({"_id": key})
            if job["state"] != State.NEW.value:
                return
            db.jobs.update_one({"_id": key}, {"$set": {"state": State.DONE.value}})
            db.results.insert_one({"job": key})
        """,
    "what happens comes first": """\
        def f(key):
            job = db.jobs.find_one({"_id": key})
            if job.get("paid"):
                return
            db.accounts.update_one({"_id": job["account"]}, {"$inc": {"balance": 5}})
            db.jobs.update_one({"_id": key}, {"$set": {"paid": True}})
        """,
    "arithmetic in Python": """\
        def f(key):
            job = db.jobs.find_one({"_id": key})
            if job.get("paid"):
                return
            db.jobs.update_one({"_id": key}, {"$set": {"paid": True}})
            account = db.accounts.find_one({"_id": job["account"]})
            db.accounts.update_one({"_id": job["account"]}, {"$set": {"balance": account["balance"] + 5}})
        """,
    "a message": """\
        def f(key):
            user = db.users.find_one({"_id": key})
            if not user["verified"]:
                db.users.update_one({"_id": key}, {"$set": {"verified": True}})
                send_mail(user["mail"])
        """,
    "a limit": """\
        def f(key):
            event = db.events.find_one({"_id": key})
            if event["taken"] >= event["places"]:
                return
            db.events.update_one({"_id": key}, {"$inc": {"taken": 1}})
        """,
    "the length of an array": """\
        def f(key, user):
            event = db.events.find_one({"_id": key})
            if len(event["guests"]) >= 10:
                return
            db.events.update_one({"_id": key}, {"$addToSet": {"guests": user}})
        """,
    "by a helper that raises": """\
        def good(key):
            job = db.jobs.find_one({"_id": key})
            if job["state"] != "new":
                raise ValueError
            return job


        def f(key):
            job = good(key)
            db.jobs.update_one({"_id": job["_id"]}, {"$set": {"state": "done"}})
            db.results.insert_one({"job": key})
        """,
    "by a helper that copies the fields": """\
        def plain(doc):
            made = {}
            for key, value in doc.items():
                made[key] = str(value)
            return made


        def f(key):
            job = plain(db.jobs.find_one({"_id": key}))
            if job["state"] != "new":
                return
            db.jobs.update_one({"_id": key}, {"$set": {"state": "done"}})
            db.results.insert_one({"job": key})
        """,
    "taken by one": """\
        def f(key, user):
            seat = db.seats.find_one({"_id": key})
            if seat.get("taken"):
                return False
            db.seats.update_one({"_id": key}, {"$set": {"taken": True, "booked_by": user}})
            return True
        """,
    "in a helper": """\
        def book(key):
            db.results.insert_one({"job": key})


        async def f(key):
            job = await adb.jobs.find_one({"_id": key})
            if job["state"] != "new":
                return
            await adb.jobs.update_one({"_id": key}, {"$set": {"state": "done"}})
            book(key)
        """,
}


@pytest.mark.parametrize("name", RACES)
def test_race(name: str, tmp_path: Path) -> None:
    assert len(_told(RACES[name], tmp_path)) == 1


TEST = """\
def f(key, lock, user):
    job = db.jobs.find_one({"_id": key})
    if job["state"] != "new":
        return
"""
SAFE = {
    "nothing else is done": TEST + '    db.jobs.update_one({"_id": key}, {"$set": {"state": "done"}})\n',
    "the state is in the filter": TEST
    + '    db.jobs.update_one({"_id": key, "state": "new"}, {"$set": {"state": "done"}})\n'
    + '    db.results.insert_one({"job": key})\n',
    "a version is in the filter": TEST
    + '    db.jobs.update_one({"_id": key, "version": job["version"]}, {"$set": {"state": "done"}})\n'
    + '    db.results.insert_one({"job": key})\n',
    "the test still passes": TEST
    + '    db.jobs.update_one({"_id": key}, {"$set": {"state": "new"}})\n    db.results.insert_one({"job": key})\n',
    "another field": TEST
    + '    db.jobs.update_one({"_id": key}, {"$set": {"seen": True}})\n    db.results.insert_one({"job": key})\n',
    "another document": TEST
    + '    db.jobs.update_one({"_id": user}, {"$set": {"state": "done"}})\n    db.results.insert_one({"job": key})\n',
    "a log": TEST
    + '    db.jobs.update_one({"_id": key}, {"$set": {"state": "done"}})\n    db.audit_log.insert_one({"job": key})\n',
    "an _id that only one insert can have": TEST
    + '    db.jobs.update_one({"_id": key}, {"$set": {"state": "done"}})\n    db.results.insert_one({"_id": key})\n',
    "a unique index": 'db.results.create_index("job", unique=True)\n\n\n'
    + TEST
    + '    db.jobs.update_one({"_id": key}, {"$set": {"state": "done"}})\n    db.results.insert_one({"job": key})\n',
    "a lock": TEST
    + '    lock.acquire()\n    db.jobs.update_one({"_id": key}, {"$set": {"state": "done"}})\n'
    + '    db.results.insert_one({"job": key})\n',
    "the insert is on the other way": """\
        def f(key):
            job = db.jobs.find_one({"_id": key})
            if job["state"] == "new":
                if job["late"]:
                    db.jobs.update_one({"_id": key}, {"$set": {"state": "done"}})
                    return
                db.results.insert_one({"job": key})
        """,
    "where an error is handled": """\
        def f(key):
            job = db.jobs.find_one({"_id": key})
            if job["state"] != "new":
                return
            try:
                db.jobs.update_one({"_id": key}, {"$set": {"state": "done"}})
            except ValueError:
                db.results.insert_one({"job": key})
        """,
    "away from the limit": """\
        def f(key):
            event = db.events.find_one({"_id": key})
            if event["taken"] > 0:
                db.events.update_one({"_id": key}, {"$inc": {"taken": 1}})
        """,
    "tries": """\
        def f(key):
            login = db.logins.find_one({"_id": key})
            if login["attempts"] < 5:
                db.logins.update_one({"_id": key}, {"$inc": {"attempts": 1}})
        """,
    "undone where it was too much": """\
        def f(key):
            event = db.events.find_one({"_id": key})
            if event["taken"] >= event["places"]:
                return
            now = db.events.find_one_and_update({"_id": key}, {"$inc": {"taken": 1}})
            if now["taken"] >= now["places"]:
                db.events.update_one({"_id": key}, {"$inc": {"taken": -1}})
        """,
    "a helper whose answer nobody asks for": """\
        def good(key):
            job = db.jobs.find_one({"_id": key})
            if job["state"] != "new":
                return None
            return job


        def f(key):
            good(key)
            db.jobs.update_one({"_id": key}, {"$set": {"state": "done"}})
            db.results.insert_one({"job": key})
        """,
    "a session": TEST
    + '    db.jobs.update_one({"_id": key}, {"$set": {"state": "done"}}, session=lock)\n'
    + '    db.results.insert_one({"job": key}, session=lock)\n',
}


@pytest.mark.parametrize("name", SAFE)
def test_safe(name: str, tmp_path: Path) -> None:
    assert _told(SAFE[name], tmp_path) == []
