"""One line a finding, as most tools print them and most editors read them."""

from __future__ import annotations

from mongolint.report import text
from mongolint.report.formats.run import Run


def render(run: Run) -> str:
    return text.concise(run.findings, run.paint)
