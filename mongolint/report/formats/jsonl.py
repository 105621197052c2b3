"""One JSON object a line, each a finding as in the format ``json``: to be read while it is written."""

from __future__ import annotations

import json

from mongolint.report.formats.run import Run


def render(run: Run) -> str:
    return "\n".join(json.dumps(finding.json()) for finding in run.findings)
