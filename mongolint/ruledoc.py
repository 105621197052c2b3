"""A rule's page as data: its docstring by sections, its metadata, its examples."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Mapping
from dataclasses import field
from typing import Any

from mongolint.fastclasses import dataclass
from mongolint.finding import Finding, Severity

_LINE = re.compile(r"\r\n|\r|\n")
_LITERAL = re.compile(r"``(.+?)``")


def literals(text: str) -> str:
    """A rule's words with its literals between single backticks."""
    return _LITERAL.sub(r"`\1`", text)


def sections(doc: str) -> dict[str, str]:
    """The text below each heading, dedented; a heading is a line that is not indented, after the summary."""
    found: dict[str, list[str]] = {}
    heading = ""
    for line in _LINE.split(doc)[1:]:
        if line and not line[0].isspace():
            heading = line.strip()
            found[heading] = []
        elif heading:
            found[heading].append(line)
    return {name: textwrap.dedent("\n".join(body)).strip("\n") for name, body in found.items()}


@dataclass(frozen=True, slots=True)
class Sample:
    """An example of a rule: ``bad`` with what the rule finds there, ``good`` or ``todo`` with the reason."""

    kind: str
    files: Mapping[str, str]
    findings: tuple[Finding, ...] = ()
    why: str = ""
    fixed: Mapping[str, str] | None = None
    options: Mapping[str, Any] = field(default_factory=dict)

    def json(self) -> dict[str, Any]:
        return {
            "kind": self.kind,
            "why": self.why,
            "files": dict(self.files),
            "options": dict(self.options),
            "findings": [finding.json() for finding in self.findings],
            "fixed": dict(self.fixed) if self.fixed else None,
        }


@dataclass(frozen=True, slots=True)
class Page:
    """What there is to say about a rule. ``doc`` is its docstring: a summary, and sections below headings."""

    code: str
    name: str
    severity: Severity
    tier: str
    fix: str | None
    since: str
    needs: str
    in_tests: bool
    doc: str
    supersedes: tuple[str, ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict)
    samples: tuple[Sample, ...] = ()
    preview: bool = False
    same_as: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def summary(self) -> str:
        return literals(self.doc.partition("\n")[0].rstrip("."))

    @property
    def sections(self) -> dict[str, str]:
        """The text below each heading, dedented."""
        return sections(self.doc)

    def facts(self) -> dict[str, str]:
        """What the metadata says, in words."""
        told = {
            "Severity": self.severity.value,
            "Tier": {"default": "default (on)"}.get(self.tier, f"{self.tier} (on by --select)"),
            "Fix": self.fix or "none",
            "Confidence": "known" if self.needs == "known" else "known or inferred",
            "Test files": "reported" if self.in_tests else "left alone",
            "Since": self.since,
        }
        if self.preview:
            told["Preview"] = "runs with --preview only"
        for linter, codes in self.same_as.items():
            told[f"As {linter}"] = f"{', '.join(codes)} (left to it with defer-to)"
        if self.supersedes:
            told["Supersedes"] = ", ".join(self.supersedes)
        return told

    def json(self) -> dict[str, Any]:
        return {
            **self.row(),
            "since": self.since,
            "needs": self.needs,
            "in_tests": self.in_tests,
            "supersedes": list(self.supersedes),
            "preview": self.preview,
            "same_as": {linter: list(codes) for linter, codes in self.same_as.items()},
            "options": dict(self.options),
            "sections": self.sections,
            "examples": [sample.json() for sample in self.samples],
        }

    def row(self) -> dict[str, Any]:
        """What a list of rules shows."""
        return {
            "code": self.code,
            "name": self.name,
            "severity": self.severity.value,
            "tier": self.tier,
            "fix": self.fix,
            "summary": self.summary,
        }
