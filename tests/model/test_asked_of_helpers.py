"""What is asked by helpers that take the filter as keyword arguments: one question for each way to call them."""

from __future__ import annotations

from pathlib import Path

import pytest

from mongolint.testing import project

HEAD = """\
from pymongo import MongoClient

db = MongoClient(timeoutMS=5000).app


class Shop(dict):
    @classmethod
    def get(cls, **kwargs):
        return db.shops.find_one(kwargs)


"""
# A function that calls the helper, and the fields of each question
CALLS = {
    "keywords": ("def f(v):\n    Shop.get(name=v, city=v)\n", [["name", "city"]]),
    "one of two": ("def f(v):\n    for k in ['name', 'city']:\n        Shop.get(**{k: v})\n", [["name"], ["city"]]),
    "one of two, and one": (
        "def f(v):\n    for k in ['name', 'city']:\n        Shop.get(**{k: v, 'open': True})\n",
        [["open", "name"], ["open", "city"]],
    ),
    "any": ("def f(k, v):\n    Shop.get(**{k: v})\n", []),
    "any, and one": ("def f(k, v):\n    Shop.get(**{k: v, 'open': True})\n", []),
}


@pytest.mark.parametrize(("code", "fields"), CALLS.values(), ids=CALLS)
def test_questions(code: str, fields: list[list[str]], tmp_path: Path) -> None:
    asked = project(HEAD + code, tmp_path).project.asked_of_helpers
    assert [list(each.operation.filter.required) for each in asked] == fields
