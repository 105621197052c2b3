"""What a report may tell of a run, and how severities are told to those who have other ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import field
from typing import TYPE_CHECKING

from mongolint.fastclasses import NamedTuple, dataclass
from mongolint.finding import Finding, Severity
from mongolint.report.diff import Rewrite
from mongolint.report.paint import Paint
from mongolint.report.text import Source

if TYPE_CHECKING:
    from mongolint.ruledoc import Page


class Note(NamedTuple):
    """Something that went wrong beside the findings. ``path``: the file that it is about, if it is about one.

    ``error``: it was asked for and not done; else a remark.
    """

    message: str
    path: str = ""
    error: bool = True


@dataclass(frozen=True, slots=True)
class Run:
    """What a run of ``check`` gave: plain data.

    ``findings`` are in the order of files and places; ``source`` gives a file's text by the path that they show.
    ``pages``: the rules that ran. ``rewrite`` makes edits in a text.
    """

    findings: Sequence[Finding]
    source: Source
    rewrite: Rewrite
    paint: Paint = field(default_factory=Paint)
    pages: Sequence[Page] = ()
    notes: Sequence[Note] = ()
    version: str = ""

    def fingerprints(self) -> list[str]:
        from mongolint.fingerprints import fingerprints  # imports hashlib, which most formats can do without

        return fingerprints(self.findings, self.source)

    def worst_first(self) -> list[int]:
        """The findings by number, the most severe first: what a service cuts off at the end matters least."""
        return sorted(range(len(self.findings)), key=lambda index: -self.findings[index].severity.rank)


# The three levels that most services have
LEVELS = {Severity.CRITICAL: "error", Severity.HIGH: "error", Severity.MEDIUM: "warning", Severity.LOW: "note"}


def heading(finding: Finding) -> str:
    """The rule, as one may search for it."""
    return f"{finding.code} {finding.name}"
