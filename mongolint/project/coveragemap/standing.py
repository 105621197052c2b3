"""What an index is good for, by all that the project asks."""

from __future__ import annotations

from collections.abc import Iterable

from mongolint.fastclasses import NamedTuple
from mongolint.project.coveragemap.build import Shape
from mongolint.project.coveragemap.known import KnownIndex

USES = ("best", "also", "possible")


class Standing(NamedTuple):
    """``uses``: the shapes that an index serves, by how. ``status``:

    - serves: the best plan of some query of the application reads it
    - second: it could serve some, each of which another index serves as well or better
    - possible: only the running program knows whether it serves any
    - outside: only scripts and tests need it
    - nothing: no query of the project can use it
    - unclear: what it is, or on which collection, only the running program knows
    """

    status: str
    uses: dict[str, list[Shape]]


def standing(index: KnownIndex, shapes: Iterable[Shape]) -> Standing:
    uses: dict[str, list[Shape]] = {use: [] for use in USES}
    for shape in shapes:
        if index in shape.uses:
            uses[shape.uses[index]].append(shape)
    return Standing(_status(index, uses), uses)


def _status(index: KnownIndex, uses: dict[str, list[Shape]]) -> str:
    if not index.is_clear:
        return "unclear"
    ours = {use: [shape for shape in uses[use] if shape.origin == "application"] for use in USES}
    others = [site.origin for site in (*index.distincts, *index.unread)]
    if ours["best"] or any(site.origin == "application" for site in index.distincts):
        return "serves"
    # Where a query varies, another of the indexes that serve it may be the best
    if ours["possible"] or any(shape.varies for shape in ours["also"]) or "application" in others:
        return "possible"
    if ours["also"]:
        return "second"
    return "outside" if others or any(uses.values()) else "nothing"
