"""Where an edit that only moves code has put what stood elsewhere before."""

from __future__ import annotations

from collections.abc import Sequence

from mongolint.fastclasses import NamedTuple
from mongolint.finding import Finding, Related, Span
from mongolint.report.frame import split_lines


class _Torn(NamedTuple):
    """A line of code that is another now: its first ``left`` characters still begin line ``first``, and its last ones,
    from ``right`` on, still end line ``last``, ``by`` characters farther right.
    """

    first: int
    last: int
    left: int
    right: int
    by: int


class Shift:
    """How the places of one text became those of another that holds the same code."""

    def __init__(self, old: str, new: str) -> None:
        self._lines: dict[int, int] = {}
        self._torn: dict[int, _Torn] = {}
        first, second = _code(old), _code(new)
        before = _common(first, second)
        after = _common(first[::-1], second[::-1], min(len(first), len(second)) - before)
        ends = (len(first) - after, len(second) - after)
        self._pair(first[:before], second[:before])
        self._pair(first[ends[0] :], second[ends[1] :])
        mine, others = first[before : ends[0]], second[before : ends[1]]
        if len(mine) == len(others) and (len(mine) == 1 or all(map(_same_code, mine, others))):
            self._pair(mine, others)
        elif len(mine) == 1 and others:
            self._tear(mine[0], others[0], others[-1])

    def _pair(self, lines: Sequence[_Line], others: Sequence[_Line]) -> None:
        for line, other in zip(lines, others, strict=True):
            if line.text == other.text:
                self._lines[line.number] = other.number
            else:
                self._tear(line, other, other)

    def _tear(self, line: _Line, begun: _Line, ended: _Line) -> None:
        text, last = line.text, ended.text
        left = _common(text, begun.text)
        rest = min(len(text) - left, len(last) - (left if begun is ended else 0))
        right = _common(text[::-1], last[::-1], rest)
        torn = _Torn(begun.number, ended.number, left, len(text) - right, len(last) - len(text))
        self._torn[line.number] = torn

    def span(self, span: Span) -> Span | None:
        """Where a span of code is now; None where that is not certain."""
        start = self._place(span.line, span.column, span.column - 1)
        end = self._place(span.end_line, span.end_column, span.end_column - 2)
        return None if start is None or end is None else Span(span.file, *start, *end)

    def _place(self, line: int, column: int, character: int) -> tuple[int, int] | None:
        """Where a place is now, which is before or after that character of its line."""
        if line in self._lines:
            return self._lines[line], column
        torn = self._torn.get(line)
        if torn is not None and character < torn.left:
            return torn.first, column
        if torn is not None and character >= torn.right:
            return torn.last, column + torn.by
        return None


class _Line(NamedTuple):
    number: int
    text: str


def _code(text: str) -> list[_Line]:
    """The lines that hold more than a comment, without what is blank at their ends."""
    lines = (_Line(number, line.rstrip()) for number, line in enumerate(split_lines(text), 1))
    return [line for line in lines if line.text and not line.text.lstrip().startswith("#")]


def _same_code(line: _Line, other: _Line) -> bool:
    """Whether two lines differ by blanks only."""
    return "".join(line.text.split()) == "".join(other.text.split())


def _common(first: Sequence[_Line] | str, second: Sequence[_Line] | str, most: int | None = None) -> int:
    """How many lines or characters are the same at the beginning."""
    count = min(len(first), len(second)) if most is None else most
    return next((number for number in range(count) if first[number][-1] != second[number][-1]), count)


def moved(finding: Finding, shifts: dict[str, Shift]) -> Finding | None:
    """A finding after edits of these files, which only moved code; None where its places are not certain."""
    span = _moved(finding.span, shifts)
    related = [(_moved(each.span, shifts), each.message) for each in finding.related]
    places = tuple(Related(place, message) for place, message in related if place is not None)
    if span is None or len(places) < len(related):
        return None
    return finding._replace(span=span, related=places)


def _moved(span: Span, shifts: dict[str, Shift]) -> Span | None:
    shift = shifts.get(span.file)
    return span if shift is None else shift.span(span)
