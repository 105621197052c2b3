"""What to do in which order, and how one sees that it is done."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from mongolint.engine.review.issues import is_broken
from mongolint.rule import Rule

Record = dict[str, Any]

_RANK = {"critical": 0, "high": 1, "medium": 2, "low": 3}
_SIZE = {"S": 0, "M": 1, "L": 2}


def plan(issues: Sequence[Mapping[str, Any]], known: Mapping[str, Rule], clients: int) -> list[Record]:
    """One step for issues that are mended alike, by impact, what is quick first among equals; idle code comes last.

    ``clients``: how many the application makes.
    """
    steps: dict[str, list[Mapping[str, Any]]] = {}
    cleared = _cleared(issues, known, clients)
    for issue in sorted(issues, key=lambda each: len(_step(each))):
        step = _step(cleared.get(issue["code"], issue))
        # "Declare the unique index and catch its error" begins as a step that is there
        steps.setdefault(next((known for known in steps if step.startswith(known)), step), []).append(issue)
    found = [_record(step, held, cleared) for step, held in steps.items()]
    broken = {issue["id"] for issue in issues if is_broken(issue, known)}
    idle = {str(each["step"]) for each, held in zip(found, steps.values(), strict=True) if _is_idle(held)}
    return sorted(
        found,
        key=lambda each: (
            each["step"] in idle,
            _RANK[each["severity"]],
            not broken.intersection(each["issues"]),
            _SIZE[each["size"]],
            each["issues"],
        ),
    )


def _cleared(
    issues: Sequence[Mapping[str, Any]], known: Mapping[str, Rule], clients: int
) -> dict[str, Mapping[str, Any]]:
    """By code, the issue with whose end another ends as well, if it is found at every client of the application."""
    return {
        code: issue
        for issue in issues
        if sum(not place["script"] for place in issue["places"]) >= clients
        for code in known[issue["code"]].clears
    }


def _is_idle(issues: Sequence[Mapping[str, Any]]) -> bool:
    """Whether nothing runs any of the places."""
    return all(place["idle"] for issue in issues for place in issue["places"])


def _record(step: str, issues: Sequence[Mapping[str, Any]], cleared: Mapping[str, Mapping[str, Any]]) -> Record:
    # What ends with another issue costs nothing of its own
    costing = [issue for issue in issues if issue["code"] not in cleared] or issues
    worst = min((str(issue["severity"]) for issue in issues), key=_RANK.__getitem__)
    places = [place for issue in issues for place in issue["places"]]
    return {
        "step": step,
        "severity": worst,
        "why": _why(places) + (", in code that nothing runs" if _is_idle(issues) else ""),
        "size": max((str(issue["size"]) for issue in costing), key=_SIZE.__getitem__),
        "issues": sorted(issue["id"] for issue in issues),
        "collections": sorted({name for place in places for name in place["collections"]}),
    }


def _why(places: Sequence[Mapping[str, Any]]) -> str:
    """How many places there are of each severity: "12 high, 17 low"; what nothing runs is counted apart."""
    run = [place for place in places if not place["idle"]] or places
    counts = Counter(str(place["severity"]) for place in run)
    idle = len(places) - len(run)
    told = [f"{counts[severity]} {severity}" for severity in _RANK if counts[severity]]
    return ", ".join([*told, *([f"{idle} in code that nothing runs"] if idle else [])])


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
