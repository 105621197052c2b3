"""Which indexes a project lacks, found once for all who ask."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from mongolint.link.states.memory import held, held_by
from mongolint.mongo.methods import Method
from mongolint.project.advice.lean import out_of_pages, wide_where_given
from mongolint.project.advice.patterns import Keys, Pattern, agreed
from mongolint.project.advice.suggest import Asked, Suggestion, questions, suggest
from mongolint.project.advice.together import Together, asked_together
from mongolint.project.explained.requests import requests_of
from mongolint.project.operations import Operation

if TYPE_CHECKING:
    from mongolint.project.model import Project


# A request as an operation: what it is given stands in its filter, and not in the call of ``bulk_write``
_REQUEST = Method("bulk_write", "write", (), "result", "csot", many=True)


class Advice:
    """Answers for one project."""

    def __init__(self, project: Project) -> None:
        self.project = project

    @held
    def suggestions(self) -> list[Suggestion]:
        """See `mongolint.project.advice.suggest`; by collection."""
        needed = {constraint.name for constraint in self.project.writes.constraints}
        return [each for name in sorted({*self._asked, *needed}) for each in self.suggested_on(name)]

    @held_by
    def suggested_on(self, collection: str) -> list[Suggestion]:
        """Those for one collection."""
        return suggest(self.project, collection, self._asked_of(collection))

    @held_by
    def _asked_of(self, collection: str) -> list[Asked]:
        return self._asked.get(collection, [])

    @held
    def _asked(self) -> dict[str, list[Asked]]:
        """What is asked of each collection."""
        found: dict[str, list[Asked]] = {}
        for one in questions(self.project):
            if one.query.collection is not None:
                found.setdefault(one.query.collection, []).append(one)
        return found

    @held
    def sent_in_bulk(self) -> list[Operation]:
        """Each request of a ``bulk_write`` that has a filter, as an operation of its own."""
        return [
            replace(operation, method=_REQUEST, filter=self.project.reader.document(*filter))
            for operation in self.project.operations
            if operation.module not in self.project.tests
            for _, filter, _ in requests_of(self.project, operation)
        ]

    @held
    def together(self) -> list[Together]:
        """The queries of one function that work several things out of the same documents."""
        return asked_together(self.project)

    def chosen_for(self, collection: str, pattern: Pattern) -> Suggestion | None:
        """The suggested index that serves a pattern: made for it, or one that begins with its fields."""
        suggested = self.suggested_on(collection)
        made = next(
            (each for each in suggested if any(pattern in (one, out_of_pages(one)) for one in each.patterns)), None
        )
        return made or next((each for each in suggested if _begins_with(each, pattern)), None)

    def wide_where_given(self, operation: Operation) -> dict[str, str]:
        """See `lean.wide_where_given`."""
        return wide_where_given(self.project, operation)

    def keys_for(self, collection: str, pattern: Pattern) -> Keys:
        """The keys for a pattern, in the order that the index has which is suggested for the whole project."""
        if len(pattern.equal) < 2:
            return pattern.keys
        return agreed(pattern, [each.keys for each in self.suggested_on(collection)])


def _begins_with(suggestion: Suggestion, pattern: Pattern) -> bool:
    """Whether an index that leaves no document out serves a pattern by its first keys."""
    options = {name: value for name, value in suggestion.options.items() if name != "unique"}
    if suggestion.replaces is not None or options != pattern.options:
        return False
    return agreed(pattern, [suggestion.keys]) == suggestion.keys[: len(pattern.keys)]
