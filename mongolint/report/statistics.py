"""How often each rule reports."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from mongolint.finding import Finding, Severity
from mongolint.report.json import array
from mongolint.report.paint import Paint


@dataclass(frozen=True, slots=True)
class _Row:
    count: int
    code: str
    name: str
    severity: Severity


def text(findings: Iterable[Finding], paint: Paint) -> str:
    """A table, the most frequent rule first."""
    rows = _rows(findings)
    if not rows:
        return ""
    digits, width = len(str(rows[0].count)), max(len(row.name) for row in rows)
    return "\n".join(
        f"{row.count:>{digits}}  {paint.severity(row.code, row.severity)}  {row.name:<{width}}  {row.severity.value}"
        for row in rows
    )


def json(findings: Iterable[Finding]) -> str:
    """The same as a bare array."""
    return array(
        {"code": row.code, "name": row.name, "severity": row.severity.value, "count": row.count}
        for row in _rows(findings)
    )


def _rows(findings: Iterable[Finding]) -> list[_Row]:
    """Per rule the count and the highest severity that it reported at."""
    held = list(findings)
    counts = Counter((finding.code, finding.name) for finding in held)
    worst = {key: max((f.severity for f in held if f.code == key[0]), key=lambda s: s.rank) for key in counts}
    rows = [_Row(counts[key], *key, worst[key]) for key in counts]
    return sorted(rows, key=lambda row: (-row.count, row.code))
