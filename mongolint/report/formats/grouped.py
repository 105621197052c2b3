"""The findings below the name of their file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from mongolint.finding import Finding
from mongolint.report.formats.run import Run
from mongolint.report.paint import Paint, visible


def render(run: Run) -> str:
    files = groupby(run.findings, key=lambda finding: finding.span.file)
    return "\n\n".join("\n".join(_block(file, list(findings), run.paint)) for file, findings in files)


def _block(file: str, findings: Sequence[Finding], paint: Paint) -> Iterator[str]:
    yield f"{paint(visible(file), 'bold')}:"
    places = [f"{finding.span.line}:{finding.span.column}" for finding in findings]
    width = max(map(len, places))
    for place, finding in zip(places, findings, strict=True):
        code = paint.severity(finding.code, finding.severity)
        yield f"  {place:<{width}}  {code} {finding.name} {visible(finding.message)}"
