"""What the repository shows of how the database is run: evidence, or a question. Never a claim.

Files are searched for words, none is executed, and no link is followed.
"""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from mongolint.source.files import relative

Record = dict[str, Any]


class _Topic(NamedTuple):
    """``in_ci``: a workflow shows it, too; else what a workflow says is true of the tests that it runs, not of more."""

    topic: str
    question: str
    shown_by: re.Pattern[str]
    in_ci: bool = False


def _words(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)


# Commands and options of the server's tools and drivers, by their manuals
TOPICS = (
    _Topic(
        "backup",
        "Is there a backup, and who would notice that it stopped?",
        _words(r"\bmongodump\b|\bpbm backup\b"),
        in_ci=True,
    ),
    _Topic(
        "restore",
        "Has a restore been tried, and how long does it take?",
        _words(r"\bmongorestore\b|\bpbm restore\b"),
        in_ci=True,
    ),
    _Topic(
        "replica set",
        "Does production run a replica set? Transactions and change streams need one.",
        _words(r"--replSet\b|\breplicaSet=|\breplSetName\b|\brs\.initiate\b|mongodb\+srv://"),
    ),
    _Topic(
        "monitoring",
        "Are slow queries, connections and replication lag watched?",
        _words(
            r"\bmongodb[_-]exporter\b|\bCommandListener\b|\bevent_listeners\b|\bsetProfilingLevel\b|PymongoInstrumentor"
        ),
    ),
    _Topic("health", "Does a health check ask the database?", _words(r"""command\(\s*["']ping["']""")),
    _Topic(
        "version", "Which server version is deployed, and until when is it supported?", _words(r"\bmongo:\d[\w.-]*")
    ),
    _Topic(
        "login",
        "Does each service log in as a user of its own, with no more rights than it needs?",
        _words(r"\bdb\.createUser\b|\bcreateUser\b"),
    ),
)

# Bytes, files: what a person wrote to run things is smaller, and there is less of it
_LARGEST = 256 * 1024
_MOST_FILES = 2000
_MOST_PLACES = 3
_WIDTH = 100
_SUFFIXES = (".sh", ".yml", ".yaml", ".toml", ".tf", ".conf", ".cfg", ".ini", ".env", ".example", ".service", ".timer")
_NAMES = ("dockerfile", "makefile", "crontab", "procfile", "justfile", ".env")
_HIDDEN = (".github", ".gitlab", ".circleci")
_CI = (".gitlab-ci", "azure-pipelines", "bitbucket-pipelines", ".travis")
_FOREIGN = ("node_modules", "site-packages", "vendor", "dist", "build", "venv", "env")


def checklist(root: Path, cwd: Path, sources: Mapping[str, str], idle: Collection[tuple[str, int]]) -> list[Record]:
    """Each topic with the first places that show it, as far as there are any.

    Args:
        sources: the texts of the Python files, by the path that findings show.
        idle: lines of them that no application runs, as (file, line): they show nothing.
    """
    files = list(_files(root, cwd))
    found = []
    for topic in TOPICS:
        texts = [(file, text) for file, text, is_ci in files if topic.in_ci or not is_ci]
        every = (place for file, text in (*texts, *sources.items()) for place in _places(file, text, topic.shown_by))
        places: dict[str, Record] = {}
        for place in every:
            if (place["file"], place["line"]) not in idle:
                places.setdefault(place["file"], place)
        found.append({"topic": topic.topic, "question": topic.question, "shown": [*places.values()][:_MOST_PLACES]})
    return found


def _places(file: str, text: str, pattern: re.Pattern[str]) -> Iterator[Record]:
    for match in pattern.finditer(text):
        start = text.rfind("\n", 0, match.start()) + 1
        line = text[start : text.find("\n", match.end()) % (len(text) + 1)]
        if not line.lstrip().startswith(("#", "//")):
            number = text.count("\n", 0, match.start()) + 1
            text_of_line = line.strip()[:_WIDTH]
            yield {"file": file, "line": number, "column": match.start() - start + 1, "text": text_of_line}


def _files(root: Path, cwd: Path) -> Iterator[tuple[str, str, bool]]:
    """The files that say how things are run, in order of their paths, and whether they are of a CI."""
    count = 0
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(name for name in folders if _is_own(name))
        for name in sorted(names):
            lower = name.lower()
            if not (lower.endswith(_SUFFIXES) or lower.startswith(_NAMES)):
                continue
            count += 1
            if count > _MOST_FILES:
                return
            text = _read(os.path.join(folder, name))
            if text:
                is_ci = lower.startswith(_CI) or bool(set(Path(folder).relative_to(root).parts) & set(_HIDDEN))
                yield relative(os.path.join(folder, name), cwd), text, is_ci


def _is_own(name: str) -> bool:
    return name not in _FOREIGN and (not name.startswith(".") or name in _HIDDEN)


def _read(path: str) -> str:
    try:
        if os.path.islink(path) or os.path.getsize(path) > _LARGEST:
            return ""
        with open(path, "rb") as file:
            return file.read(_LARGEST).decode("utf-8", "replace")
    except OSError:
        return ""
