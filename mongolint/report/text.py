"""Findings as text: one line each, or in full with the code."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence

from mongolint.finding import Applicability, Finding, Fix, Span
from mongolint.report.frame import frame, split_lines
from mongolint.report.paint import Paint, visible

# The text of a file by its path as findings show it; None where it cannot be had
Source = Callable[[str], "str | None"]

_APPLICABILITY = {
    Applicability.SAFE: "safe fix",
    Applicability.UNSAFE: "unsafe fix",
    Applicability.DISPLAY: "to be done by hand",
}


def concise(findings: Iterable[Finding], paint: Paint) -> str:
    """One line a finding: ``path:line:column: CODE name message``."""
    return "\n".join(
        f"{_place(f.span, paint)}: {paint.severity(f.code, f.severity)} {f.name} {visible(f.message)}" for f in findings
    )


def full(findings: Iterable[Finding], source: Source, paint: Paint) -> str:
    """Each finding with what and why, its code, related places, and what to do."""
    lines = _Lines(source)
    return "\n\n".join("\n".join(_block(finding, lines, paint)) for finding in findings)


def summary(findings: Sequence[Finding], paint: Paint, remark: str = "") -> str:
    """The last line: how many findings of which severity in how many files."""
    if not findings:
        return paint("All checks passed.", "green")
    counts = Counter(finding.severity for finding in findings)
    parts = [f"{counts[s]} {s.value}" for s in sorted(counts, key=lambda s: -s.rank)]
    files = len({finding.span.file for finding in findings})
    found = f"Found {_plural(len(findings), 'finding')} ({', '.join(parts)}) in {_plural(files, 'file')}"
    return paint(found, "bold") + (f"; {remark}." if remark else ".")


class _Lines:
    """The lines of each file, split once: findings come file by file."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._held: dict[str, list[str]] = {}

    def __getitem__(self, file: str) -> list[str]:
        if file not in self._held:
            text = self._source(file)
            self._held = {file: split_lines(text) if text is not None else []}
        return self._held[file]


def _block(finding: Finding, lines: _Lines, paint: Paint) -> Iterator[str]:
    yield f"{_place(finding.span, paint)}: {_head(finding, paint)}"
    yield f"  {visible(finding.message)}"
    yield from frame(lines[finding.span.file], finding.span, finding.severity, paint)
    for related in finding.related:
        where = f"{visible(related.span.file)}:{related.span.line}:{related.span.column}"
        yield f"{paint('  -->', 'cyan')} {where} {visible(related.message)}"
    if finding.also:
        yield f"  also here: {', '.join(finding.also)}"
    if finding.fix:
        yield from _help(finding.fix, paint)


def _head(finding: Finding, paint: Paint) -> str:
    label = paint.severity(f"{finding.severity.value} {finding.code}", finding.severity)
    inferred = " (inferred)" if finding.confidence.value == "inferred" else ""
    return f"{label} {paint(finding.name, 'bold')}{inferred}"


def _help(fix: Fix, paint: Paint) -> Iterator[str]:
    yield f"  {paint('help:', 'green')} {visible(fix.title)} ({_APPLICABILITY[fix.applicability]})"
    for line in split_lines(fix.text.rstrip()) if fix.text else ():
        yield f"      {visible(line)}".rstrip()


def _place(span: Span, paint: Paint) -> str:
    separator = paint(":", "dim")
    return separator.join((paint(visible(span.file), "bold"), str(span.line), str(span.column)))


def _plural(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
