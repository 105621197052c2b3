"""What an ``except`` clause does with an error, through what it calls."""

from __future__ import annotations

from pathlib import Path

import pytest

from mongolint.testing import findings

HEAD = """\
import sys
from pymongo import MongoClient

db = MongoClient(timeoutMS=5000).app


class Refused(Exception):
    pass


def stop(text, code=1, leave=True):
    if leave:
        sys.exit(code)


def refuse(text):
    raise Refused(text)


def complain(text):
    if not text:
        raise Refused(text)


def note(key):
    db.notes.insert_one({"key": key})


"""
ANSWERED = {
    "a helper leaves": "stop('no')",
    "a helper leaves, for it is told to": "stop('no', leave=True)",
    "a helper raises": "refuse('no')",
    "the database is asked again": "print('no')\ndb.users.update_one({'_id': key}, {'$inc': {'failed': 1}})",
    "by a helper": "note(key)",
    "and again, as the answer": "return db.old.find_one({'_id': key})",
}
DROPPED = {
    "a helper is told not to leave": "stop('no', leave=False)",
    "a helper leaves or not": "stop('no', leave=key)",
    "a helper raises or not": "complain(key)",
    "the database is asked again, or not": "if key:\n    db.users.delete_one({'_id': key})",
    "nothing": "return None",
}


def _messages(body: str, tmp_path: Path) -> list[str]:
    lines = "".join(f"        {line}\n" for line in body.splitlines())
    tried = "    try:\n        return db.users.find_one({'_id': key})\n    except Exception:\n"
    text = f"{HEAD}def ask(key):\n{tried}{lines}"
    return [finding.message for finding in findings(text, tmp_path, rules={"MDB502"})]


@pytest.mark.parametrize("body", ANSWERED.values(), ids=ANSWERED)
def test_the_error_goes_further(body: str, tmp_path: Path) -> None:
    assert _messages(body, tmp_path) == []


@pytest.mark.parametrize("body", DROPPED.values(), ids=DROPPED)
def test_the_error_is_dropped(body: str, tmp_path: Path) -> None:
    (message,) = _messages(body, tmp_path)
    assert "an error of find_one on users is dropped here" in message


# A function whose answer is only whether the database is there, and one that does something
PROBES = {
    "its name asks": ("def test_db_connection(c):", "c.app.auth.drop()\n        return True", 0),
    "another name that asks": ("def is_database_up(c):", "c.app.users.find_one()\n        return True", 0),
    "it gives what it found": ("def can_connect(c):", "return c.app.users.find_one()", 1),
    "it does something": ("def clear_sessions(c):", "c.app.sessions.drop()\n        return True", 1),
    "it is about something else": ("def is_set_up(c):", "c.app.users.delete_many({})\n        return c", 1),
}


@pytest.mark.parametrize(("head", "body", "count"), PROBES.values(), ids=PROBES)
def test_a_probe_of_the_connection_answers(head: str, body: str, count: int, tmp_path: Path) -> None:
    text = f"{HEAD}{head}\n    try:\n        {body}\n    except Exception:\n        return False\n\n\n"
    text += f"{head[4:].split('(')[0]}(MongoClient(timeoutMS=5000))\n"
    assert len(findings(text, tmp_path, rules={"MDB502"})) == count
