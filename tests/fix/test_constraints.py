"""Options of a declared index, written as each project writes its declarations."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from textwrap import dedent

import pytest

from mongolint.engine.load import Loaded, load
from mongolint.engine.mend import mend
from mongolint.engine.registry import all_rules
from mongolint.engine.run import Result, check
from mongolint.finding import Fix
from mongolint.testing import project

HEAD = """\
from pymongo import ASCENDING, IndexModel, MongoClient

db = MongoClient(timeoutMS=5000).app
"""
UPSERT = """

def save(a=None):
    db.t.update_one({"a": a}, {"$set": {"b": 1}}, upsert=True)
"""


def _check(loaded: Loaded) -> Result:
    return check(loaded, {"MDB206"}, loaded.project.config, fixes=True)


def fixed(tmp_path: Path, declarations: str) -> tuple[str, str]:
    """The declarations after the fix, and why it was not applied."""
    text = HEAD + dedent(declarations) + UPSERT
    tokens = [token for rule in all_rules() for token in rule.tokens]

    def reload(overlay: dict[str, bytes], previous: Loaded) -> Loaded:
        config = previous.project.config
        return load([tmp_path], config, tmp_path, overlay=overlay, tokens=tokens, jobs=1, previous=previous)

    mended = mend(project(text, tmp_path), _check, partial(reload), unsafe=True)
    assert not mended.failures
    after = mended.changed.get((tmp_path / "example.py").as_posix(), text.encode()).decode()
    reasons = [finding.fix.reason for finding in mended.result.findings if isinstance(finding.fix, Fix)]
    assert after.startswith(HEAD)
    assert after.endswith(UPSERT)
    return after[len(HEAD) : -len(UPSERT)], "; ".join(reasons)


WRITTEN = {
    "a call": (
        'db.t.create_index("b")\n',
        'db.t.create_index("b")\ndb.t.create_index("a", unique=True, partialFilterExpression={"a": {"$gt": ""}})\n',
    ),
    "named, with constants": (
        'db.t.create_index([("b", ASCENDING)], name="t_b")\n',
        'db.t.create_index([("b", ASCENDING)], name="t_b")\n'
        'db.t.create_index(\n    [("a", ASCENDING)],\n    name="t_a",\n    unique=True,\n'
        '    partialFilterExpression={"a": {"$gt": ""}},\n)\n',
    ),
    "other quotes": (
        "db.t.create_index('b')\n",
        "db.t.create_index('b')\ndb.t.create_index('a', unique=True, partialFilterExpression={'a': {'$gt': ''}})\n",
    ),
    "unique like its neighbours": (
        'db.t.create_index("b", unique=True)\n',
        'db.t.create_index("b", unique=True)\n'
        'db.t.create_index("a", unique=True, partialFilterExpression={"a": {"$gt": ""}})\n',
    ),
    "models": (
        'db.t.create_indexes([\n    IndexModel([("b", 1)]),\n])\n',
        'db.t.create_indexes([\n    IndexModel([("b", 1)]),\n'
        '    IndexModel([("a", 1)], unique=True, partialFilterExpression={"a": {"$gt": ""}}),\n])\n',
    ),
    "dicts that are spread": (
        """\
        INDEXES = [
            {"keys": [("b", 1)], "name": "ix_b"},
        ]
        for spec in INDEXES:
            keys = spec.pop("keys")
            db.t.create_index(keys, **spec)
        """,
        """\
        INDEXES = [
            {"keys": [("b", 1)], "name": "ix_b"},
            {
                "keys": [("a", 1)],
                "name": "ix_a",
                "unique": True,
                "partialFilterExpression": {"a": {"$gt": ""}},
            },
        ]
        for spec in INDEXES:
            keys = spec.pop("keys")
            db.t.create_index(keys, **spec)
        """,
    ),
    "tuples with a dict": (
        """\
        INDEXES = [
            ("t", [("b", 1)], {}),
        ]
        for name, keys, options in INDEXES:
            db[name].create_index(keys, **options)
        """,
        """\
        INDEXES = [
            ("t", [("b", 1)], {}),
            ("t", [("a", 1)], {"unique": True, "partialFilterExpression": {"a": {"$gt": ""}}}),
        ]
        for name, keys, options in INDEXES:
            db[name].create_index(keys, **options)
        """,
    ),
    "a helper that takes options": (
        """\
        def index(keys, **options):
            db.t.create_index(keys, **options)


        index([("b", 1)])
        """,
        """\
        def index(keys, **options):
            db.t.create_index(keys, **options)


        index([("b", 1)])
        index([("a", 1)], unique=True, partialFilterExpression={"a": {"$gt": ""}})
        """,
    ),
}


@pytest.mark.parametrize("name", WRITTEN)
def test_written(name: str, tmp_path: Path) -> None:
    before, after = WRITTEN[name]
    assert fixed(tmp_path, before) == (dedent(after), "")


def test_nothing_yet(tmp_path: Path) -> None:
    """The function that makes the index; its call is where the program starts."""
    loaded = project(HEAD + UPSERT + '\n\nif __name__ == "__main__":\n    save()\n', tmp_path)
    (finding,) = _check(loaded).findings
    assert isinstance(finding.fix, Fix)
    call = 'db.t.create_index([("a", 1)], unique=True, partialFilterExpression={"a": {"$gt": ""}})'
    assert any("def ensure_indexes() -> None:\n" in edit.content and call in edit.content for edit in finding.fix.edits)


LEFT = {
    "a helper that takes none": (
        """\
        def index(keys):
            db.t.create_index(keys)


        index([("b", 1)])
        """,
        "what declares the indexes may not take unique",
    ),
    "a list of keys": (
        """\
        for keys in [[("b", 1)], [("c", 1)]]:
            db.t.create_index(keys)
        """,
        "what declares the indexes may not take unique",
    ),
    "tuples without a dict": (
        """\
        INDEXES = [
            ("t", [("b", 1)]),
        ]
        for name, keys in INDEXES:
            db[name].create_index(keys)
        """,
        "what declares the indexes may not take unique",
    ),
    "dicts of which the name is read": (
        """\
        INDEXES = [
            {"keys": [("b", 1)], "name": "ix_b"},
        ]
        for spec in INDEXES:
            db.t.create_index(spec["keys"], name=spec["name"])
        """,
        "what declares the indexes may not take unique",
    ),
    "the same keys": (
        'db.t.create_index("a")\n',
        "an index on the same fields is declared already, and has to be dropped first",
    ),
}


@pytest.mark.parametrize("name", LEFT)
def test_left_to_a_person(name: str, tmp_path: Path) -> None:
    before, reason = LEFT[name]
    assert fixed(tmp_path, before) == (dedent(before), reason)
