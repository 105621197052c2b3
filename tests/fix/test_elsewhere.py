"""Where scripts or classes declare the indexes, no fix writes one: it says what to write, and where the others are."""

from __future__ import annotations

from pathlib import Path

import pytest

from mongolint.engine.run import check
from mongolint.finding import Fix
from mongolint.testing import project

APP = """\
from pymongo import MongoClient

db = MongoClient().shop


def by_email(email):
    return db.users.find_one({"email": email, "active": True})
"""
DECLARED = '\n\ndef start():\n    db.logs.create_index("at")\n'
SCRIPT = "db.users.createIndex({name: 1})\n"
MODELS = """\
from beanie import Document


class User(Document):
    class Settings:
        name = "users"
        indexes = ["name"]
"""
SHELL = 'db.getCollection("users").createIndex({"email": 1}, {"partialFilterExpression": {"active": true}})'


def fix_of(files: dict[str, str], root: Path) -> Fix:
    loaded = project(files, root)
    (finding,) = check(loaded, {"MDB104"}, loaded.project.config, fixes=True).findings
    assert finding.fix is not None
    return finding.fix


@pytest.mark.parametrize(
    ("files", "reason", "text"),
    [
        ({"app.py": APP, "init.js": SCRIPT}, "the indexes of users are declared in init.js", SHELL),
        ({"app.py": APP + DECLARED, "init.js": SCRIPT}, "the indexes of users are declared in init.js", SHELL),
        (
            {"app.py": APP, "init.js": SCRIPT.replace("users", "logs")},
            "the indexes of the project are declared in init.js",
            SHELL,
        ),
        (
            {"app.py": APP, "models.py": MODELS},
            "the indexes of users are declared in models.py",
            'db.users.create_index([("email", 1)], partialFilterExpression={"active": True})',
        ),
    ],
)
def test_said_and_not_written(files: dict[str, str], reason: str, text: str, tmp_path: Path) -> None:
    fix = fix_of(files, tmp_path)
    assert not fix.edits
    assert (fix.reason, fix.text) == (reason, text)


def test_code_that_declares_others_gets_it(tmp_path: Path) -> None:
    files = {"app.py": APP + DECLARED, "init.js": SCRIPT.replace("users", "orders")}
    assert fix_of(files, tmp_path).edits


def test_the_finding_points_at_the_script(tmp_path: Path) -> None:
    loaded = project({"app.py": APP, "init.js": "\n" + SCRIPT.replace("name", "name: 1, email")}, tmp_path)
    (finding,) = check(loaded, {"MDB104"}, loaded.project.config).findings
    assert [(place.span.file, place.span.line) for place in finding.related] == [("init.js", 2)]
