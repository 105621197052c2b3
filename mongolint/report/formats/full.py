"""Each finding with its code, related places and fix, for a person."""

from __future__ import annotations

from mongolint.report import text
from mongolint.report.formats.run import Run


def render(run: Run) -> str:
    return text.full(run.findings, run.source, run.rewrite, run.paint)
