"""JUnit's XML: a suite for each file and a failed test for each finding; one test that passes where there is none.

It is a convention and no standard: what is written here is valid by the schema of Jenkins' xUnit plugin, junit-10.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import groupby
from xml.sax.saxutils import escape, quoteattr

from mongolint.finding import Finding
from mongolint.report.formats.run import Note, Run, heading
from mongolint.report.paint import visible

_NO_XML = re.compile("[\ufffe\uffff]")


def render(run: Run) -> str:
    return "\n".join(_lines(run))


def _lines(run: Run) -> Iterator[str]:
    errors = [note for note in run.notes if note.error]
    findings = len(run.findings)
    total = max(1, findings + len(errors))
    yield '<?xml version="1.0" encoding="UTF-8"?>'
    yield f'<testsuites name="mongolint" tests="{total}" failures="{findings}" errors="{len(errors)}">'
    for file, held in groupby(run.findings, key=lambda finding: finding.span.file):
        yield from _suite(file, [_failure(finding) for finding in held])
    if errors:
        yield from _suite("mongolint", [_error(note) for note in errors], "errors")
    elif not findings:
        yield from _suite("mongolint", ['    <testcase name="no findings" classname="mongolint"/>'], "")
    yield "</testsuites>"


def _suite(name: str, cases: Sequence[str], kind: str = "failures") -> Iterator[str]:
    counts = {"failures": 0, "errors": 0} | ({kind: len(cases)} if kind else {})
    told = " ".join(f'{key}="{count}"' for key, count in counts.items())
    yield f'  <testsuite name={_attribute(name)} tests="{len(cases)}" {told}>'
    yield from cases
    yield "  </testsuite>"


def _failure(finding: Finding) -> str:
    span = finding.span
    name = f"{heading(finding)} ({span.line}:{span.column})"
    text = f"{span.file}:{span.line}:{span.column}: {finding.severity.value} {heading(finding)}: {finding.message}"
    return _case(name, span.file, "failure", finding.code, finding.message, text)


def _error(note: Note) -> str:
    text = f"{note.path}: {note.message}" if note.path else note.message
    return _case(text, note.path or "mongolint", "error", "mongolint", note.message, text)


def _case(name: str, classname: str, element: str, kind: str, message: str, text: str) -> str:
    return (
        f"    <testcase name={_attribute(name)} classname={_attribute(classname)}>"
        f"<{element} type={_attribute(kind)} message={_attribute(message)}>{escape(_clean(text))}</{element}>"
        "</testcase>"
    )


def _attribute(text: str) -> str:
    return quoteattr(_clean(text))


def _clean(text: str) -> str:
    """Without what no XML may hold, not even as a reference."""
    return _NO_XML.sub("\ufffd", visible(text))
