"""How it stands in one word, and what the source does not tell."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mongolint.project.model import Project

Record = dict[str, Any]

# Places that are named
_MAX_PLACES = 3


def health(counts: Mapping[str, int]) -> Record:
    """The worst severity that is left decides; the page says so."""
    levels = (("critical", "red"), ("high", "orange"), ("medium", "yellow"), ("low", "green"))
    for severity, level in levels:
        if counts[severity]:
            number = counts[severity]
            return {"level": level, "why": f"{number} {severity} finding{'' if number == 1 else 's'}"}
    return {"level": "green", "why": "no finding"}


def _unjudged(coverage: Mapping[str, Any]) -> str:
    """Where the queries are of which it is not known what serves them, of many the first."""
    shapes = (shape for held in coverage["collections"] for shape in held["shapes"] if shape["verdict"] == "unknown")
    places = sorted({(each["file"], each["line"]) for shape in shapes for each in shape["places"]})
    more = f" and {len(places) - _MAX_PLACES} more" if len(places) > _MAX_PLACES else ""
    shown = ", ".join(f"{file}:{line}" for file, line in places[:_MAX_PLACES])
    return f" ({shown}{more})" if shown else ""


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
        what = "1 query" if count == 1 else f"{count} queries"
        found.append(f"what serves {what}{_unjudged(coverage)}: only the running program knows")
    if not project.has_snapshot:
        found.append(
            "which indexes the server has: this review goes by those that the code declares; "
            "mongolint indexes pull and --indexes tell the rest"
        )
    found.append("validators, users and rights that were set by hand on the server")
    found.append("how many documents there are, so how much a scan costs")
    return found
