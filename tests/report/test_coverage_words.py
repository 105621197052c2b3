"""What the coverage map says of an index, in a line."""

from __future__ import annotations

from typing import Any

import pytest

from mongolint.report.coverage import words

SHAPES = {"t/1": {"calls": 2}}


def index(status: str, best: int = 0, also: int = 0, possible: int = 0, **rest: Any) -> dict[str, Any]:
    uses = {use: ["t/1"] * count for use, count in (("best", best), ("also", also), ("possible", possible))}
    elsewhere = {"best": 0, "also": 0, "possible": 0}
    base = {"status": status, "elsewhere": elsewhere, "unread": 0, "distincts": 0, "keys": [["a", 1]]}
    return {**base, **uses, **rest}


@pytest.mark.parametrize(
    ("held", "line"),
    [
        (index("serves", 1), "serves 1 shape (2 calls)"),
        (index("serves", 2, 1, 3), "serves 2 shapes (4 calls), could serve 1 more"),
        (
            index("serves", 1, elsewhere={"best": 2, "also": 0, "possible": 0}),
            "serves 3 shapes, 2 of them in other files",
        ),
        (index("serves", distincts=1), "read by 1 distinct without a filter"),
        (index("second", also=2), "could serve 2, for which another index is taken"),
        (index("possible", 0, 2, 1), "could serve 2, perhaps 1 more: only the running program knows"),
        (index("possible", 0, 2), "could serve 2: only the running program knows"),
        (index("possible", 1, 0, 3), "perhaps 3: only the running program knows; serves 1 of scripts and tests"),
        (index("possible", unread=1), "perhaps serves 1 call that the code does not show whole"),
        (index("outside", 1), "only scripts and tests use it"),
        (index("nothing"), ""),
        (index("unclear", keys=None), "which index it is is known only at run time"),
    ],
)
def test_line(held: dict[str, Any], line: str) -> None:
    assert words.serves(held, SHAPES) == line


def test_title() -> None:
    def title(name: str | None, *candidates: str) -> str:
        return words.title({"name": name, "candidates": candidates})

    assert title("a") == "a"
    assert title(None, "a", "b", "c", "d") == "a or b or c or d"
    assert title(None, "a", "b", "c", "d", "e") == "a or b or c or 2 others"
    assert title(None) == "a collection known only at run time"


def test_places() -> None:
    found = [{"file": file, "line": line} for file, line in (("a.py", 1), ("a.py", 2), ("b.py", 2))]
    assert words.places(found) == ["a.py:1", ":2", "b.py:2"]
