"""The questions about awaiting that rules ask."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from mongolint.link.states.memory import held
from mongolint.project.awaiting import iteration, needless, truth
from mongolint.project.awaiting.runtime import Runtime
from mongolint.project.awaiting.unawaited import Search, Unawaited

if TYPE_CHECKING:
    from mongolint.project.awaiting.iteration import Iteration
    from mongolint.project.awaiting.needless import Needless
    from mongolint.project.awaiting.truth import TruthTest
    from mongolint.project.model import Project


class Awaiting:
    """Answers them for a project."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self.runtime = Runtime(project.link)

    @held
    def unawaited(self) -> list[Unawaited]:
        """Coroutines and futures that are used as if they had been awaited."""
        return list(self._search.find())

    @cached_property
    def _search(self) -> Search:
        return Search(self.project, self.runtime)

    @held
    def needless(self) -> list[Needless]:
        """``await`` on what cannot be awaited."""
        return list(needless.find(self.project, self.runtime))

    @held
    def iterations(self) -> list[Iteration]:
        """Cursors of an asynchronous driver that are gone through without ``async``."""
        return list(iteration.find(self.project, self.runtime))

    @held
    def truth_tests(self) -> list[TruthTest]:
        """Databases and collections used as conditions."""
        return list(truth.find(self.project, self.runtime))
