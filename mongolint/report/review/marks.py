"""Text as Markdown: what was read means nothing in it, and code is set as such."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from mongolint.report.paint import visible

_SPECIAL = re.compile(r"([\\`*_\[\]<>|$#])")


def at(place: Mapping[str, Any]) -> str:
    return f"{place['file']}:{place['line']}"


def where(places: Sequence[Mapping[str, Any]]) -> str:
    return f" ({', '.join(code(at(place)) for place in places)})" if places else ""


def fenced(lines: Sequence[str], language: str) -> Iterator[str]:
    """A block of code; its fence is longer than any in it."""
    longest = max((len(match) for line in lines for match in re.findall(r"`+", line)), default=0)
    fence = "`" * max(3, longest + 1)
    yield from (f"{fence}{language}", *lines, fence)


def code(text: str) -> str:
    shown = visible(text).replace("|", "\\|")
    return f"`` {shown} ``" if "`" in shown else f"`{shown}`"


def text(text: str) -> str:
    """Words as Markdown that means nothing: code is full of ``$``, ``*`` and brackets."""
    return _SPECIAL.sub(r"\\\1", visible(text))


def prose(text: str) -> str:
    """A rule's own words, in which literals stand between double backticks."""
    return visible(text).replace("``", "`")
