"""Which fixes go together, and what a text is after them. Pure text: knows no trees."""

from __future__ import annotations

import re
from bisect import bisect_left, insort
from collections.abc import Iterable, Sequence

from mongolint.finding import Edit, Finding, Fix
from mongolint.source.text import LineTable

Place = tuple[int, int]
# An edit with where it starts and ends, and a number so that edits themselves are never compared
_Held = tuple[Place, Place, int, Edit]

# A name put into a list of imported ones
_NAME = re.compile(r"\w+,\s+|,\s+\w+")
# An import with the blank line that sets its section apart from another
_SECTION_BEFORE = re.compile(r"((?:from|import) [^\r\n]*\r?\n)\r?\n")
_SECTION_AFTER = re.compile(r"\r?\n((?:from|import) [^\r\n]*\r?\n)")
_FROM_IMPORT = re.compile(r"from (\S+) import ([^\r\n(]+)(\r?\n)")


def choose(findings: Iterable[Finding]) -> list[Finding]:
    """The findings whose fixes can be applied together: whoever comes first, the others wait for the next round."""
    taken: dict[str, list[_Held]] = {}
    seen: set[Edit] = set()
    chosen: list[Finding] = []
    for finding in findings:
        assert isinstance(finding.fix, Fix)
        edits = finding.fix.edits
        if not any(_is_taken(edit, taken.get(edit.span.file, ())) for edit in edits):
            chosen.append(finding)
            for edit in edits:
                if edit not in seen:
                    seen.add(edit)
                    held = taken.setdefault(edit.span.file, [])
                    insort(held, (_start(edit), _end(edit), len(held), edit))
    return chosen


def _is_taken(edit: Edit, held: Sequence[_Held]) -> bool:
    """Whether an edit clashes with one of those held, which are in order and do not overlap."""
    index = bisect_left(held, (_start(edit),))
    first = index
    while first and held[first - 1][1] >= _start(edit):
        first -= 1
    last = index
    while last < len(held) and held[last][0] <= _end(edit):
        last += 1
    return any(_clash(edit, other) for _, _, _, other in held[first:last])


def _clash(one: Edit, other: Edit) -> bool:
    """Whether two edits of different fixes touch: they overlap, or both insert at one place."""
    if one == other and one.shared:
        return False
    first, second = sorted((one, other), key=lambda edit: (_start(edit), _end(edit)))
    if _start(first) == _start(second) == _end(first) == _end(second):
        return not (one.shared and other.shared)
    if _end(first) == _start(second):
        # A deletion and an insertion that meet leave in doubt which text comes first
        return not (one.shared or other.shared)
    return _start(second) < _end(first)


def _start(edit: Edit) -> Place:
    return edit.span.line, edit.span.column


def _end(edit: Edit) -> Place:
    return edit.span.end_line, edit.span.end_column


def by_file(fixes: Iterable[Fix]) -> dict[str, list[Edit]]:
    """The edits of several fixes by file, equal ones once."""
    found: dict[str, dict[Edit, None]] = {}
    for fix in fixes:
        for edit in fix.edits:
            found.setdefault(edit.span.file, {})[edit] = None
    return {file: list(edits) for file, edits in found.items()}


def rewrite(text: str, edits: Iterable[Edit]) -> str:
    """The text with edits that do not overlap, in any order.

    Raises:
        ValueError: they overlap, or are not within the text.
    """
    table = LineTable(text)
    offsets: dict[tuple[int, int], list[Edit]] = {}
    for edit in edits:
        start = table.offset(edit.span.line, edit.span.column)
        end = table.offset(edit.span.end_line, edit.span.end_column)
        offsets.setdefault((start, end), []).append(edit)
    parts: list[str] = []
    done = 0
    for (start, end), held in sorted(offsets.items(), key=lambda item: item[0]):
        if start < done or end < start:
            raise ValueError("edits overlap")
        parts += [text[done:start], _content(held)]
        done = end
    return "".join([*parts, text[done:]])


def _content(edits: Sequence[Edit]) -> str:
    """The text that insertions at one place make together; imports from one package become one line."""
    contents = list(dict.fromkeys(edit.content for edit in edits))
    if len(contents) == 1:
        return contents[0]
    before = [match[1] for content in contents if (match := _SECTION_BEFORE.fullmatch(content))]
    after = [match[1] for content in contents if (match := _SECTION_AFTER.fullmatch(content))]
    if len(before) < 2 and len(after) < 2:
        return _merged(contents)
    # Imports that begin a section, each with the blank line that sets it apart, share that line
    blank = "\r\n" if "\r\n" in contents[0] else "\n"
    others = [each for each in contents if not (_SECTION_BEFORE.fullmatch(each) or _SECTION_AFTER.fullmatch(each))]
    first, last = _merged(before), _merged(after)
    return (first + blank if first else "") + _merged(others) + (blank + last if last else "")


def _merged(contents: Sequence[str]) -> str:
    names: dict[str, list[str]] = {}
    lines: dict[str, str] = {}
    others: list[str] = []
    for content in contents:
        match = _FROM_IMPORT.fullmatch(content)
        if match:
            names.setdefault(match[1], []).extend(match[2].split(", "))
            lines[match[1]] = match[3]
        else:
            others.append(content)
    imports = [f"from {p} import {', '.join(sorted(set(found)))}{lines[p]}" for p, found in names.items()]
    if not names and all(_NAME.fullmatch(content) for content in others):
        return "".join(sorted(others))
    plain = [content for content in others if content.startswith("import ")]
    rest = [content for content in others if content not in plain]
    return "".join([*sorted(plain), *sorted(imports), *rest])
