"""With ``defer-to = ["ruff"]``: silent where the project's own Ruff selects the same, as the real Ruff proves."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

# Each line with a number has something that mongolint tells, too
CODE = """\
import logging
import sys

from pymongo import MongoClient

orders = MongoClient(timeoutMS=5000, maxPoolSize=9).shop.orders


def load(key):
    try:
        return orders.find_one({"_id": key})
    except:
        logging.exception("cannot load")


def parse(text):
    try:
        return int(text)
    except:
        print("no number", text)
        print("no number", text, file=sys.stderr)


def look(key):
    try:
        return orders.find_one({"_id": key})
    except:
        return None


def find(key):
    try:
        return orders.find_one({"_id": key})
    except Exception:
        return None


def silent(key):
    print(key)  # noqa: T201
"""
SAME = {"E722": "MDB501", "T201": "MDB503"}


def ruff(place: Any) -> set[tuple[int, str]]:
    """Line and our code of what Ruff reports, with what a ``noqa`` silences: that is its user's answer."""
    done = subprocess.run(
        [sys.executable, "-m", "ruff", "check", "--no-cache", "--ignore-noqa", "--output-format", "json", "app.py"],
        cwd=place.root,
        capture_output=True,
        text=True,
        env={"HOME": str(place.root), "PATH": ""},
    )
    found = [(each["location"]["row"], each["code"]) for each in json.loads(done.stdout)]
    return {(line, SAME[code]) for line, code in found if code in SAME}


def ours(place: Any, *arguments: str) -> set[tuple[int, str]]:
    run = place.check("app.py", "--format", "json", *arguments)
    return {(finding["line"], finding["code"]) for finding in run.json}


@pytest.mark.parametrize(
    "selection",
    [
        "",
        'select = ["ALL"]',
        'select = ["E", "T20", "BLE"]',
        'select = ["E7"]\nignore = ["E722"]',
        'select = ["T201"]',
        'extend-select = ["T"]',
        'select = ["E722", "T201"]\n[tool.ruff.lint.per-file-ignores]\n"app.py" = ["T201"]',
        'select = ["E722", "T201"]\n[tool.ruff.lint.per-file-ignores]\n"!app.py" = ["ALL"]',
    ],
)
def test_what_ruff_reports_is_left_to_it(place: Any, selection: str) -> None:
    place.write({"app.py": CODE, ".git/HEAD": "", "pyproject.toml": f"[tool.ruff.lint]\n{selection}\n"})
    before = ours(place)
    assert {code for _, code in before} == {"MDB501", "MDB502", "MDB503"}
    place.write({"mongolint.toml": 'defer-to = ["ruff"]\n'})
    assert ours(place) == before - ruff(place)


def test_what_knows_the_driver_stays(place: Any) -> None:
    """A driver's error that is dropped is no matter of Ruff's, whatever it says about the same clause."""
    place.write({"app.py": CODE, "mongolint.toml": 'defer-to = ["ruff"]\n', "ruff.toml": 'lint.select = ["ALL"]\n'})
    lines = CODE.split("\n")
    assert {(lines[line - 1].strip(), code) for line, code in ours(place)} == {
        ("except:", "MDB502"),
        ("except Exception:", "MDB502"),
    }


def test_by_directory(place: Any) -> None:
    place.write({"app.py": CODE, "deep/app.py": CODE, "ruff.toml": 'lint.select = ["T201", "E722"]\n'})
    place.write({"mongolint.toml": 'select = ["MDB503"]\n', ".git/HEAD": ""})
    place.write({"deep/mongolint.toml": 'select = ["MDB501", "MDB503"]\ndefer-to = ["ruff"]\n'})
    place.write({"deep/ruff.toml": 'lint.select = ["E722"]\n'})
    found = {(finding["file"], finding["code"]) for finding in place.check("--format", "json").json}
    assert found == {("app.py", "MDB503"), ("deep/app.py", "MDB503")}


def test_a_broken_configuration_of_ruff_silences_nothing(place: Any) -> None:
    place.write({"app.py": CODE, "mongolint.toml": "", "ruff.toml": "lint.select = [\n"})
    before = ours(place)
    place.write({"mongolint.toml": 'defer-to = ["ruff"]\n'})
    assert ours(place) == before
