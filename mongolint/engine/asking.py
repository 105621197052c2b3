"""Asks the rules, in two processes where that pays.

Once the operations are known, no rule's answer depends on which rules were asked before. So those that ask what
documents hold or what keeps them right, which takes as long to find out as all else together, can be asked beside the
others.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from mongolint.engine.workers import Workers
from mongolint.finding import Finding, Fix
from mongolint.project.clients.sites import ClientSite
from mongolint.project.handlers import ExceptSite
from mongolint.project.indexes import IndexDeclaration
from mongolint.project.loops.repetitions import Repetition
from mongolint.project.model import Project
from mongolint.project.operations import Operation
from mongolint.rule import Rule
from mongolint.source.deepstack import with_deep_stack

# Operations of a project for which a second process pays
_MANY = 50


class StoppedError(Exception):
    """A run was stopped because nobody wants its result any more."""


def ask(
    rules: Sequence[Rule], project: Project, crashes: list[str], stop: Callable[[], bool] | None = None
) -> list[Finding]:
    """What the rules find. A rule that fails is named in ``crashes``, and the others go on.

    Raises:
        StoppedError: ``stop`` said so.
    """
    return with_deep_stack(lambda: list(_ask(rules, project, crashes, stop)))


def ask_beside(rules: Sequence[Rule], project: Project, crashes: list[str]) -> list[Finding]:
    """The same in two processes, with repairs left out, which only the process that made them can apply."""
    own = [rule for rule in rules if rule.asks_documents]  # the longer share
    others = [rule for rule in rules if not rule.asks_documents]
    if not own or not others or with_deep_stack(lambda: _operations(project)) < _MANY:
        return ask(rules, project, crashes)

    def beside(batch: Sequence[Rule]) -> tuple[list[Finding], list[str]]:
        failed: list[str] = []
        return [_plain(finding) for finding in ask(batch, project, failed)], failed

    found: list[Finding] = []

    def done(result: tuple[list[Finding], list[str]]) -> None:
        found.extend(result[0])
        crashes.extend(result[1])

    workers = Workers(1, None, lambda _: beside(others))
    try:
        workers.submit([None])
        workers.dismiss()
        found += ask(own, project, crashes)
        workers.finish(done)
    finally:
        workers.close()
    return found


def _plain(finding: Finding) -> Finding:
    return finding if isinstance(finding.fix, Fix | None) else finding._replace(fix=None)


def _operations(project: Project) -> int:
    """How many operations a project has; 0 if finding them fails, of which each rule that asks will tell."""
    try:
        return len(project.operations)
    except Exception:
        return 0


def _ask(
    rules: Sequence[Rule], project: Project, crashes: list[str], stop: Callable[[], bool] | None
) -> Iterator[Finding]:
    """The one wall: a rule that fails is named, and the others go on."""
    facts = _facts(project)
    for rule in rules:
        for number, (kind, test) in enumerate(rule.checks):
            begun: list[Any] = [None]

            def begin(fact: Any, begun: list[Any] = begun) -> None:
                begun[0] = fact
                if stop is not None and stop():
                    raise StoppedError

            try:
                yield from project.told((rule.code, number), facts[kind], test, begin)
            except StoppedError:
                raise
            except Exception as error:
                crash = f"rule {rule.code} {rule.name} failed: {type(error).__name__}: {error}"
                crashes.append(crash + _where(begun[0], project))


def _facts(project: Project) -> dict[type, Callable[[], Iterable[Any]]]:
    return {
        Operation: lambda: project.operations,
        Repetition: lambda: project.repetitions,
        ExceptSite: lambda: project.handlers,
        IndexDeclaration: lambda: project.indexes,
        ClientSite: lambda: project.clients,
        Project: lambda: [project],
    }


def _where(fact: Any, project: Project) -> str:
    """The file of the fact that a rule failed on, if it is a fact of one."""
    module = getattr(fact, "module", -1)
    return f" (in {project.path(module)})" if module >= 0 else ""
