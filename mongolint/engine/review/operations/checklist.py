"""The checklist: each topic with the lines that answer it, or what else the repository says of it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from mongolint.engine.review.operations.files import Text, is_prose, texts
from mongolint.engine.review.operations.topics import (
    DRIVER,
    DRIVER_NOTE,
    ENDED,
    ENDED_NOTE,
    MOTOR_NOTE,
    ROOT,
    ROOT_NOTE,
    TOPICS,
    Topic,
)
from mongolint.project.model import Project
from mongolint.project.reach.health import health_checks

Record = dict[str, Any]

_MOST_PLACES = 3
_WIDTH = 100
# Lines before and behind in which what belongs together stands
_NEAR = 12
# A tag without a minor version is that of the last one
_VERSION = re.compile(r"[:\"](\d+\.\d+|[56](?![\d.]))")


def checklist(project: Project, root: Path, cwd: Path, sources: Mapping[str, str]) -> list[Record]:
    """``shown`` answers the question; without it ``bearing`` are places that have to do with it, and ``note`` says how.

    Args:
        sources: the texts of the Python files, by the path that findings show.
    """
    every = texts(root, cwd, sources)
    idle = _idle_lines(project)
    found = []
    for topic in TOPICS:
        shown, bearing, note = _evidence(topic, every, idle)
        if topic.topic == "health":
            shown, bearing, note = _health(project, sources, bearing, note)
        if topic.topic == "rights" and not bearing:
            bearing = _places([text for text in every if text.kind == "source"], ROOT, idle)
            note = ROOT_NOTE if bearing else ""
        item = {"topic": topic.topic, "question": topic.question, "shown": shown[:_MOST_PLACES]}
        if shown:
            note = _ended(shown) if topic.topic == "version" else ""
        found.append({**item, "bearing": [] if shown else bearing[:_MOST_PLACES], "note": note})
        if topic.topic == "version":
            found += _driver(project, sources)
    return found


def is_standalone(checked: Sequence[Mapping[str, Any]]) -> bool:
    """Whether the repository starts a server that is no member of a replica set."""
    return any(item["topic"] == "replica set" and bool(item["bearing"]) for item in checked)


def _evidence(
    topic: Topic, every: Sequence[Text], idle: Collection[tuple[str, int]]
) -> tuple[list[Record], list[Record], str]:
    held = [text for text in every if topic.in_ci or text.kind != "ci"]
    shown = _places(held, topic.shows, idle, topic.near, topic.not_near)
    is_open = not _places(held, topic.unless, idle)
    bearing = _places(held, topic.bears, idle, topic.near if topic.shows is None else None) if is_open else []
    if topic.doubted and bearing:
        shown = []
    return shown, bearing, topic.note if bearing else ""


def _places(
    held: Sequence[Text],
    pattern: re.Pattern[str] | None,
    idle: Collection[tuple[str, int]],
    near: re.Pattern[str] | None = None,
    not_near: re.Pattern[str] | None = None,
) -> list[Record]:
    """The first place of each file."""
    if pattern is None:
        return []
    found = []
    for text in held:
        place = next((each for each in _matches(text, pattern, near, not_near) if _key(each) not in idle), None)
        if place is not None:
            found.append(place)
    return found


def _matches(
    text: Text, pattern: re.Pattern[str], near: re.Pattern[str] | None, not_near: re.Pattern[str] | None
) -> Iterator[Record]:
    for match in pattern.finditer(text.text):
        offset = match.start() + len(match[0]) - len(match[0].lstrip())
        around = _around(text.text, offset) if near or not_near else ""
        if (near and not near.search(around)) or (not_near and not_near.search(around)) or is_prose(text, offset):
            continue
        number, column, line = text.line(offset)
        yield {"file": text.file, "line": number, "column": column, "text": _cut(line)}


def _around(text: str, offset: int) -> str:
    start = end = offset
    for _ in range(_NEAR):
        start = text.rfind("\n", 0, max(start, 0)) if start > 0 else 0
        end = text.find("\n", end + 1) % (len(text) + 1)
    return text[max(start, 0) : end]


def _cut(line: str) -> str:
    text = line.strip()
    return text if len(text) <= _WIDTH else text[: _WIDTH - 1] + "…"


def _key(place: Record) -> tuple[str, int]:
    return place["file"], place["line"]


def _health(
    project: Project, sources: Mapping[str, str], bearing: list[Record], note: str
) -> tuple[list[Record], list[Record], str]:
    """The health checks of the application: by what they run, not by words."""
    checks = list(health_checks(project))
    asking: list[Record] = []
    for check in sorted(checks, key=lambda check: check.asks is None or check.asks[0] != check.handler[0]):
        if check.asks is not None:
            # A query in another file shows nothing without the check that comes to it
            places = [check.handler] if check.asks[0] != check.handler[0] else []
            if len(asking) + len(places) < _MOST_PLACES:
                asking += [_line(project, sources, place) for place in (*places, check.asks)]
    silent = [_line(project, sources, check.handler) for check in checks if check.asks is None]
    if asking or not silent:
        return asking, bearing, note
    return [], silent, "the health check answers without asking the database, as far as the code shows"


def _ended(shown: Sequence[Record]) -> str:
    """Said of servers that get no more fixes."""
    versions = (_VERSION.search(place["text"]) for place in shown)
    named = {version[1] if "." in version[1] else f"{version[1]}.0" for version in versions if version}
    old = named & ENDED.keys()
    return "; ".join(ENDED_NOTE.format(version, ENDED[version]) for version in sorted(old))


def _driver(project: Project, sources: Mapping[str, str]) -> list[Record]:
    """Asked where calls keep the project at an old driver; where a new one gets installed, they are findings."""
    motors = [each for each in project.clients if each.flavour == "motor" and each.module not in project.tests]
    if motors:
        places = [_line(project, sources, (each.module, each.row)) for each in motors[:_MOST_PLACES]]
        return [{"topic": "driver", "question": DRIVER, "shown": [], "bearing": places, "note": MOTOR_NOTE}]
    old = [each for each in project.operations if each.method.removed and each.flavour == "sync"]
    old = [each for each in old if each.module not in project.tests]
    if not old or project.made_clients.removed_calls:
        return []
    names = ", ".join(name for name, _ in Counter(each.name for each in old).most_common(3))
    note = DRIVER_NOTE.format(f"1 call ({names}) is" if len(old) == 1 else f"{len(old)} calls ({names}) are")
    places = [_line(project, sources, (each.module, each.token)) for each in old[:_MOST_PLACES]]
    return [{"topic": "driver", "question": DRIVER, "shown": [], "bearing": places, "note": note}]


def _line(project: Project, sources: Mapping[str, str], place: tuple[int, int]) -> Record:
    span = project.token(*place)
    lines = sources.get(span.file, "").splitlines()
    text = _cut(lines[span.line - 1]) if span.line <= len(lines) else ""
    return {"file": span.file, "line": span.line, "column": span.column, "text": text}


def _idle_lines(project: Project) -> set[tuple[str, int]]:
    """The lines with a call that only scripts run, or nothing; none where no start is there to compare with."""
    found: set[tuple[str, int]] = set()
    if not project.reachability.loading.has_start:
        return found
    for module, facts in enumerate(project.modules):
        for call in facts.calls:
            if call.scope and project.reached(module, call.scope, call.context).runner in ("nothing", "script"):
                span = project.token(module, call.row)
                found.add((span.file, span.line))
    return found
