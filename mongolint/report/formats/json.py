"""A bare array, one finding a line."""

from __future__ import annotations

from mongolint.report import json
from mongolint.report.formats.run import Run


def render(run: Run) -> str:
    return json.render(run.findings)
