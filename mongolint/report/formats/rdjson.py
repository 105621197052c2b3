"""reviewdog's DiagnosticResult: https://github.com/reviewdog/reviewdog/tree/master/proto/rdf.

Columns count UTF-8 bytes. A suggestion there is a change of its own, so a fix becomes one suggestion, of the lines
from its first edit to its last, or none: a fix that changes other files or is spread over more than fits in a review.
"""

from __future__ import annotations

import json
import re
from typing import Any

from mongolint.finding import Applicability, Finding, Fix, Span
from mongolint.report.formats.run import LEVELS, Run

_SEVERITIES = {"error": "ERROR", "warning": "WARNING", "note": "INFO"}
_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+$")
_MAX_LINES = 60


def render(run: Run) -> str:
    files = _Files(run)
    diagnostics = ",\n".join(json.dumps(_diagnostic(finding, files)) for finding in run.findings)
    listed = f"[\n{diagnostics}\n]" if diagnostics else "[]"
    return f'{{"source": {{"name": "mongolint"}}, "diagnostics": {listed}}}'


class _Files:
    """The lines of each file, with their line breaks, split once."""

    def __init__(self, run: Run) -> None:
        self.rewrite = run.rewrite
        self._source = run.source
        self._held: dict[str, list[str]] = {}

    def __getitem__(self, file: str) -> list[str]:
        if file not in self._held:
            self._held[file] = _LINE.findall(self._source(file) or "")
        return self._held[file]

    def position(self, file: str, line: int, column: int) -> dict[str, int]:
        lines = self[file]
        if line > len(lines):
            return {"line": line, "column": column}
        return {"line": line, "column": _size(lines[line - 1][: column - 1]) + 1}

    def location(self, span: Span) -> dict[str, Any]:
        start = self.position(span.file, span.line, span.column)
        end = self.position(span.file, span.end_line, span.end_column)
        return {"path": span.file, "range": {"start": start, "end": end}}


def _diagnostic(finding: Finding, files: _Files) -> dict[str, Any]:
    told: dict[str, Any] = {
        "message": f"{finding.name}: {finding.message}",
        "location": files.location(finding.span),
        "severity": _SEVERITIES[LEVELS[finding.severity]],
        "code": {"value": finding.code},
    }
    if finding.related:
        told["related_locations"] = [
            {"message": related.message, "location": files.location(related.span)} for related in finding.related
        ]
    fix = finding.fix
    suggestion = _suggestion(finding.span.file, fix, files) if isinstance(fix, Fix) else None
    if suggestion and isinstance(fix, Fix):
        told["message"] += f"\n{_promise(fix)}"
        told["suggestions"] = [suggestion]
    return told


def _promise(fix: Fix) -> str:
    """What the suggestion does, and how far one may trust it."""
    safe = fix.applicability is Applicability.SAFE
    doubt = "" if safe else f" (unsafe{f': {fix.reason}' if fix.reason else ''})"
    return f"Suggested: {fix.title}{doubt}"


def _suggestion(file: str, fix: Fix, files: _Files) -> dict[str, Any] | None:
    lines = files[file]
    if not fix.edits or not lines or any(edit.span.file != file for edit in fix.edits):
        return None
    first = min(edit.span.line for edit in fix.edits)
    last = min(max(edit.span.end_line for edit in fix.edits), len(lines))
    if last - first >= _MAX_LINES:
        return None
    before = "".join(lines)
    try:
        after = files.rewrite(before, fix.edits)
    except ValueError:  # the file has changed meanwhile
        return None
    start = sum(map(len, lines[: first - 1]))
    rest = sum(map(len, lines[last:])) + len(lines[last - 1]) - len(lines[last - 1].rstrip("\r\n"))
    return {
        "range": {
            "start": {"line": first, "column": 1},
            "end": {"line": last, "column": _size(lines[last - 1].rstrip("\r\n")) + 1},
        },
        "text": after[start : len(after) - rest],
    }


def _size(text: str) -> int:
    return len(text.encode("utf-8", "surrogatepass"))
