"""What rules ask of results: the questions of `mongolint.project.results`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mongolint.link.states.memory import held
from mongolint.project.results import counted, counts, helpers, partial, rereads, twice, unbounded, unread, whole
from mongolint.project.results.lists import firsts, pages, sizes, totals

if TYPE_CHECKING:
    from mongolint.project.documents import Place
    from mongolint.project.model import Project
    from mongolint.project.operations import Operation


class Results:
    """Answers for one project."""

    def __init__(self, project: Project) -> None:
        self.project = project

    def argument(self, operation: Operation, parameter: str | None) -> Place | None:
        """The argument of an operation's call that plays ``parameter``; None where it is not given."""
        return self.project.finder.argument(operation, parameter)

    def listed_at_most(self, operation: Operation) -> int | None:
        """How many documents a list takes of a query that could give more; None where nothing says so."""
        return unbounded.listed_at_most(self.project, operation)

    def first_of_each(self, operation: Operation) -> str | None:
        """The field of which a list that is cut off keeps the first document for each value."""
        return firsts.first_of_each(self.project, operation)

    def total(self, operation: Operation) -> totals.Total | None:
        """The number that Python makes of a list which is cut off, in the place of that of all documents."""
        return totals.total(self.project, operation)

    def existence(self, operation: Operation) -> counts.Existence | None:
        """The count that an operation makes only to know whether there is a document."""
        return counts.existence(self.project, operation)

    def counted(self, operation: Operation) -> list[counted.Counted]:
        """The places that read what an operation finds only to count it."""
        return list(counted.counted(self.project, operation))

    def unsorted_page(self, operation: Operation) -> pages.UnsortedPage | None:
        """How an operation skips documents without a sort."""
        return pages.unsorted_page(self.project, operation)

    def is_sorted_in_memory(self, operation: Operation) -> bool:
        """Whether pages of an operation, sorted by ``_id``, would be by no index."""
        return pages.is_sorted_in_memory(self.project, operation)

    def unbounded(self, operation: Operation) -> unbounded.Unbounded | None:
        """Where all results of an operation are kept at once in code that a request reaches."""
        return unbounded.unbounded(self.project, operation)

    def asked_sizes(self, operation: Operation) -> list[sizes.AskedSize]:
        """The parameter by which a request says how many documents an operation reads, as many as it likes."""
        return sizes.asked_sizes(self.project, operation)

    def unread(self, operation: Operation) -> unread.Unread | None:
        """The write that sends a document back which nobody looks at."""
        return unread.unread(self.project, operation)

    def reread(self, operation: Operation) -> rereads.Reread | None:
        """The write after which an operation reads the same document again."""
        return rereads.reread(self.project, operation)

    @held
    def unheeded(self) -> list[Operation]:
        """The writes of handlers to what a path names, of which nobody looks whether it was there."""
        return unread.unheeded(self.project)

    @held
    def gathered(self) -> list[Operation]:
        """The pipelines of requests that make something of all documents of a collection."""
        return whole.gathered(self.project)

    @held
    def counted_whole(self) -> list[Operation]:
        """The counts of requests that a look at what the collection says of itself may answer."""
        return whole.counted(self.project)

    @held
    def read_twice(self) -> list[twice.ReadTwice]:
        """The documents that a function reads a second time through what it calls, with no write in between."""
        return twice.read_twice(self.project)

    @held
    def read_again(self) -> list[twice.ReadAgain]:
        """The documents that a handler reads although a parameter of it holds them already."""
        return twice.read_again(self.project)

    def partial_use(self, operation: Operation) -> partial.PartialUse | None:
        """The few fields that are used of the documents which an operation reads."""
        return partial.partial_use(self.project, operation)

    def helper_use(self, operation: Operation, most: int) -> helpers.HelperUse | None:
        """The calls that use at most so many fields of the document which an operation in their helper reads."""
        return helpers.helper_use(self.project, operation, most)
