"""SARIF 2.1.0 (https://docs.oasis-open.org/sarif/sarif/v2.1.0/), within what GitHub code scanning takes.

Its limits: https://docs.github.com/code-security/code-scanning/troubleshooting-sarif-uploads/results-exceed-limit and
the page "SARIF support for code scanning" beside it. A file beyond one of them is refused as a whole, so the least
severe results are left out, and a notification says so.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from mongolint.finding import Applicability, Edit, Finding, Fix, Related, Span
from mongolint.report.diff import Rewrite
from mongolint.report.formats.linehash import line_hashes
from mongolint.report.formats.run import LEVELS, Note, Run
from mongolint.report.paint import Paint
from mongolint.report.rules import page_markdown, page_text
from mongolint.ruledoc import Page

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
MAX_RESULTS = 25_000
# What is more is not shown
MAX_LOCATIONS = 100
MAX_TEXT = 1024

_PROBLEMS = {"error": "error", "warning": "warning", "note": "recommendation"}
# What file names are relative to; a viewer, or code scanning, knows where that is
_ROOT = "%SRCROOT%"
_START = Span("", 1, 1, 1, 1)


def render(run: Run) -> str:
    return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [_run(run)]}, indent=1)


def _run(run: Run) -> dict[str, Any]:
    order = run.worst_first()
    left_out = order[MAX_RESULTS:]
    notes = list(run.notes)
    if left_out:
        told = (
            f"{len(left_out)} of {len(order)} findings are left out, the least severe: {MAX_RESULTS} is the most that"
        )
        notes.append(Note(f"{told} code scanning takes", error=False))
    return {
        "tool": {
            "driver": {
                "name": "mongolint",
                "semanticVersion": run.version,
                "version": run.version,
                "rules": [_rule(page) for page in run.pages],
            }
        },
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": {_ROOT: {"description": {"text": "The root of the repository."}}},
        "invocations": [
            {
                "executionSuccessful": not any(note.error for note in notes),
                "toolExecutionNotifications": [_notification(note) for note in notes],
            }
        ],
        "results": _results(run, order[:MAX_RESULTS]),
    }


def _rule(page: Page) -> dict[str, Any]:
    level = LEVELS[page.severity]
    what = next(iter(page.sections.values()), "")
    return {
        "id": page.code,
        "name": page.name,
        "shortDescription": {"text": _cut(f"{page.summary}.")},
        "fullDescription": {"text": _cut(" ".join(f"{page.summary}. {what}".replace("``", "`").split()))},
        "help": {"text": page_text(page, Paint()), "markdown": page_markdown(page)},
        "defaultConfiguration": {"level": level},
        "properties": {"tags": ["mongodb", page.severity.value], "problem.severity": _PROBLEMS[level]},
    }


def _cut(text: str) -> str:
    return text if len(text) <= MAX_TEXT else text[: MAX_TEXT - 1] + "…"


def _notification(note: Note) -> dict[str, Any]:
    told: dict[str, Any] = {"level": "error" if note.error else "warning", "message": {"text": note.message}}
    if note.path:
        told["locations"] = [{"physicalLocation": {"artifactLocation": _artifact(note.path)}}]
    return told


def _results(run: Run, order: Sequence[int]) -> list[dict[str, Any]]:
    numbers = {page.code: index for index, page in enumerate(run.pages)}
    marks = run.fingerprints()
    hashes: dict[str, list[str]] = {}
    results = []
    for index in order:
        finding = run.findings[index]
        file, line = finding.span.file, finding.span.line
        if file not in hashes:
            text = run.source(file)
            hashes[file] = line_hashes(text) if text is not None else []
        result = _result(finding, numbers, run.rewrite)
        result["partialFingerprints"] = {"mongolint/v1": marks[index]}
        if line <= len(hashes[file]):
            result["partialFingerprints"]["primaryLocationLineHash"] = hashes[file][line - 1]
        results.append(result)
    return results


def _result(finding: Finding, numbers: dict[str, int], rewrite: Rewrite) -> dict[str, Any]:
    related = finding.related[: MAX_LOCATIONS - 1]
    told: dict[str, Any] = {
        "ruleId": finding.code,
        "level": LEVELS[finding.severity],
        "message": {"text": _message(finding.message, related)},
        "locations": [_location(finding.span)],
        "properties": {"severity": finding.severity.value, "confidence": finding.confidence.value},
    }
    if finding.code in numbers:
        told["ruleIndex"] = numbers[finding.code]
    if related:
        told["relatedLocations"] = [
            {"id": number, "message": {"text": place.message}, **_location(place.span)}
            for number, place in enumerate(related, 1)
        ]
    if finding.also:
        told["properties"]["also"] = list(finding.also)
    if isinstance(finding.fix, Fix) and finding.fix.edits:
        told["fixes"] = [_fix(finding.fix, rewrite)]
    return told


def _message(message: str, related: Sequence[Related]) -> str:
    """With links to the related places: code scanning shows these where the message names them."""
    plain = message.replace("](", "] (")  # no link, whatever it looks like
    links = [f"[{_linked(place.message)}]({number})" for number, place in enumerate(related, 1)]
    return f"{plain}\nSee: {', '.join(links)}." if links else plain


def _linked(text: str) -> str:
    return text.replace("\\", "\\\\").replace("[", "\\[").replace("]", "\\]")


def _fix(fix: Fix, rewrite: Rewrite) -> dict[str, Any]:
    places: dict[Span, list[Edit]] = {}
    for edit in sorted(fix.edits, key=lambda edit: edit.span):
        places.setdefault(edit.span, []).append(edit._replace(span=_START))
    by_file: dict[str, list[dict[str, Any]]] = {}
    for span, edits in places.items():
        # Several insertions at one place are one, whose text is not always theirs in a row
        inserted = {"text": rewrite("", edits)}
        by_file.setdefault(span.file, []).append({"deletedRegion": _region(span), "insertedContent": inserted})
    doubts = [] if fix.applicability is Applicability.SAFE else [fix.applicability.value, fix.reason]
    doubt = f" ({': '.join(filter(None, doubts))})" if doubts else ""
    return {
        "description": {"text": fix.title + doubt},
        "artifactChanges": [
            {"artifactLocation": _artifact(file), "replacements": held} for file, held in by_file.items()
        ],
    }


def _location(span: Span) -> dict[str, Any]:
    return {"physicalLocation": {"artifactLocation": _artifact(span.file), "region": _region(span)}}


def _region(span: Span) -> dict[str, int]:
    return {
        "startLine": span.line,
        "startColumn": span.column,
        "endLine": span.end_line,
        "endColumn": span.end_column,
    }


def _artifact(file: str) -> dict[str, str]:
    """Outside the root there is nothing to be relative to."""
    uri = quote(file.encode("utf-8", "surrogateescape"))
    return {"uri": uri} if file.startswith(("/", "../")) else {"uri": uri, "uriBaseId": _ROOT}
