"""How often each rule reports, and how many of its findings can be fixed."""

from __future__ import annotations

from collections.abc import Iterable

from mongolint.fastclasses import dataclass
from mongolint.finding import Applicability, Finding, Severity
from mongolint.report.json import array
from mongolint.report.paint import Paint
from mongolint.report.text import reach


@dataclass(slots=True)
class Row:
    """``severity``: the highest that the rule reported at. ``safe`` and ``unsafe``: findings that have such a fix."""

    code: str
    name: str
    severity: Severity
    count: int = 0
    safe: int = 0
    unsafe: int = 0


def text(findings: Iterable[Finding], paint: Paint) -> str:
    """A table, the most frequent rule first."""
    held = rows(findings)
    if not held:
        return ""
    digits, width = len(str(held[0].count)), max(len(row.name) for row in held)
    return "\n".join(
        f"{row.count:>{digits}}  {paint.severity(row.code, row.severity)}  {row.name:<{width}}"
        f"  {row.severity.value:<8}  {_fixable(row)}".rstrip()
        for row in held
    )


def json(findings: Iterable[Finding]) -> str:
    """The same as a bare array."""
    return array(
        {
            "code": row.code,
            "name": row.name,
            "severity": row.severity.value,
            "count": row.count,
            "safe_fixes": row.safe,
            "unsafe_fixes": row.unsafe,
        }
        for row in rows(findings)
    )


def rows(findings: Iterable[Finding]) -> list[Row]:
    """One for each rule that reported; counting fixes needs written ones."""
    held: dict[str, Row] = {}
    for finding in findings:
        row = held.setdefault(finding.code, Row(finding.code, finding.name, finding.severity))
        row.count += 1
        row.severity = max(row.severity, finding.severity, key=lambda severity: severity.rank)
        row.safe += reach(finding.fix) is Applicability.SAFE
        row.unsafe += reach(finding.fix) is Applicability.UNSAFE
    return sorted(held.values(), key=lambda row: (-row.count, row.code))


def _fixable(row: Row) -> str:
    parts = [f"{row.safe} with --fix"] if row.safe else []
    parts += [f"{row.unsafe} with --unsafe-fixes"] if row.unsafe else []
    return ", ".join(parts)
