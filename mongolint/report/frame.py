"""A few lines of source with the span underlined. Gets lines, returns lines."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from mongolint.finding import Severity, Span
from mongolint.report.paint import Paint, cell

_BREAK = re.compile("\r\n|\r|\n")
_BEFORE, _AFTER = 2, 1
_MAX_LINES = 6
_WIDTH = 120


def split_lines(text: str) -> list[str]:
    """The lines that Python sees: a form feed ends none."""
    return _BREAK.split(text)


def frame(lines: Sequence[str], span: Span, severity: Severity, paint: Paint) -> list[str]:
    """The lines around a span, numbered; none where the span is not in the text."""
    if not 1 <= span.line <= len(lines):
        return []
    marks = _marks(lines, span)
    numbers = _context(lines, span.line, max(marks))
    gutter = len(str(numbers[-1]))
    left = _left(lines[span.line - 1], marks[span.line])
    edge = paint(" " * gutter + " |", "dim")
    shown = [edge]
    for number in numbers:
        code, carets = _row(lines[number - 1], left, marks.get(number))
        shown.append(f"{paint(f'{number:>{gutter}} |', 'dim')} {code}".rstrip())
        if carets:
            shown.append(f"{edge} {paint.severity(carets, severity)}")
    if _last_line(span) > max(marks):
        shown.append(paint(" " * gutter + " | …", "dim"))
    return [*shown, edge]


def numbered(lines: Sequence[str], span: Span) -> list[tuple[int, str, tuple[int, int] | None]]:
    """The lines around a span with their numbers, and what to mark of each: (start, end), 0-based."""
    if not 1 <= span.line <= len(lines):
        return []
    marks = _marks(lines, span)
    return [(number, lines[number - 1], marks.get(number)) for number in _context(lines, span.line, max(marks))]


def underlined(line: str, start: int, end: int) -> tuple[str, str]:
    """A whole line as it is shown, and the carets below ``line[start:end]``."""
    shown, carets = _row(line, 0, (start, end), len(line) * 4 + 2)
    return shown, carets


def _last_line(span: Span) -> int:
    ends_before = span.end_column <= 1 and span.end_line > span.line
    return max(span.line, span.end_line - ends_before)


def _marks(lines: Sequence[str], span: Span) -> dict[int, tuple[int, int]]:
    """What to underline of each line of a span: (start, end), 0-based."""
    found: dict[int, tuple[int, int]] = {}
    last = min(_last_line(span), len(lines), span.line + _MAX_LINES - 1)
    for number in range(span.line, last + 1):
        line = lines[number - 1]
        start = span.column - 1 if number == span.line else len(line) - len(line.lstrip())
        end = span.end_column - 1 if number == span.end_line else len(line.rstrip())
        if end > start or number == span.line:
            found[number] = (start, max(end, start + 1))
    return found


def _context(lines: Sequence[str], first: int, last: int) -> list[int]:
    """The numbers of the lines to show: blank ones lead in and out of nothing."""
    numbers = list(range(max(1, first - _BEFORE), min(len(lines), last + _AFTER) + 1))
    while numbers[0] < first and not lines[numbers[0] - 1].strip():
        numbers.pop(0)
    while numbers[-1] > last and not lines[numbers[-1] - 1].strip():
        numbers.pop()
    return numbers


def _left(line: str, mark: tuple[int, int]) -> int:
    """How many characters to leave out on the left so that the marked ones are in view."""
    start, end = mark
    if end <= _WIDTH and sum(width for _, width in _cells(line[:end])) < _WIDTH:
        return 0
    return max(0, start - _WIDTH // 4)


def _cells(text: str) -> Iterator[tuple[str, int]]:
    return (cell(character) for character in text)


def _row(line: str, left: int, mark: tuple[int, int] | None, limit: int = _WIDTH) -> tuple[str, str]:
    """What is shown of a line, and the carets below it."""
    code, carets, width = "", "", 0
    start, end = mark or (-1, -1)
    if left:
        code, carets, width = ("…" if line.strip() else ""), " ", 1
    for index, (shown, size) in enumerate(_cells(line[left : left + limit]), left):
        if width + size >= limit and index + 1 < len(line):
            code += "…"
            break
        code += shown
        carets += ("^" if start <= index < end else " ") * size
        width += size
    if mark and "^" not in carets:
        carets = carets[: _width(line[left:start]) + bool(left)] + "^"
    return code.rstrip(), carets.rstrip()


def _width(text: str) -> int:
    return sum(width for _, width in _cells(text))
