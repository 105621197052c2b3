"""MDB403: a document that is written back whole sets the fields that change, where the code shows which."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from functools import partial
from pathlib import Path

import pytest

from mongolint.engine.load import Loaded, load
from mongolint.engine.mend import mend
from mongolint.engine.registry import all_rules
from mongolint.engine.run import Result, check
from mongolint.finding import Fix
from mongolint.testing import project

HEAD = """\
from pymongo import MongoClient

db = MongoClient(timeoutMS=5000).app


def change(post_id, text):
    post = db.posts.find_one({"_id": post_id})
"""
# What stands between, and the call that comes out
WRITTEN = {
    "a constant": ('post["done"] = True', '{"$set": {"done": True}}'),
    "a value": ('post["text"] = text.strip()', '{"$set": {"text": post["text"]}}'),
    "a counter": ('if post:\n    post["seen"] = post.get("seen", 0) + 1', '{"$inc": {"seen": 1}}'),
    "a counter that is there": ('post["left"] -= 2', '{"$inc": {"left": -2}}'),
    "both": (
        'if post["open"] and not post.get("closed"):\n    return\npost["seen"] = post["seen"] + 1\npost["by"] = text',
        '{"$set": {"by": post["by"]}, "$inc": {"seen": 1}}',
    ),
}
REFUSED = {
    "on some ways only": 'if text:\n    post["done"] = True',
    "something in a field": 'post["done"] = True\npost["tags"].append(text)',
    "something by another name": 'post["done"] = True\ntags = post["tags"]\ntags.append(text)',
    "by a function": 'post["done"] = True\nfill(post)',
    "a key that is not known": "post[text] = True",
    "twice": 'post["n"] = 1\npost["n"] = post["n"] + 1',
    "another document": 'if not post:\n    post = {"_id": post_id}\npost["n"] = 1',
}


def _applied(between: str, call: str, root: Path) -> tuple[str, list[Fix]]:
    is_inner = between.startswith("if post:")
    body = f"{between}\n{'    ' if is_inner else ''}db.posts.{call}\n"
    code = HEAD + textwrap.indent(body, "    ")
    loaded = project({"app.py": code}, root)
    mended = mend(loaded, _check, partial(_load, root), unsafe=True)
    assert not mended.failures
    written = mended.changed.get((root / "app.py").as_posix(), code.encode()).decode()
    return written.rpartition("db.posts.")[2].strip(), [
        finding.fix for finding in mended.result.findings if isinstance(finding.fix, Fix)
    ]


def _check(loaded: Loaded) -> Result:
    return check(loaded, {"MDB403"}, loaded.project.config, fixes=True)


def _load(root: Path, overlay: Mapping[str, bytes], previous: Loaded) -> Loaded:
    tokens = [token for rule in all_rules() for token in rule.tokens]
    return load([root], previous.project.config, root, overlay=overlay, tokens=tokens, jobs=1, previous=previous)


@pytest.mark.parametrize(("between", "update"), WRITTEN.values(), ids=WRITTEN)
def test_what_changes_is_set(between: str, update: str, tmp_path: Path) -> None:
    assert _applied(between, "save(post)", tmp_path / "a") == (f'update_one({{"_id": post["_id"]}}, {update})', [])
    call = _applied(between, 'replace_one({"_id": post_id}, post)', tmp_path / "b")
    assert call == (f'update_one({{"_id": post_id}}, {update})', [])


@pytest.mark.parametrize("between", REFUSED.values(), ids=REFUSED)
def test_what_is_not_plain_is_left_to_the_author(between: str, tmp_path: Path) -> None:
    call, left = _applied(between, "save(post)", tmp_path)
    assert call == "save(post)"
    assert [fix.reason for fix in left] == ["which fields change is for the author to say"]
