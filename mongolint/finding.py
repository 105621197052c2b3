"""What a rule reports and what a fix changes: plain, frozen data with a JSON form.

May not know rules, reporters, configuration or trees.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import field
from enum import Enum
from typing import Any

from mongolint.fastclasses import NamedTuple, dataclass


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


class Span(NamedTuple):
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


class Related(NamedTuple):
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


class Edit(NamedTuple):
    """Replace the text of ``span`` by ``content``.

    ``shared``: what several fixes may need alike, an import or a logger. Such insertions at one place are merged.
    """

    span: Span
    content: str
    shared: bool = False

    def json(self) -> dict[str, Any]:
        return {**self.span.json(), "content": self.content}


class Fix(NamedTuple):
    """A repair: a title, and the edits that write it (none for ``display``, whose ``text`` says what to write).

    ``reason``: why it is not safe, or cannot be applied.
    """

    applicability: Applicability
    title: str
    text: str = ""
    edits: tuple[Edit, ...] = ()
    reason: str = ""

    def json(self) -> dict[str, Any]:
        return {
            "applicability": self.applicability.value,
            "title": self.title,
            "text": self.text,
            "reason": self.reason,
            "edits": [edit.json() for edit in self.edits],
        }


@dataclass(frozen=True, slots=True)
class Repair:
    """A fix that is not written yet, because writing it needs trees of the code.

    ``write`` gets a draft (`mongolint.fix.draft.Draft`) and puts its edits there. Where it cannot, ``text`` is what
    a person should write.
    """

    applicability: Applicability
    title: str
    write: Callable[[Any], object] = field(compare=False, repr=False)
    text: str = ""
    reason: str = ""


class Finding(NamedTuple):
    """One thing a rule claims about one place. ``also`` holds the codes of findings it stands for."""

    span: Span
    code: str
    name: str
    severity: Severity
    confidence: Confidence
    message: str
    related: tuple[Related, ...] = ()
    also: tuple[str, ...] = ()
    fix: Fix | Repair | None = None

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
            "fix": self.fix.json() if isinstance(self.fix, Fix) else None,
        }
