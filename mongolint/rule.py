"""What a rule file imports: the rule itself, its examples, the facts it may subscribe to, the project it may ask.

A rule is one module that binds ``rule = Rule(…)`` and ``EXAMPLES = […]``. It holds no state and prints nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import field
from typing import Any, Literal

from mongolint.fastclasses import NamedTuple, dataclass
from mongolint.finding import Applicability, Confidence, Finding, Fix, Related, Repair, Severity, Span
from mongolint.fix.draft import Draft, NoFix
from mongolint.project.clients.sites import ClientSite
from mongolint.project.handlers import ExceptSite
from mongolint.project.indexes import IndexDeclaration
from mongolint.project.loops.repetitions import Repetition
from mongolint.project.model import Project
from mongolint.project.operations import Operation as Query
from mongolint.project.writes.answers import Need

Tier = Literal["default", "opt-in", "review"]
# What suffers: how long things take, whether the data is right, whether the program survives, whether anyone can tell
Concern = Literal["speed", "integrity", "resilience", "visibility", "upkeep"]
# A check gets the fact and the project; one that subscribes to `Project` gets only that
Check = Callable[..., Iterable[Finding]]


@dataclass(frozen=True)
class Bad:
    """Code that the rule flags: one file, or several by path.

    ``at``: the exact text that each finding spans, in order of files and places. ``message``: a part of the
    first message. ``fixed``: the code after the fix.
    """

    code: str | Mapping[str, str]
    at: tuple[str, ...] = ()
    message: str = ""
    fixed: str | Mapping[str, str] | None = None
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Good:
    """Code that looks like a case for the rule and is none; ``why`` says so in a few words."""

    code: str | Mapping[str, str]
    why: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)


class Todo(NamedTuple):
    """A known miss or false alarm: the test fails as soon as it is right, so that it gets promoted."""

    code: str | Mapping[str, str]
    why: str
    at: tuple[str, ...] = ()


Example = Bad | Good | Todo


@dataclass(eq=False)
class Rule:
    """A rule's fixed facts; `on` subscribes its check to a kind of fact.

    ``summary`` and ``doc`` come from the docstring of the rule's module. ``in_tests``: reports in test files
    too. ``supersedes``: codes that yield to this rule at the same place. ``concern``: what suffers; a review sorts by
    it. ``transactional``: what it advises needs transactions, which only replica sets have. ``of_idle``: that nothing
    runs a place is what it finds, or part of it. ``breaks``: what it finds goes wrong each time it runs. ``clears``:
    codes of which no finding is left either, once every client is mended as it says. ``migrates``: the titles of fixes
    by hand with which what is stored has to be moved or rewritten. ``same_as``: the codes by which
    another linter tells the same: ``{"ruff": ("E722",)}``; with ``defer-to`` it is left to that one.
    ``preview``: runs with ``--preview`` only, as every new rule does at first. ``asks_documents``: it asks what
    documents hold, or what keeps them right, and is asked beside the others, as finding that out takes long.
    """

    code: str
    name: str
    severity: Severity
    needs: Confidence = Confidence.INFERRED
    tier: Tier = "default"
    fix: Applicability | None = Applicability.DISPLAY
    since: str = "0.1"
    in_tests: bool = False
    supersedes: tuple[str, ...] = ()
    concern: Concern = "upkeep"
    transactional: bool = False
    of_idle: bool = False
    breaks: bool = False
    clears: tuple[str, ...] = ()
    migrates: tuple[str, ...] = ()
    same_as: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    preview: bool = False
    asks_documents: bool = False
    options: Mapping[str, Any] = field(default_factory=dict)
    tokens: tuple[str, ...] = ()
    checks: list[tuple[type, Check]] = field(default_factory=list)
    doc: str = ""

    def on(self, fact: type) -> Callable[[Check], Check]:
        """Subscribe a check to every ``fact`` of the project; a check of `Project` itself is called once."""

        def subscribe(check: Check) -> Check:
            self.checks.append((fact, check))
            return check

        return subscribe

    def finding(
        self,
        span: Span,
        message: str,
        *,
        severity: Severity | None = None,
        confidence: Confidence | str = Confidence.KNOWN,
        related: Iterable[Related] = (),
        fix: Fix | Repair | None = None,
    ) -> Finding:
        """A finding of this rule. The message says what, why it hurts, and what to do."""
        return Finding(
            span,
            self.code,
            self.name,
            severity or self.severity,
            Confidence(confidence),
            message,
            tuple(related),
            (),
            fix,
        )

    def repair(
        self,
        title: str,
        write: Callable[[Draft], object],
        *,
        text: str = "",
        reason: str = "",
        applicability: Applicability | None = None,
    ) -> Repair:
        """A fix of this rule, written when asked for.

        Args:
            title: what it does, as an order: "add a time limit".
            write: puts the edits on the draft, or raises `NoFix`.
            text: what to write by hand where ``write`` gives up.
            reason: why it is not safe, in one clause.
            applicability: of this fix, where it is another than that of the rule's fixes as a whole.
        """
        return Repair(applicability or self.fix or Applicability.DISPLAY, title, write, text, reason)

    @property
    def summary(self) -> str:
        return self.doc.partition("\n")[0].rstrip(".")


__all__ = [
    "Applicability",
    "Bad",
    "ClientSite",
    "Confidence",
    "Draft",
    "ExceptSite",
    "Finding",
    "Fix",
    "Good",
    "IndexDeclaration",
    "Need",
    "NoFix",
    "Project",
    "Query",
    "Related",
    "Repetition",
    "Rule",
    "Severity",
    "Span",
    "Todo",
]
