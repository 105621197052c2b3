"""Which indexes a project lacks, found once for all who ask."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from mongolint.project.advice.patterns import Keys, Pattern, agreed
from mongolint.project.advice.suggest import Suggestion, suggest

if TYPE_CHECKING:
    from mongolint.project.model import Project


class Advice:
    """Answers for one project."""

    def __init__(self, project: Project) -> None:
        self.project = project

    @cached_property
    def suggestions(self) -> list[Suggestion]:
        """See `mongolint.project.advice.suggest`."""
        return suggest(self.project)

    def suggested_on(self, collection: str) -> list[Suggestion]:
        return [each for each in self.suggestions if each.collection.name == collection]

    def keys_for(self, collection: str, pattern: Pattern) -> Keys:
        """The keys for a pattern, in the order that the index has which is suggested for the whole project."""
        if len(pattern.equal) < 2:
            return pattern.keys
        return agreed(pattern, [each.keys for each in self.suggested_on(collection)])
