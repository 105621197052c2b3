"""GitLab's Code Quality report: https://docs.gitlab.com/ci/testing/code_quality/#code-quality-report-format."""

from __future__ import annotations

from typing import Any

from mongolint.finding import Finding, Severity
from mongolint.report.formats.run import Run, heading
from mongolint.report.json import array

# Theirs: info, minor, major, critical, blocker
_SEVERITIES = {
    Severity.CRITICAL: "critical",
    Severity.HIGH: "major",
    Severity.MEDIUM: "minor",
    Severity.LOW: "info",
}


def render(run: Run) -> str:
    return array(_entry(finding, mark) for finding, mark in zip(run.findings, run.fingerprints(), strict=True))


def _entry(finding: Finding, fingerprint: str) -> dict[str, Any]:
    span = finding.span
    return {
        "description": f"{heading(finding)}: {finding.message}",
        "check_name": finding.code,
        "fingerprint": fingerprint,
        "severity": _SEVERITIES[finding.severity],
        "location": {"path": span.file, "lines": {"begin": span.line, "end": span.end_line}},
    }
