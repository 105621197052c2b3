"""What must not be done half, or twice at the same time: the questions that rules ask of `mongolint.project.sessions`
and `mongolint.project.updates`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mongolint.link.states.memory import held
from mongolint.project.sessions import dependent, fallback, outside, repeated
from mongolint.project.updates import copied, filled, inarrays, lost, meanwhile, states, twice, unanswered
from mongolint.project.updates.numbers import decreases, numbered

if TYPE_CHECKING:
    from mongolint.project.model import Project


class Sessions:
    """Answers for one project; each is found once."""

    def __init__(self, project: Project) -> None:
        self.project = project

    @held
    def fallbacks(self) -> list[fallback.Fallback]:
        """The clauses that turn a transaction off, and tell nobody."""
        return list(fallback.find(self.project))

    @held
    def outside(self) -> list[outside.Outside]:
        """The calls in transactions that are not given the session."""
        return outside.find(self.project, self.project.writes.tracer)

    @held
    def lost_updates(self) -> list[lost.LostUpdate]:
        """The updates that write back what was made of a document read before, in no transaction."""
        return list(lost.find(self.project, self.project.writes.tracer))

    @held
    def pushed_twice(self) -> list[twice.PushedTwice]:
        """The updates that push what a document read before did not hold, in no transaction."""
        return list(twice.find(self.project, self.project.writes.tracer))

    @held
    def state_races(self) -> list[states.StateRace]:
        """The updates of a state that was tested before, where something happens for each that passes the test."""
        return list(states.find(self.project, self.project.writes.tracer))

    @held
    def decreases(self) -> list[decreases.Decrease]:
        """The updates that take an amount off a number, whatever is left of it."""
        return list(decreases.find(self.project, self.project.writes.tracer))

    @held
    def numbered(self) -> list[numbered.Numbered]:
        """The inserts that get the number after the latest one, which a unique index refuses to all but the first."""
        return list(numbered.find(self.project, self.project.writes.tracer))

    @held
    def copied(self) -> list[copied.Copied]:
        """The inserts that copy arrays of a document read before, which updates change in all documents like it."""
        return list(copied.find(self.project, self.project.writes.tracer))

    @held
    def meanwhile(self) -> list[meanwhile.Meanwhile]:
        """The inserts that go by the state of a document of another collection, which may change in between."""
        return list(meanwhile.find(self.project, self.project.writes.tracer))

    @held
    def filled(self) -> list[filled.Filled]:
        """The inserts that a start makes into a collection in which it has found nothing."""
        return list(filled.find(self.project, self.project.writes.tracer))

    @held
    def unanswered(self) -> list[unanswered.Unanswered]:
        """The writes of requests that a unique index refuses, of which nothing catches the error."""
        return list(unanswered.find(self.project, self.project.writes.tracer))

    @held
    def refused_in_arrays(self) -> list[inarrays.ArrayUpdate]:
        """The updates of all members of an array that documents do not have at first."""
        return list(inarrays.refused(self.project))

    @held
    def dependent_writes(self) -> list[dependent.DependentWrites]:
        """The writes to two collections that belong together, in no transaction."""
        return list(dependent.find(self.project))

    @held
    def repeated(self) -> list[repeated.Repeated]:
        """The ``try`` statements around driver calls that several functions of a module have."""
        return list(repeated.find(self.project))
