"""Loops that repeat a query without asking once per item: what MDB101 leaves alone, and what only looks like it."""

from __future__ import annotations

from pathlib import Path

import pytest

from mongolint.testing import findings

HEAD = """\
from pymongo import MongoClient
from pymongo.errors import DuplicateKeyError

db = MongoClient(timeoutMS=5000).app


"""


def _messages(text: str, tmp_path: Path) -> list[str]:
    return [finding.message for finding in findings(HEAD + text, tmp_path, rules={"MDB101"})]


CLAIMING = {
    "return": """
        for address in pool:
            if address > user:
                break
            try:
                db.claims.insert_one({"_id": address, "user": user})
                return address
            except DuplicateKeyError:
                pass
    """,
    "break": """
        for address in pool:
            try:
                db.claims.insert_one({"_id": address, "user": user})
                break
            except DuplicateKeyError:
                continue
    """,
    "the else of a try": """
        for address in pool:
            try:
                db.claims.insert_one({"_id": address, "user": user})
            except DuplicateKeyError:
                continue
            else:
                return address
    """,
}
PER_ITEM = {
    "goes on after an error": """
        for address in pool:
            try:
                db.claims.insert_one({"_id": address, "user": user})
            except DuplicateKeyError:
                pass
    """,
    "searches": """
        for address in pool:
            try:
                claim = db.claims.find_one({"_id": address})
                if claim is None:
                    continue
                return claim
            except ValueError:
                pass
    """,
    "ends after an error": """
        for address in pool:
            try:
                db.claims.insert_one({"_id": address, "user": user})
            except DuplicateKeyError:
                return None
    """,
}


@pytest.mark.parametrize("body", CLAIMING.values(), ids=CLAIMING)
def test_what_is_tried_until_one_takes_is_not_per_item(body: str, tmp_path: Path) -> None:
    assert not _messages("def claim(pool, user):" + body.replace("\n    ", "\n"), tmp_path)


@pytest.mark.parametrize("body", PER_ITEM.values(), ids=PER_ITEM)
def test_a_try_that_goes_on_is_per_item(body: str, tmp_path: Path) -> None:
    assert len(_messages("def claim(pool, user):" + body.replace("\n    ", "\n"), tmp_path)) == 1
