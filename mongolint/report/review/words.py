"""The words of a review, whatever it is written as."""

from __future__ import annotations

from collections.abc import Mapping
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
# Of the engine's completeness, in percent
_PARTS = (
    "50 for the share of its queries that an index serves, 20 if each key that has to be unique is, "
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


def counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
