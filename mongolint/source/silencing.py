"""Comments that silence a finding: where one can stand, and what it says."""

from __future__ import annotations

import io
import re
import tokenize
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import field

from mongolint.fastclasses import dataclass
from mongolint.finding import Finding
from mongolint.source.suppress import Suppression, find_suppressions, parse_comment
from mongolint.source.syntax import python_error
from mongolint.source.text import LineTable

# A start and an end, as offsets, and what takes the place of the text between
Change = tuple[int, int, str]

_IN_LINE = re.compile(r"#\s*mongolint:\s*ignore\[([^\]\n]*)")
_IN_FILE = re.compile(r"^\s*#\s*mongolint:\s*ignore-file\[([^\]\n]*)", re.MULTILINE)
_HEAD = re.compile(r"(?:[ \t]*#[^\r\n]*(?:\r\n|\r|\n))*")
_BREAK = re.compile(r"\r\n|\r|\n")
# How many lines a statement may go on for before one gives up looking for its end
_LONGEST = 200

# From Python 3.12 on, an f-string is not one token, and a comment in it is nothing for older versions
_OPENING = {getattr(tokenize, f"{kind}STRING_START", -1) for kind in "FT"} - {-1}
_CLOSING = {getattr(tokenize, f"{kind}STRING_END", -1) for kind in "FT"} - {-1}
_LAYOUT = {tokenize.COMMENT, tokenize.NL}


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


def suppress_all(text: str, findings: Iterable[Finding], reason: str) -> tuple[str, list[Finding]]:
    """The text with comments that silence the findings, and those of them for which there is no place.

    Each statement gets a rule named once, in a comment that is there already or at the end of the first line that can
    have one, so that no line moves. The code stays what it is, token by token.

    Args:
        reason: what new comments say after the names; one line, see `is_reason`.
    """
    held = list(findings)
    before = _tokens(text)
    if before is None:
        return text, held
    places = _Places(text, before, list(find_suppressions(text)))
    placed = [finding for finding in sorted(held, key=lambda finding: finding.sort_key) if places.add(finding)]
    after = places.written(reason)
    tokens = _tokens(after)
    if tokens is None or _code(tokens) != _code(before):
        return text, held
    found = find_suppressions(after)
    left = [finding for finding in held if found.match(finding.code, finding.name, finding.span.line) is None]
    if len(placed) == len(held) - len(left):
        return after, left
    # What has no effect is not written
    return suppress_all(text, [finding for finding in placed if finding not in left], reason)[0], left


def is_reason(text: str) -> bool:
    """Whether a text can stand after the names in a comment, and is all read as the reason there."""
    found = parse_comment(f"# mongolint: ignore[x] {text}")
    return len(found) == 1 and text.isprintable() and found[0].reason == text == text.strip()


@dataclass(slots=True)
class _Comment:
    """Names to put into a comment that is there, or into a new one at the end of a line."""

    names: list[str] = field(default_factory=list)
    held: Suppression | None = None


class _Places:
    """Where comments of a text go."""

    def __init__(self, text: str, tokens: list[tokenize.TokenInfo], held: list[Suppression]) -> None:
        self._text = text
        self._table = LineTable(text)
        self._held = [item for item in held if item.kind == "ignore" and item.entries]
        # What follows a comment whose bracket is open would be taken for names
        self._ends = set(_open_ends(tokens)) - {item.line for item in held if item.kind == "malformed"}
        self._statements = _statements(tokens)
        self._comments: dict[int, _Comment] = {}
        self._named: set[tuple[int, str]] = set()

    def add(self, finding: Finding) -> bool:
        """Find a place for a comment; whether there is one."""
        first, last = self._statements.get(finding.span.line, (finding.span.line, finding.span.line))
        if (first, finding.name) in self._named:
            return True
        line = next((line for line in range(finding.span.line, last + 1) if line in self._ends), None)
        there = [item for item in self._held if item.first_line <= finding.span.line <= item.last_line]
        held = min(there, key=lambda item: item.line != line, default=None)
        if held is not None:
            line = held.line
        if line is None:
            return False
        self._named.add((first, finding.name))
        self._comments.setdefault(line, _Comment(held=held)).names.append(finding.name)
        return True

    def written(self, reason: str) -> str:
        parts: list[str] = []
        done = 0
        for line, comment in sorted(self._comments.items()):
            names = ", ".join(comment.names)
            if comment.held is not None:
                start = end = comment.held.entries[-1].end
                new = f", {names}"
            else:
                begin, stop = self._table.bounds(line)
                code = self._text[begin:stop].rstrip("\r\n")
                start, end = begin + len(code.rstrip()), begin + len(code)
                new = f"  # mongolint: ignore[{names}] {reason}".rstrip()
            parts += [self._text[done:start], new]
            done = end
        return "".join([*parts, self._text[done:]])


def _tokens(text: str) -> list[tokenize.TokenInfo] | None:
    """What Python's tokenizer makes of a text; None if it refuses it."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return list(tokenize.generate_tokens(io.StringIO(_BREAK.sub("\n", text)).readline))
    except (tokenize.TokenError, SyntaxError, ValueError):
        return None


def _code(tokens: Iterable[tokenize.TokenInfo]) -> list[tuple[int, str]]:
    return [(token.type, token.string) for token in tokens if token.type not in _LAYOUT]


def _open_ends(tokens: Iterable[tokenize.TokenInfo]) -> Iterator[int]:
    """The lines after whose end a comment can stand: none that goes on in a string, or after a backslash."""
    depth = 0
    for token in tokens:
        depth += (token.type in _OPENING) - (token.type in _CLOSING)
        if not depth and token.type in (tokenize.NL, tokenize.NEWLINE):
            yield token.start[0]


def _statements(tokens: Iterable[tokenize.TokenInfo]) -> dict[int, tuple[int, int]]:
    """The first and the last line of the statement that a line is part of."""
    found: dict[int, tuple[int, int]] = {}
    first = 0
    for token in tokens:
        if token.type == tokenize.NEWLINE:
            found.update(dict.fromkeys(range(first, token.start[0] + 1), (first, token.start[0])))
            first = 0
        elif not first and token.type not in (*_LAYOUT, tokenize.INDENT, tokenize.DEDENT):
            first = token.start[0]
    return found
