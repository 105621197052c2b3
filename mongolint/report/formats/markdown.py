"""Markdown for a comment on a pull request, and the shorter one for the summary of a job."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from mongolint.finding import Finding
from mongolint.report import statistics, text
from mongolint.report.formats.run import Run, heading
from mongolint.report.paint import Paint, visible

# GitHub refuses a comment of more than 65536 characters; the last line needs a few
MAX_SIZE = 64_000
_MAX_ROWS = 10
_SPECIAL = re.compile(r"([\\`*_\[\]<>$|~])")
# These would call people and name issues
_CALLS = re.compile(r"([@#])(?=\w)")


def render(run: Run) -> str:
    return _within(MAX_SIZE, run, run.worst_first())


def summary(run: Run) -> str:
    """How often each rule reports, and the worst findings: for a page that many jobs share."""
    if not run.findings:
        return _title(run)
    lines = [_title(run), "", *_table("count", "severity", "rule", "with --fix", "with --unsafe-fixes")]
    for row in statistics.rows(run.findings):
        lines.append(_row(row.count, row.severity.value, f"{row.code} {row.name}", row.safe, row.safe + row.unsafe))
    worst = run.worst_first()[:_MAX_ROWS]
    title = f"The {len(worst)} most severe" if len(run.findings) > len(worst) else "All of them"
    details = ["<details>", f"<summary>{title}</summary>", "", *_findings(run.findings[index] for index in worst)]
    return "\n".join([*lines, "", *details, "", "</details>"])


def _within(size: int, run: Run, order: list[int]) -> str:
    lines = [_title(run)]
    if not order:
        return lines[0]
    lines.append("")
    left = size - len(lines[0])
    rows = 0
    for line in _findings(run.findings[index] for index in order):
        left -= len(line) + 1
        if left < 0:
            break
        lines.append(line)
        rows += 1
    more = len(order) - max(0, rows - 2)
    return "\n".join([*lines, *(["", f"… and {more} more."] if more else [])])


def _title(run: Run) -> str:
    """One line; what did not work is not to be overlooked."""
    failed = sum(note.error for note in run.notes)
    found = text.summary(run.findings, Paint()) if run.findings or not failed else "No findings."
    errors = f" **{failed} {'error' if failed == 1 else 'errors'}, see the log.**" if failed else ""
    return f"### mongolint\n\n{found}{errors}"


def _findings(findings: Iterable[Finding]) -> Iterator[str]:
    yield from _table("severity", "place", "rule", "finding")
    for finding in findings:
        place = _code(f"{finding.span.file}:{finding.span.line}")
        yield f"| {finding.severity.value} | {place} | {heading(finding)} | {_plain(finding.message)} |"


def _table(*titles: str) -> list[str]:
    return [_row(*titles), "|" + " --- |" * len(titles)]


def _row(*cells: object) -> str:
    return f"| {' | '.join(map(str, cells))} |"


def _code(words: str) -> str:
    """In a table a bar ends the cell, in code too."""
    shown = visible(words).replace("|", "\\|")
    fence = "``" if "`" in shown else "`"
    return f"{fence}{shown}{fence}"


def _plain(words: str) -> str:
    """Text that means nothing in Markdown: messages are full of ``$``, ``*`` and brackets."""
    return _CALLS.sub(r"\1<!-- -->", _SPECIAL.sub(r"\\\1", visible(words)))
