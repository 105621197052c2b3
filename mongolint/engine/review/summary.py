"""How it stands in one word, and what the source does not tell."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mongolint.project.model import Project

Record = dict[str, Any]


def health(counts: Mapping[str, int]) -> Record:
    """The worst severity that is left decides; the page says so."""
    levels = (("critical", "red"), ("high", "orange"), ("medium", "yellow"), ("low", "green"))
    for severity, level in levels:
        if counts[severity]:
            number = counts[severity]
            return {"level": level, "why": f"{number} {severity} finding{'' if number == 1 else 's'}"}
    return {"level": "green", "why": "no finding"}


def unknown(project: Project, coverage: Mapping[str, Any]) -> list[str]:
    """What the source does not tell of this project."""
    summary = coverage["summary"]
    found = []
    if summary["untraced"]:
        count = summary["untraced"]
        found.append(
            f"{count} call{' looks like an operation' if count == 1 else 's look like operations'} and could not be "
            "traced to a collection: "
            "mongolint queries --unresolved lists them"
        )
    if summary["verdicts"]["unknown"]:
        count = summary["verdicts"]["unknown"]
        noun = "query only the running program knows what serves it" if count == 1 else ""
        found.append(f"of {count} {noun or 'queries only the running program knows what serves them'}")
    if not project.has_snapshot:
        found.append(
            "which indexes the server has: this review goes by those that the code declares; "
            "mongolint indexes pull and --indexes tell the rest"
        )
    found.append("validators, users and rights that were set by hand on the server")
    found.append("how many documents there are, so how much a scan costs")
    return found
