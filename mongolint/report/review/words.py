"""The words of a review, whatever it is written as."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

LEVELS = {"red": "critical", "orange": "poor", "yellow": "fair", "green": "good"}
CONCERNS = {
    "speed": "speed",
    "integrity": "integrity of the data",
    "resilience": "resilience",
    "visibility": "visibility",
    "upkeep": "upkeep",
}
PRIORITIES = {1: "keeps the data right", 2: "queries scan without it", 3: "ends what is over", 4: "helps"}
VERDICTS = {
    "served": "an index serves it",
    "partial": "an index serves a part of it",
    "unserved": "it reads the whole collection",
    "unknown": "only the running program knows",
    "none": "it has no filter",
}
VALIDATORS = {True: "yes", False: "none in the code", None: "known only at run time"}
EVIDENCE = (
    "Ticked is what a line of the repository shows, and that line stands beside it; whether it is enough is for you to "
    "say. The rest are questions, not findings: the source does not tell. What tests and idle code do shows nothing."
)
# More names than that tell nobody anything
_MOST_NAMES = 4
# Of the engine's completeness, in percent
_PARTS = (
    "50 for the share of its queries that a declared index serves, 20 if each key that has to be unique is, "
    "20 if the code shows all fields, 10 for a validator"
)


def completeness() -> str:
    """The formula behind the last column of the table of collections."""
    return f"Complete, in percent: {_PARTS}."


def size() -> str:
    """What the sizes of a plan mean."""
    return (
        "S: half a day; M: some days; L: more. A fix that can be applied counts as a quarter of an hour, others as one."
    )


def overview(review: Mapping[str, Any]) -> str:
    """How much was read, in one sentence."""
    scope = review["scope"]
    return (
        f"{counted(scope['files'], 'file')} with {counted(scope['operations'], 'operation')} on "
        f"{counted(scope['collections'], 'collection')} were read; nothing was run."
    )


def named(collections: Sequence[str], before: str) -> str:
    """What is touched, to stand behind other words: ": books and users"."""
    if not collections:
        return ""
    shown = list(collections[:_MOST_NAMES])
    if len(collections) > _MOST_NAMES:
        shown.append(f"{len(collections) - _MOST_NAMES} more")
    return before + (f"{', '.join(shown[:-1])} and {shown[-1]}" if len(shown) > 1 else shown[0])


def in_collections(places: Sequence[Mapping[str, Any]]) -> str:
    """The collections of places, to stand behind their number."""
    return named(sorted({name for place in places for name in place["collections"]}), " on ")


def unmade(indexes: Sequence[Mapping[str, Any]]) -> str:
    """Said of indexes that are declared in vain."""
    left = sum(not index["made"] for index in indexes)
    which = "" if left == len(indexes) == 1 else "all " if left == len(indexes) else f"{left} of them "
    return f" ({which}made by no start of the application)" if left else ""


def counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def gaps(issues: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """What has to be mended first: the issues with critical or high places, and of these only such places."""
    found = []
    for issue in issues:
        places = [place for place in issue["places"] if place["severity"] in ("critical", "high")]
        if places:
            found.append({**issue, "places": places})
    return found
