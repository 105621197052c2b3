"""One query, reached in every way that real backends reach it; and the same names on objects that are no database.

The cases are small projects, in text files beside this one::

    === name of the case
    --- path of a file
    its code

Each case of ``reach/`` runs ``find_one({"email": email})`` on the collection ``users``, once per e-mail address of
a loop, and nothing else. The header of a case that has to run other methods names them in order of their places,
and how often rules report them: ``=== name: insert, 1 MDB101, 0 MDB104``. Cases of ``strangers.txt`` run no
operation at all.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from mongolint.engine.listing import queries
from mongolint.source.deepstack import with_deep_stack
from mongolint.testing import findings, project

HERE = Path(__file__).parent
_HEADER = re.compile(r"^=== (?P<name>[^:\n]+)(?:: (?P<methods>[\w ]+)(?P<counts>.*))?\n", re.MULTILINE)
_FILE = re.compile(r"^--- (?P<path>\S+)\n", re.MULTILINE)
_COUNT = re.compile(r"(\d+) (MDB\d+)")


@dataclass(frozen=True)
class Case:
    """A project and what is to be seen in it."""

    name: str
    files: dict[str, str]
    methods: tuple[str, ...] = ("find_one",)
    counts: dict[str, int] = field(default_factory=lambda: {"MDB101": 1, "MDB104": 1})


def read(file: Path) -> Iterator[Case]:
    _, *parts = _split(_HEADER, file.read_text(encoding="utf-8"))
    for header, body in parts:
        files = {match["path"]: code for match, code in _split(_FILE, body)[1:]}
        name = f"{file.stem}: {header['name']}"
        if header["methods"]:
            counts = {code: int(count) for count, code in _COUNT.findall(header["counts"])}
            yield Case(name, files, tuple(header["methods"].split()), counts)
        else:
            yield Case(name, files)


def _split(pattern: re.Pattern[str], text: str) -> list[tuple[Any, str]]:
    """The text before the first match, then each match with the text that follows it."""
    matches = list(pattern.finditer(text))
    starts = [match.start() for match in matches] + [len(text)]
    found: list[tuple[Any, str]] = [(None, text[: starts[0]])]
    return found + [(match, text[match.end() : end]) for match, end in zip(matches, starts[1:], strict=True)]


def parameters(cases: list[Case]) -> list[Any]:
    return [pytest.param(case, id=case.name.replace(" ", "-")) for case in cases]


REACH = [case for file in sorted((HERE / "reach").glob("*.txt")) for case in read(file)]
STRANGERS = list(read(HERE / "strangers.txt"))


@pytest.mark.parametrize("case", parameters(REACH))
def test_reached(case: Case, tmp_path: Path) -> None:
    loaded = project(case.files, tmp_path)
    assert not loaded.broken
    operations = with_deep_stack(lambda: queries(loaded))
    seen = [(item["method"], item["collection"], item["confidence"]) for item in operations]
    assert seen == [(method, "users", "known") for method in case.methods]
    told = Counter(finding.code for finding in findings(case.files, tmp_path, rules=case.counts))
    assert told == +Counter(case.counts)


@pytest.mark.parametrize("case", parameters(STRANGERS))
def test_left_alone(case: Case, tmp_path: Path) -> None:
    loaded = project(case.files, tmp_path)
    assert not loaded.broken
    assert with_deep_stack(lambda: queries(loaded)) == []
    assert findings(case.files, tmp_path, rules=["MDB101", "MDB104"]) == []


def test_cases_are_python() -> None:
    """A case with a slip of the pen would prove nothing."""
    for case in (*REACH, *STRANGERS):
        assert case.files, case.name
        for path, code in case.files.items():
            compile(code, f"{case.name}/{path}", "exec", dont_inherit=True)


def test_names_are_unique() -> None:
    names = Counter(case.name for case in (*REACH, *STRANGERS))
    assert max(names.values()) == 1


@pytest.mark.parametrize(
    ("name", "database"),
    [('{"TEST": "app_test", "PROD": "app"}[KIND]', None), ('{"TEST": "app", "PROD": "app"}[KIND]', "app")],
)
def test_one_of_several_databases_is_not_named(name: str, database: str | None, tmp_path: Path) -> None:
    text = f"""\
import os

from pymongo import MongoClient

KIND = os.environ["KIND"]
users = MongoClient(timeoutMS=5000)[{name}].users


def by_email(email):
    return users.find_one({{"email": email}})
"""
    (query,) = with_deep_stack(lambda: queries(project(text, tmp_path)))
    assert (query["collection"], query["database"]) == ("users", database)
