"""Findings as text: one line each, or in full with the code."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence

from mongolint.finding import Applicability, Edit, Finding, Fix, Span
from mongolint.report.diff import Rewrite, hunks, row
from mongolint.report.frame import frame, split_lines
from mongolint.report.paint import Paint, visible

# The text of a file by its path as findings show it; None where it cannot be had
Source = Callable[[str], "str | None"]

_APPLICABILITY = {
    Applicability.SAFE: "safe fix",
    Applicability.UNSAFE: "unsafe fix",
    Applicability.DISPLAY: "to be done by hand",
}
# A longer diff is cut
_MAX_ROWS = 40
_MAX_FILES = 8


def concise(findings: Iterable[Finding], paint: Paint) -> str:
    """One line a finding: ``path:line:column: CODE name message``."""
    return "\n".join(
        f"{_place(f.span, paint)}: {paint.severity(f.code, f.severity)} {f.name} {visible(f.message)}" for f in findings
    )


def full(findings: Iterable[Finding], source: Source, rewrite: Rewrite, paint: Paint) -> str:
    """Each finding with what and why, its code, related places, and what to do."""
    lines = _Lines(source)
    return "\n\n".join("\n".join(_block(finding, lines, rewrite, paint)) for finding in findings)


def summary(findings: Sequence[Finding], paint: Paint, remark: str = "", fixed: int = 0) -> str:
    """The last line: how many findings of which severity in how many files, or how many are left after fixes."""
    if not findings and not fixed:
        return _remarked(paint("All checks passed", "green"), remark)
    if fixed:
        total = _plural(len(findings) + fixed, "finding")
        return _remarked(paint(f"Found {total} ({fixed} fixed, {len(findings)} remaining)", "bold"), remark)
    counts = Counter(finding.severity for finding in findings)
    parts = [f"{counts[s]} {s.value}" for s in sorted(counts, key=lambda s: -s.rank)]
    files = len({finding.span.file for finding in findings})
    found = f"Found {_plural(len(findings), 'finding')} ({', '.join(parts)}) in {_plural(files, 'file')}"
    return _remarked(paint(found, "bold"), remark)


def hint(findings: Iterable[Finding], unsafe: bool) -> str:
    """How many findings ``--fix`` could deal with, or could have; needs written fixes."""
    counts = Counter(reach(finding.fix) for finding in findings)
    safe, risky = counts[Applicability.SAFE], counts[Applicability.UNSAFE]
    parts = []
    if unsafe and safe + risky:
        parts = [f"{safe + risky} can be fixed with --fix --unsafe-fixes"]
    elif safe:
        parts = [f"{safe} can be fixed with --fix", *([f"{risky} more with --unsafe-fixes"] if risky else [])]
    elif risky:
        parts = [f"{risky} can be fixed with --fix --unsafe-fixes"]
    by_hand = counts[Applicability.DISPLAY]
    if by_hand:
        parts.append(f"{by_hand} {'needs' if by_hand == 1 else 'need'} a person")
    return ", ".join(parts) + "." if parts else ""


def would(fixed: int, findings: Iterable[Finding]) -> str:
    """What ``--diff`` says beside the diff: how many findings would go, and how many more could."""
    more = sum(reach(finding.fix) is Applicability.UNSAFE for finding in findings)
    hint = f"; {more} more with --unsafe-fixes" if more else ""
    return (f"Would fix {_plural(fixed, 'finding')}" if fixed else "Nothing would be fixed") + hint + "."


def reach(fix: object) -> Applicability:
    return fix.applicability if isinstance(fix, Fix) and fix.edits else Applicability.DISPLAY


def _remarked(text: str, remark: str) -> str:
    return text + (f"; {remark}." if remark else ".")


class _Lines:
    """The lines of the files asked for last, split once: findings come file by file."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._held: dict[str, list[str]] = {}

    def __getitem__(self, file: str) -> list[str]:
        if file not in self._held:
            if len(self._held) >= _MAX_FILES:
                self._held.clear()
            text = self._source(file)
            self._held[file] = split_lines(text) if text is not None else []
        return self._held[file]


def _block(finding: Finding, lines: _Lines, rewrite: Rewrite, paint: Paint) -> Iterator[str]:
    yield f"{_place(finding.span, paint)}: {_head(finding, paint)}"
    yield f"  {visible(finding.message)}"
    yield from frame(lines[finding.span.file], finding.span, finding.severity, paint)
    for related in finding.related:
        where = f"{visible(related.span.file)}:{related.span.line}:{related.span.column}"
        yield f"{paint('  -->', 'cyan')} {where} {visible(related.message)}"
    if finding.also:
        yield f"  also here: {', '.join(finding.also)}"
    if isinstance(finding.fix, Fix):
        yield from _help(finding, finding.fix, lines, rewrite, paint)


def _head(finding: Finding, paint: Paint) -> str:
    label = paint.severity(f"{finding.severity.value} {finding.code}", finding.severity)
    inferred = " (inferred)" if finding.confidence.value == "inferred" else ""
    return f"{label} {paint(finding.name, 'bold')}{inferred}"


def _help(finding: Finding, fix: Fix, lines: _Lines, rewrite: Rewrite, paint: Paint) -> Iterator[str]:
    kind = _APPLICABILITY[fix.applicability] + (f": {visible(fix.reason)}" if fix.reason else "")
    yield f"  {paint('help:', 'green')} {visible(fix.title)} ({kind})"
    for line in split_lines(fix.text.rstrip()) if fix.text else ():
        yield f"      {visible(line)}".rstrip()
    rows = [f"    {line}" for line in _changes(finding, fix, lines, rewrite, paint)]
    yield from rows[:_MAX_ROWS]
    if len(rows) > _MAX_ROWS:
        flags = {Applicability.SAFE: "; see --diff", Applicability.UNSAFE: "; see --diff --unsafe-fixes"}
        more = f"… {_plural(len(rows) - _MAX_ROWS, 'more line')}{flags.get(fix.applicability, '')}"
        yield f"    {paint(more, 'dim')}"


def _changes(finding: Finding, fix: Fix, lines: _Lines, rewrite: Rewrite, paint: Paint) -> Iterator[str]:
    """The lines that the fix changes. Where they are is said unless they are all at the finding itself."""
    by_file: dict[str, list[Edit]] = {}
    for edit in fix.edits:
        by_file.setdefault(edit.span.file, []).append(edit)
    try:
        # A file that cannot be had has no lines
        found = [(f, hunk) for f, edits in by_file.items() if lines[f] for hunk in hunks(lines[f], edits, rewrite)]
    except ValueError:
        return
    here = finding.span
    beside = all(f == here.file and n <= here.line <= n + len(rows) for f, (n, rows) in found) and len(found) == 1
    for file, (number, rows) in found:
        if not beside:
            yield paint(f"@ {visible(file)}:{number}", "cyan")
        yield from (row(mark, line, paint) for mark, line in rows)


def _place(span: Span, paint: Paint) -> str:
    separator = paint(":", "dim")
    return separator.join((paint(visible(span.file), "bold"), str(span.line), str(span.column)))


def _plural(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
