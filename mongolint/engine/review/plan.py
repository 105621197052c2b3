"""What to do in which order, and how one sees that it is done."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

Record = dict[str, Any]


def plan(issues: Sequence[Mapping[str, Any]]) -> list[Record]:
    """One step an issue, in the order of their impact; what is quick first among equals."""
    rank = {"critical": 0, "high": 1, "medium": 2, "low": 3}
    size = {"S": 0, "M": 1, "L": 2}
    ordered = sorted(issues, key=lambda issue: (rank[issue["severity"]], size[issue["size"]], issue["id"]))
    return [
        {
            "step": _step(issue),
            "why": f"{issue['severity']}: {len(issue['places'])} place{'' if len(issue['places']) == 1 else 's'}",
            "size": issue["size"],
            "issues": [issue["id"]],
        }
        for issue in ordered
    ]


def _step(issue: Mapping[str, Any]) -> str:
    todo = issue["todo"][0]["text"] if issue["todo"] else issue["title"]
    return str(todo[:1].upper() + todo[1:])


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
