"""What to do in which order, and how one sees that it is done."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from mongolint.engine.review.issues import in_use, is_aside, is_broken
from mongolint.rule import Rule

Record = dict[str, Any]

_RANK = {"critical": 0, "high": 1, "medium": 2, "low": 3}
_UNIQUE = re.compile(r"create_index\(.*unique=True\)")
_SIZE = {"S": 0, "M": 1, "L": 2}


def plan(issues: Sequence[Mapping[str, Any]], known: Mapping[str, Rule]) -> list[Record]:
    """One step for issues that are mended alike, by impact, what is quick first among equals; then idle code and tests.

    ``issues``: with what they end with, see `mark_ends`.
    """
    steps: dict[str, list[Mapping[str, Any]]] = {}
    issues = _parted(issues)
    by_id = {issue["id"]: issue for issue in issues}
    cleared = {issue["code"]: by_id[issue["ends_with"]] for issue in issues if issue["ends_with"] is not None}
    for issue in sorted(issues, key=lambda each: len(_step(each))):
        step = _step(cleared.get(issue["code"], issue))
        # "Declare the unique index and catch its error" begins as a step that is there
        steps.setdefault(next((known for known in steps if step.startswith(known)), step), []).append(issue)
    found = [_record(step, held, cleared) for step, held in steps.items()]
    broken = {issue["id"] for issue in issues if is_broken(issue, known)}
    aside = {str(each["step"]) for each, held in zip(found, steps.values(), strict=True) if is_aside(_places(held))}
    return sorted(
        found,
        key=lambda each: (
            each["step"] in aside,
            _RANK[each["severity"]],
            not broken.intersection(each["issues"]),
            _SIZE[each["size"]],
            each["issues"],
        ),
    )


def _parted(issues: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The issues, without the places that another one mends which declares the same unique index; those go with it."""
    makers: dict[tuple[str, ...], Mapping[str, Any]] = {}
    for issue in issues:
        for place in issue["places"]:
            if _is_written(place) and (named := _unique(place)):
                makers.setdefault(named, issue)
    found: list[Mapping[str, Any]] = []
    for issue in issues:
        parts: dict[int, list[Record]] = {}
        todo = {issue["id"]: issue["todo"]}
        for place in issue["places"]:
            maker = issue if _is_written(place) else makers.get(_unique(place), issue)
            parts.setdefault(maker["id"], []).append(place)
            todo[maker["id"]] = maker["todo"]
        if len(parts) > 1:
            todo[issue["id"]] = _todo(parts.get(issue["id"], ()))
        found += [{**issue, "places": places, "todo": todo[to]} for to, places in parts.items()]
    return found


def _is_written(place: Mapping[str, Any]) -> bool:
    return bool(place["fix"] and place["fix"]["edits"])


def _unique(place: Mapping[str, Any]) -> tuple[str, ...]:
    """The unique index that a finding asks for, with its collections; nothing of others."""
    call = _UNIQUE.search(place["message"])
    return (*place["collections"], call[0]) if call else ()


def _todo(places: Sequence[Mapping[str, Any]]) -> list[Record]:
    counts = Counter(str(place["fix"]["title"]) for place in places if place["fix"])
    return [{"text": text, "count": count} for text, count in counts.most_common()]


def mark_ends(issues: Sequence[Record], known: Mapping[str, Rule], clients: int) -> None:
    """Say with which issue another ends as well, if that is found at every client of the application.

    ``clients``: how many it makes.
    """
    ends = {
        code: issue["id"]
        for issue in issues
        if issue["todo"] and sum(not place["script"] for place in issue["places"]) >= clients
        for code in known[issue["code"]].clears
    }
    for issue in issues:
        issue["ends_with"] = ends.get(issue["code"])


def _places(issues: Sequence[Mapping[str, Any]]) -> list[Record]:
    return [place for issue in issues for place in issue["places"]]


def _record(step: str, issues: Sequence[Mapping[str, Any]], cleared: Mapping[str, Mapping[str, Any]]) -> Record:
    # What ends with another issue costs nothing of its own
    costing = [issue for issue in issues if issue["code"] not in cleared] or issues
    worst = min((str(issue["severity"]) for issue in issues), key=_RANK.__getitem__)
    places = _places(issues)
    return {
        "step": step,
        "severity": worst,
        "why": _why(places),
        "size": max((str(issue["size"]) for issue in costing), key=_SIZE.__getitem__),
        "issues": sorted({issue["id"] for issue in issues}),
        "collections": sorted({name for place in _places(costing) for name in place["collections"]}),
    }


def _why(places: Sequence[Mapping[str, Any]]) -> str:
    """How many places there are of each severity: "12 high, 17 low"; what nothing runs and tests are counted apart."""
    counts = Counter(str(place["severity"]) for place in in_use(places))
    told = [f"{counts[severity]} {severity}" for severity in _RANK if counts[severity]]
    for kind, where in (("idle", "in code that nothing runs"), ("test", "in tests")):
        number = sum(place[kind] for place in places)
        if number:
            told.append(where if number == len(places) else f"{number} {where}")
    return ", ".join(told)


def _step(issue: Mapping[str, Any]) -> str:
    if not issue["todo"]:
        title = str(issue["title"])
        return f"Mend {title[:1].lower()}{title[1:]}"
    todo = str(issue["todo"][0]["text"])
    return todo[:1].upper() + todo[1:]


def acceptance(issues: Sequence[Mapping[str, Any]], paths: str) -> list[Record]:
    """What can be run to see that an issue is done."""
    return [
        {
            "text": f"no finding of {issue['name']} is left",
            "command": f"mongolint check {paths} --select {issue['code']}",
            "issues": [issue["id"]],
        }
        for issue in issues
    ]
