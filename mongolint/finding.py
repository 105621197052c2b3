"""What a rule reports and what a fix changes: plain, frozen data with a JSON form.

May not know rules, reporters, configuration or trees.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Any


class Severity(str, Enum):
    """How much a finding hurts; ordered from ``low`` to ``critical`` by `rank`."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"

    @property
    def rank(self) -> int:
        return list(Severity).index(self)


class Confidence(str, Enum):
    """How sure the model is of what an expression is.

    ``known``: traced to a driver construction or a driver type annotation.
    ``inferred``: the method name is one that only this driver has, in a project that uses the driver.
    """

    INFERRED = "inferred"
    KNOWN = "known"

    @property
    def rank(self) -> int:
        return list(Confidence).index(self)


class Applicability(str, Enum):
    """``safe`` keeps behaviour, ``unsafe`` keeps intent, ``display`` is shown only and needs a person."""

    DISPLAY = "display"
    UNSAFE = "unsafe"
    SAFE = "safe"


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A stretch of one file. Lines and columns are 1-based, columns count code points, the end is exclusive."""

    file: str
    line: int
    column: int
    end_line: int
    end_column: int

    def json(self) -> dict[str, Any]:
        return {
            "file": self.file,
            "line": self.line,
            "column": self.column,
            "end_line": self.end_line,
            "end_column": self.end_column,
        }


@dataclass(frozen=True, slots=True)
class Related:
    """A place that explains a finding: the loop, the helper that runs the query, the nearest index."""

    span: Span
    message: str

    def json(self) -> dict[str, Any]:
        return {
            "file": self.span.file,
            "line": self.span.line,
            "column": self.span.column,
            "message": self.message,
        }


@dataclass(frozen=True, slots=True)
class Edit:
    """Replace the text of ``span`` by ``content``."""

    span: Span
    content: str

    def json(self) -> dict[str, Any]:
        return {**self.span.json(), "content": self.content}


@dataclass(frozen=True, slots=True)
class Fix:
    """A repair: a title, a text that says what to write, and the edits that write it (none for ``display``)."""

    applicability: Applicability
    title: str
    text: str = ""
    edits: tuple[Edit, ...] = ()

    def json(self) -> dict[str, Any]:
        return {
            "applicability": self.applicability.value,
            "title": self.title,
            "text": self.text,
            "edits": [edit.json() for edit in self.edits],
        }


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing a rule claims about one place. ``also`` holds the codes of findings it stands for."""

    span: Span
    code: str
    name: str
    severity: Severity
    confidence: Confidence
    message: str
    related: tuple[Related, ...] = ()
    also: tuple[str, ...] = ()
    fix: Fix | None = None

    @property
    def sort_key(self) -> tuple[Span, str]:
        return (self.span, self.code)

    def json(self) -> dict[str, Any]:
        return {
            **self.span.json(),
            "code": self.code,
            "name": self.name,
            "severity": self.severity.value,
            "confidence": self.confidence.value,
            "message": self.message,
            "related": [place.json() for place in self.related],
            "also": list(self.also),
            "fix": self.fix.json() if self.fix else None,
        }
