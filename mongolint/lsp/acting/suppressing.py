"""Comments that silence a finding: where one can stand, and what it says."""

from __future__ import annotations

import re
from collections.abc import Iterator

from mongolint.finding import Finding
from mongolint.source.suppress import find_suppressions
from mongolint.source.text import LineTable
from mongolint.source.tree import python_error

# A start and an end, as offsets, and what takes the place of the text between
Change = tuple[int, int, str]

_IN_LINE = re.compile(r"#\s*mongolint:\s*ignore\[([^\]\n]*)")
_IN_FILE = re.compile(r"^\s*#\s*mongolint:\s*ignore-file\[([^\]\n]*)", re.MULTILINE)
_HEAD = re.compile(r"(?:[ \t]*#[^\r\n]*(?:\r\n|\r|\n))*")
_BREAK = re.compile(r"\r\n|\r|\n")
# How many lines a statement may go on for before one gives up looking for its end
_LONGEST = 200


def suppress_here(text: str, finding: Finding) -> Change | None:
    """The comment that silences one finding; None where none can stand."""
    return next((change for change in _places(text, finding) if _works(text, change, finding)), None)


def suppress_in_file(text: str, finding: Finding) -> Change | None:
    """The comment that silences a rule in a file."""
    found = _IN_FILE.search(text)
    if found:
        change = (found.end(1), found.end(1), f", {finding.name}")
    else:
        head = _HEAD.match(text)
        place = head.end() if head else 0
        change = (place, place, f"# mongolint: ignore-file[{finding.name}]{_newline(text)}")
    return change if _works(text, change, finding) else None


def _places(text: str, finding: Finding) -> Iterator[Change]:
    """At the end of the line, of the statement's last line, or above it; a comment that is there is added to."""
    table = LineTable(text)
    comment = f"# mongolint: ignore[{finding.name}]"
    for line in range(finding.span.line, min(table.count, finding.span.line + _LONGEST) + 1):
        start, end = table.bounds(line)
        held = _IN_LINE.search(text, start, end)
        if held:
            yield held.end(1), held.end(1), f", {finding.name}"
        place = start + len(text[start:end].rstrip())
        if place > start:
            yield place, place, f"  {comment}"
    start, end = table.bounds(finding.span.line)
    indent = text[start : start + len(text[start:end]) - len(text[start:end].lstrip())]
    yield start, start, f"{indent}{comment}{_newline(text)}"


def _works(text: str, change: Change, finding: Finding) -> bool:
    start, end, content = change
    after = text[:start] + content + text[end:]
    line = finding.span.line
    if start <= LineTable(text).bounds(line)[0]:
        line += len(_BREAK.findall(content))
    if find_suppressions(after).match(finding.code, finding.name, line) is None:
        return False
    return python_error(after) is None or python_error(text) is not None


def _newline(text: str) -> str:
    found = _BREAK.search(text)
    return found[0] if found else "\n"
