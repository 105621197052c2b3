"""What a fix changes: a patch of whole files, or a few lines of each place it touches."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from difflib import SequenceMatcher, unified_diff
from typing import Any

from mongolint.finding import Edit
from mongolint.report.frame import split_lines
from mongolint.report.paint import Paint, visible

# The text with the edits made; ValueError where they are not within it
Rewrite = Callable[[str, Iterable[Edit]], str]
# The number of the first line, and lines with "-", "+" or " " for what becomes of them
Hunk = tuple[int, list[tuple[str, str]]]

_STYLES = {"-": ("red",), "+": ("green",), "@": ("cyan",)}
_CONTEXT = 1
_WIDTH = 400
_CLOSING = (")", "]", "}", "),", "],", "},")
# To git, which may have to apply the patch, nothing else ends a line
_LINE = re.compile(r"[^\n]*\n|[^\n]+")
_MARK = {"replace": "-+", "delete": "-", "insert": "+", "equal": " "}


def unified(before: str, after: str, file: str, paint: Paint) -> str:
    """A unified diff, which ``git apply -p0`` takes; on a coloured terminal, without what that would obey."""
    lines = unified_diff(_LINE.findall(before), _LINE.findall(after), file, file)
    shown = []
    for number, line in enumerate(lines):
        if paint.enabled:
            styles = ("bold",) if number < 2 else _STYLES.get(line[0], ())
            shown.append(_styled(visible(line.rstrip("\r\n")), paint, *styles))
        else:
            shown.append(line.removesuffix("\n"))
        if not line.endswith("\n"):
            shown.append("\\ No newline at end of file")
    return "\n".join(shown)


def hunks(lines: Sequence[str], edits: Iterable[Edit], rewrite: Rewrite) -> Iterator[Hunk]:
    """What the edits of one file change, looking only at the lines around them."""
    for first, last, held in _clusters(edits, len(lines)):
        old = list(lines[first - 1 : last])
        new = split_lines(rewrite("\n".join(old), [_moved(edit, 1 - first) for edit in held]))
        for group in _grouped(old, new):
            rows: list[tuple[str, str]] = []
            for tag, i, j, k, m in group:
                marks = _MARK[tag]
                rows += [(marks[0], line) for line in old[i:j]]
                rows += [("+", line) for line in new[k:m] if "+" in marks]
            number = first + group[0][1]
            while _is_blank(rows[0]):
                rows.pop(0)
                number += 1
            while _is_blank(rows[-1]):
                rows.pop()
            yield number, rows


def _grouped(old: Sequence[str], new: Sequence[str]) -> Iterable[Sequence[Any]]:
    """What becomes of lines, by parts that are apart."""
    matcher = SequenceMatcher(None, old, new, False)
    steps: list[Any] = matcher.get_opcodes()  # which the groups are made of
    for at, (tag, i, _, k, m) in enumerate(steps):
        # What is put behind a call ends with its own bracket, and does not begin with that of the call
        if tag == "insert" and i < len(old) and old[i] == new[k] and old[i].strip() in _CLOSING:
            end, last = steps[at + 1][2], steps[at + 1][4]
            moved = [("equal", i, i + 1, k, k + 1), ("insert", i + 1, i + 1, k + 1, m + 1)]
            steps[at : at + 2] = [*moved, *([("equal", i + 1, end, m + 1, last)] if i + 1 < end else [])]
            if at and steps[at - 1][0] == "equal":
                _, start, _, first, _ = steps[at - 1]
                steps[at - 1 : at + 1] = [("equal", start, i + 1, first, k + 1)]
            break
    return matcher.get_grouped_opcodes(_CONTEXT)


def _is_blank(shown: tuple[str, str]) -> bool:
    """Whether it is context that shows nothing."""
    return shown[0] == " " and not shown[1].strip()


def row(mark: str, line: str, paint: Paint) -> str:
    """One line of a hunk."""
    shown = visible(line[:_WIDTH]) + ("…" if len(line) > _WIDTH else "")
    return _styled(f"{mark} {shown}".rstrip(), paint, *_STYLES.get(mark, ("dim",)))


def _clusters(edits: Iterable[Edit], count: int) -> Iterator[tuple[int, int, list[Edit]]]:
    """The edits that share lines or context, with the numbers of the first and the last of these."""
    first, last, held = 0, 0, list[Edit]()
    for edit in sorted(edits, key=lambda edit: edit.span):
        start, end = max(1, edit.span.line - _CONTEXT), min(count, edit.span.end_line + _CONTEXT)
        if held and start > last + 1:
            yield first, last, held
            held = []
        first, last = (first, max(last, end)) if held else (start, end)
        held.append(edit)
    if held:
        yield first, last, held


def _moved(edit: Edit, lines: int) -> Edit:
    span = edit.span
    return edit._replace(span=span._replace(line=span.line + lines, end_line=span.end_line + lines))


def _styled(text: str, paint: Paint, *styles: str) -> str:
    return paint(text, *styles) if styles else text
