"""GitHub's workflow commands: a line for each finding, which the runner turns into an annotation.

https://docs.github.com/actions/reference/workflows-and-actions/workflow-commands. GitHub shows the first ten of each
level that a step prints, so the most severe come first.
"""

from __future__ import annotations

from mongolint.finding import Finding
from mongolint.report.formats.run import LEVELS, Run, heading

_COMMANDS = {"error": "error", "warning": "warning", "note": "notice"}


def render(run: Run) -> str:
    return "\n".join(_command(run.findings[index]) for index in run.worst_first())


def _command(finding: Finding) -> str:
    span = finding.span
    properties = {"file": span.file, "line": span.line, "endLine": span.end_line}
    if span.line == span.end_line:
        # Columns are for annotations of one line
        properties |= {"col": span.column, "endColumn": span.end_column}
    properties["title"] = heading(finding)
    told = ",".join(f"{name}={_property(str(value))}" for name, value in properties.items())
    return f"::{_COMMANDS[LEVELS[finding.severity]]} {told}::{_data(finding.message)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
