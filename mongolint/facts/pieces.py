"""The trees of a module that is edited: only the statements that an edit touches are parsed again.

A module is a sequence of statements that begin at the left margin. What is between the beginnings of two of them is
parsed as a module of its own; where that is Python, and what is around it stays, so is the whole.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence, Set
from dataclasses import field

import libcst as cst

from mongolint.facts.positions import locate
from mongolint.facts.shapes import Offsets
from mongolint.fastclasses import dataclass
from mongolint.source.syntax import ParseError
from mongolint.source.tree import parse

# A line of nothing but a continuation, which LibCST's trees do not hold
_LOST = re.compile(r"^[ \t]*\\$", re.MULTILINE)


@dataclass(slots=True)
class _Piece:
    """From the beginning of a statement to that of the next; ``places``: of all nodes, from there."""

    text: str
    body: Sequence[cst.CSTNode]
    places: dict[int, Offsets] = field(default_factory=dict)


class _All:
    """Every node is wanted."""

    def __contains__(self, node: object) -> bool:
        return True


class Pieces:
    """One module and its states."""

    def __init__(self) -> None:
        self._pieces: list[_Piece] = []

    def read(self, text: str) -> list[cst.CSTNode]:
        """The statements of a text.

        Raises:
            ParseError: it is not Python.
        """
        self._pieces = self._changed(text) or _split(text) or [_Piece(text, *_whole(text))]
        return [node for piece in self._pieces for node in piece.body]

    def places(self, wanted: Set[int]) -> dict[int, Offsets]:
        """Where the nodes of the last text stand, by their ids."""
        found: dict[int, Offsets] = {}
        start = 0
        for piece in self._pieces:
            for key in piece.places.keys() & wanted:
                first, end = piece.places[key]
                found[key] = (start + first, start + end)
            start += len(piece.text)
        return found

    def _changed(self, text: str) -> list[_Piece] | None:
        """The pieces of another text, as far as possible those of the last one; None where it is to be read anew."""
        pieces = self._pieces
        first, start = 0, 0
        while first < len(pieces) and text.startswith(pieces[first].text, start):
            start += len(pieces[first].text)
            first += 1
        last, end = len(pieces), len(text)
        while last > first and text.endswith(pieces[last - 1].text, start, end):
            last -= 1
            end -= len(pieces[last].text)
        # What stays has to begin and end lines
        ends = text[:start][-1:], text[start:end][-1:]
        if any(each not in ("", "\n") for each in ends) or text[start:end].rstrip().endswith("\\"):
            return None
        if any(text[place:].lstrip("\n")[:1].isspace() for place in (start, end)):
            return None  # it may be a part of the block before
        if (first, last) == (0, len(pieces)):
            return None
        try:
            new = _split(text[start:end]) if start < end else []
        except ParseError:
            return None
        return None if new is None else [*pieces[:first], *new, *pieces[last:]]


def _split(text: str) -> list[_Piece] | None:
    """A text in pieces; None where its statements do not all begin lines of their own."""
    if "\f" in text or "\r" in text or _LOST.search(text):
        return None
    body, places = _whole(text)
    if not body:
        return [_Piece(text, body, places)]
    starts = [_start(node, places) for node in body]
    if any(start < 0 or text[start - 1 : start] not in ("", "\n") for start in starts):
        return None
    starts[0] = 0
    ends = [*starts[1:], len(text)]
    pieces = [_Piece(text[start:end], [node]) for start, end, node in zip(starts, ends, body, strict=True)]
    for key, (first, end) in places.items():
        number = bisect_right(starts, first) - 1
        pieces[number].places[key] = (first - starts[number], end - starts[number])
    return pieces


def _whole(text: str) -> tuple[Sequence[cst.CSTNode], dict[int, Offsets]]:
    module = parse(text)
    return module.body, locate(module, _All(), text)


def _start(node: cst.CSTNode, places: dict[int, Offsets]) -> int:
    """Where a statement begins, its decorators included."""
    decorators = getattr(node, "decorators", None)
    return places.get(id(decorators[0] if decorators else node), (-1, -1))[0]
