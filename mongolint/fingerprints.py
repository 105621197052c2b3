"""The identity of a finding from one run to the next: the same while its lines move and its message is reworded.

May not know rules or read files. Code-quality services and a baseline hold what is found by these.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Sequence
from hashlib import sha256

from mongolint.fastclasses import dataclass
from mongolint.finding import Finding, Span

_BREAK = re.compile("\r\n|\r|\n")
_HEADER = re.compile(r"^([ \t]*)(?:async[ \t]+)?(?:def|class)[ \t]+(\w+)")
# A comment, but no "#" in a string
_COMMENT = re.compile(r"""("(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')|#.*""")
_SPACE = re.compile(r"\s+")
# Of a longer span the first lines are enough, and an edit further below does not make it another finding
_MAX_LINES = 3


def fingerprints(findings: Sequence[Finding], text_of: Callable[[str], str | None]) -> list[str]:
    """One fingerprint for each finding, in order: 16 hex digits, unique among them.

    It is made of the code, the file as shown, the names of the functions and classes around, and the reported
    lines without spaces and comments. Findings that are alike in all of it are numbered from top to bottom, in
    whatever order they are given.

    Args:
        text_of: gives the text of a file by the path that findings show; None where it cannot be had.
    """
    files: dict[str, _File] = {}
    alike: dict[tuple[str, ...], list[int]] = defaultdict(list)
    for index, finding in enumerate(findings):
        file = finding.span.file
        if file not in files:
            files[file] = _file(text_of(file) or "")
        alike[(finding.code, file, *files[file].identity(finding.span))].append(index)
    found = [""] * len(findings)
    for parts, indexes in alike.items():
        indexes.sort(key=lambda index: (findings[index].sort_key, findings[index].message))
        for ordinal, index in enumerate(indexes):
            found[index] = sha256("\0".join((*parts, str(ordinal))).encode("utf-8", "surrogatepass")).hexdigest()[:16]
    return found


def settings(findings: Sequence[Finding], text: str) -> list[tuple[str, str]]:
    """For each finding in a file, in order, the names of the functions and classes around it, and its text.

    The names have dots between. The text is a hash of the reported lines without spaces and comments, 8 hex digits.
    Other findings may have the same: this is to know one again whose fingerprint is another, by one of the two.
    """
    file = _file(text)
    found = (file.identity(finding.span) for finding in findings)
    return [(names, sha256(lines.encode("utf-8", "surrogatepass")).hexdigest()[:8]) for names, lines in found]


@dataclass(frozen=True, slots=True)
class _File:
    """``headers``: line, indentation and name of each function and class, from top to bottom."""

    lines: list[str]
    headers: list[tuple[int, int, str]]

    def identity(self, span: Span) -> tuple[str, str]:
        """The names around a span, and its text."""
        last = min(span.end_line, span.line + _MAX_LINES - 1)
        text = "".join(_COMMENT.sub(r"\1", line) for line in self.lines[span.line - 1 : last])
        return self._around(span.line), _SPACE.sub("", text)

    def _around(self, line: int) -> str:
        own = self.lines[line - 1] if line <= len(self.lines) else ""
        indent = len(own) - len(own.lstrip())
        names = []
        for at, width, name in reversed(self.headers):
            if not indent:
                break
            if at < line and width < indent:
                names.append(name)
                indent = width
        return ".".join(reversed(names))


def _file(text: str) -> _File:
    lines = _BREAK.split(text)
    headers = []
    for number, line in enumerate(lines, 1):
        match = _HEADER.match(line)
        if match:
            headers.append((number, len(match[1]), match[2]))
    return _File(lines, headers)
