"""A project in a temporary directory, and the command line run in it as a user runs it: in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

# What the person or the machine that runs the tests has set must not decide how they end, or how fast
_UNSET = {"CI", "FORCE_COLOR", "NO_COLOR", "COLUMNS", "PYTHONPATH", "PYTHONIOENCODING", "PYTHONDONTWRITEBYTECODE"}
_UNSET |= {"GITHUB_WORKSPACE", "GITHUB_STEP_SUMMARY", "CI_PROJECT_DIR"}


@dataclass(frozen=True)
class Run:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def asked(self) -> dict[str, list[str]]:
        """The questions of a review as JSON, by collection."""
        return asked_of(self.json)

    @property
    def lines(self) -> list[str]:
        return self.out.splitlines()

    @property
    def codes(self) -> list[str]:
        """The rule codes of a JSON report, in order."""
        return [finding["code"] for finding in self.json]


def asked_of(review: Mapping[str, Any]) -> dict[str, list[str]]:
    """The questions of a review by collection: "May stock go below zero? An update … (shop.py:30)"."""
    found: dict[str, list[str]] = {held["name"]: [] for held in review["collections"]}
    for each in review["questions"]:
        for of in each["of"]:
            details = f" {', '.join(of['details'])}" if of["details"] else ""
            places = ", ".join(f"{place['file']}:{place['line']}" for place in of["places"])
            found[of["collection"]].append(f"{each['question']} {each['ground']}{details} ({places})")
    return found


@pytest.fixture
def asked() -> Callable[[Mapping[str, Any]], dict[str, list[str]]]:
    return asked_of


@dataclass(frozen=True)
class Place:
    """A directory to write files into and to run commands in."""

    root: Path
    schema_of: Callable[[str], Any]

    def write(self, files: Mapping[str, str | bytes]) -> Place:
        for name, content in files.items():
            path = self.root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(textwrap.dedent(content).encode() if isinstance(content, str) else content)
        return self

    def run(
        self,
        *arguments: str | Path,
        stdin: str | bytes = b"",
        env: Mapping[str, str] | None = None,
        cwd: str = ".",
        command: tuple[str, ...] = (sys.executable, "-m", "mongolint"),
    ) -> Run:
        clean = {name: value for name, value in os.environ.items() if name not in _UNSET}
        done = subprocess.run(
            [*command, *map(str, arguments)],
            cwd=self.root / cwd,
            input=stdin.encode() if isinstance(stdin, str) else stdin,
            env={**clean, "PYTHONUTF8": "1", **(env or {})},
            capture_output=True,
            timeout=60,
        )
        run = Run(done.returncode, done.stdout.decode(errors="replace"), done.stderr.decode())
        schema = _schema(arguments)
        if schema and run.out:
            self.schema_of(schema).validate(run.json)
        return run

    def check(self, *arguments: str | Path, **options: Any) -> Run:
        return self.run("check", *arguments, **options)


def _schema(arguments: tuple[str | Path, ...]) -> str | None:
    """The schema of what a command prints: all that these tests run is held to it."""
    words = [str(word) for word in arguments]
    if (
        "json" not in words
        or words[0] not in ("check", "queries", "indexes", "explain")
        or {"--show-files", "--diff", "-"} & set(words)
    ):
        return None
    if words[0] == "indexes" and {"suggest", "coverage", "diff", "pull"} & set(words):
        return None
    kind = next((option for option in ("--statistics", "--unresolved") if option in words), "")
    return words[0] + kind[1:]


# Neither the person who runs the tests nor a repository around them has a say in what git does
_GIT = {
    **{f"GIT_{role}_{part}": "t@example.com" for role in ("AUTHOR", "COMMITTER") for part in ("NAME", "EMAIL")},
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
}


@dataclass(frozen=True)
class Repository(Place):
    """A place that is a git repository."""

    def git(self, *arguments: str | Path, cwd: str = ".", check: bool = True) -> str:
        clean = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
        command = ["git", "-c", "protocol.file.allow=always", *map(str, arguments)]
        done = subprocess.run(command, cwd=self.root / cwd, env={**clean, **_GIT}, capture_output=True, timeout=60)
        assert not check or done.returncode == 0, done.stdout + done.stderr
        return done.stdout.decode("utf-8", "surrogateescape").strip()

    def commit(self, files: Mapping[str, str | bytes] | None = None, message: str = "change") -> str:
        """Commit these files and all else that is different."""
        self.write(files or {})
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", message)
        return self.git("rev-parse", "HEAD")

    def at(self, folder: Path) -> Repository:
        return Repository(folder, self.schema_of)


@pytest.fixture
def repository(tmp_path: Path, schema_of: Callable[[str], Any]) -> Repository:
    """An empty one, on the branch ``main``."""
    made = Repository(tmp_path / "repository", schema_of)
    made.root.mkdir()
    made.git("init", "--quiet", "--initial-branch", "main")
    return made


@pytest.fixture
def place(tmp_path: Path, schema_of: Callable[[str], Any]) -> Place:
    return Place(tmp_path, schema_of)


# Findings: a client without a time limit (low), a print (low), a query in a loop (high)
SHOP = """\
from pymongo import MongoClient

db = MongoClient(connectTimeoutMS=5000).shop


def names(orders):
    for order in orders:
        print(db.customers.find_one({"_id": order}))
"""
CLEAN = """\
from pymongo import MongoClient

db = MongoClient(timeoutMS=5000).shop


def load(key):
    return db.orders.find_one({"_id": key})
"""


@pytest.fixture
def shop(place: Place) -> Place:
    """A project with three findings in ``shop/orders.py`` and none in ``shop/clean.py``."""
    return place.write({"shop/orders.py": SHOP, "shop/clean.py": CLEAN, "shop/__init__.py": ""})
