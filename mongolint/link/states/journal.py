"""How questions went in an earlier state of a project, so that after an edit only those are asked anew that may differ.

The answer to a question from outside depends on more than what modules say. Cycles are cut where they are met, work is
bounded, and what one question found out the next takes as given: asked in another order, some come out otherwise. So
an answer is taken over only where the question would go exactly as it went, step by step: the modules say the same
wherever it looked, each earlier answer that it met is the same, and each that it missed is still missing. Asked in the
order of a fresh run, all answers are those of a fresh run.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterable, Iterator, Mapping, Set
from typing import TYPE_CHECKING, Any

from mongolint.facts.shapes import ModuleFacts
from mongolint.link.states.same import same
from mongolint.link.states.scopes import changed_tokens

if TYPE_CHECKING:
    from mongolint.link.linker import Linker

# Environments and the like, after which all begins anew
MOST = 100_000
_NONE: Mapping[Any, Any] = {}


class Record:
    """How one question from outside went, or a study (`Linker.study`) that asks several.

    ``tokens``: what it saw of modules. ``known``: the earlier answers that it met. ``missed``: the questions that had
    none, ``lost`` those of them that it left without. ``tried``: how often those of cycles had been asked before.
    ``answers``, ``tries``: what it left behind. ``put``, ``stale``, ``suspect``: the number of the last state in which
    the question was put, something that it saw said something else, and something that it met may have.
    """

    __slots__ = (
        *("answers", "known", "lost", "missed", "tokens", "tried", "tries"),
        *("put", "question", "stale", "suspect"),
    )

    def __init__(self, question: Hashable, answers: Mapping[Hashable, object] = _NONE) -> None:
        self.question = question
        self.put = self.stale = self.suspect = -1
        self.tokens: set[Hashable] = set()
        self.known: set[Hashable] = set()
        self.missed: set[Hashable] = set()
        self.lost: Set[Hashable] = frozenset()
        # Most have nothing to do with cycles
        self.tried: Mapping[Hashable, int] = _NONE
        self.answers = answers
        self.tries: Mapping[Hashable, int] = _NONE

    def met(self, question: Hashable, answer: object | None) -> None:
        """It came to a question that has this answer, or none yet."""
        (self.missed if answer is None else self.known).add(question)

    def tries_again(self, question: Hashable, before: int) -> None:
        """It came to a question of a cycle that had been asked so often."""
        if question not in self.tried:
            self.tried = {**self.tried, question: before}

    def absorb(self, part: Record) -> None:
        """What it had to do with in one of its questions."""
        self.tokens |= part.tokens
        self.known |= part.known
        self.missed |= part.missed
        if part.tried:
            self.tried = {**part.tried, **self.tried}

    def finish(self, answers: Mapping[Hashable, object], tries: Mapping[Hashable, int]) -> None:
        """It left these answers behind, which are none that it depends on, and tried those of cycles so often."""
        self.known -= self.missed
        self.lost = self.missed.difference(answers)
        self.answers = answers
        if self.tried:
            self.tries = {each: tries[each] for each in self.tried}


class Journal:
    """The records of the last state of one project. Handed to each linker in turn."""

    def __init__(self) -> None:
        self._modules: list[ModuleFacts] = []
        self._layout: object = None
        self._link: Linker | None = None
        self._records: dict[Hashable, Record] = {}
        # The records by what they saw of modules, what they knew, what they were left without, and left behind
        self._readers: dict[Hashable, set[Record]] = {}
        self._knowers: dict[Hashable, set[Record]] = {}
        self._losers: dict[Hashable, set[Record]] = {}
        self._owners: dict[Hashable, Record] = {}
        # Those that are in none of these yet
        self._unsorted: set[Record] = set()
        self._state = 0
        # What was told in this state, and in the last one, by nobody whose record says what it rests on
        self._told: set[Hashable] = set()
        self._told_before: set[Hashable] = set()
        self._begin({})

    def _begin(self, before: Mapping[Hashable, object]) -> None:
        self._state += 1
        # The answers of the last state
        self._before = before
        self._told_before, self._told = self._told, set()
        # What modules say differently since, and the records that saw such
        self.changed: set[Hashable] = set()
        self._stale: set[Record] = set()
        # Whether all records hold in this state, whoever put their questions
        self._carried = False
        # The questions that were answered anew; of which the answer is another one now; that a record answered which
        # is there no more
        self._anew: set[Hashable] = set()
        self._differing: set[Hashable] = set()
        self._loose: set[Hashable] = set()

    def begin(self, link: Linker, before: Linker | None = None) -> None:
        """A new state: forget what it may change. ``before``: the last one, if it is not that of another linker."""
        layout = ([facts.path for facts in link.modules], link.tests, *link.imports.layout)
        known = before or self._link
        self.sort()
        if (
            known is None
            or layout != self._layout
            or len(known.interned) > MOST
            or not link.settings.agrees_with(known.settings)
        ):
            for table in (self._records, self._readers, self._knowers, self._losers, self._owners):
                table.clear()
            self._unsorted.clear()
            self._begin({})
        else:
            if not self._carried:
                for record in [each for each in self._records.values() if each.put != self._state]:
                    self._drop(record)
            self._begin(known.answers)
            self._take(known, link)
        self._layout, self._modules, self._link = layout, list(link.modules), link

    def _take(self, before: Linker, link: Linker) -> None:
        """What holds in the new state, too."""
        modules: set[int] = set()
        link.tables = before.tables
        link.interned = before.interned
        for module, (old, new) in enumerate(zip(self._modules, link.modules, strict=True)):
            if old is not new:
                modules.add(module)
                self.changed.update([("module", module), ("modules",)])
                self.changed.update(changed_tokens(module, old, new))
                for gather, table in link.tables.items():
                    self.changed.update((gather, key) for key in table.replace(module, old, new))
        link.known_of_modules = before.known_of_modules
        for module in modules:
            link.known_of_modules.pop(module, None)
        self._stale = {record for token in self.changed for record in self._readers.get(token, ())}
        for record in self._stale:
            record.stale = self._state
            self._suspect(*(self._knowers.get(question, ()) for question in record.answers))

    def _suspect(self, *several: Iterable[Record]) -> None:
        for records in several:
            for record in records:
                record.suspect = self._state

    def valid(
        self, question: Hashable, answers: Mapping[Hashable, object], tries: Mapping[Hashable, int]
    ) -> Record | None:
        """How a question went, if it would go the same way after what these answers and tries tell."""
        record = self._records.get(question)
        if record is None or record.stale == self._state:
            return None
        # What others had left behind, in another order of questions perhaps
        if not record.known <= answers.keys():
            return None
        if record.suspect == self._state:
            # What it left behind in the last state, nobody else did: but one that is asked anew may
            if not (self._anew.isdisjoint(record.answers.keys()) and answers.keys().isdisjoint(record.lost)):
                return None
            if not self._differing.isdisjoint(record.known):
                return None
        if any(tries.get(each, 0) != count for each, count in record.tried.items()):
            return None
        record.put = self._state
        return record

    def carry(
        self, first: Mapping[Hashable, object], kept: dict[Hashable, object], held: dict[Hashable, int]
    ) -> Collection[Hashable]:
        """Take over what nobody has asked again, and nothing contradicts.

        Args:
            first: the answers of this state so far.
            kept, held: the answers and the tries of the last state; of which those that hold remain.

        Returns:
            the questions of the last state that have another answer now, or none.
        """
        pending = [*self._loose, *self._differing, *(self._told_before - self._told)]

        def drop(records: Iterable[Record]) -> None:
            for record in [each for each in records if each.put != self._state]:
                self._drop(record)
                pending.extend(record.answers)
                for each in record.tries:
                    held.pop(each, None)

        drop([record for record in self._stale if self._records.get(record.question) is record])
        for question in self._anew:
            if question not in kept:
                drop(self._losers.get(question, ()))
        while pending:
            question = pending.pop()
            now = first.get(question)
            if question in kept and not same(now, kept[question]):
                del kept[question]
                self._differing.add(question)
                drop(self._knowers.get(question, ()))
        differing, told = self._differing, self._told
        self._begin({})
        self._carried, self._told = True, told
        return differing

    def add(self, record: Record) -> None:
        """A question was asked."""
        held = self._records.get(record.question)
        if held is not None:
            self._drop(held)
            gone = held.answers.keys() - record.answers.keys()
            self._loose |= gone
            self._suspect(*(self._knowers.get(each, ()) for each in gone))
        self._keep(record)
        self._unsorted.add(record)
        if self._before:  # nobody compares with a state before the first
            self.sort()
            for each, answer in record.answers.items():
                self.found(each, answer)

    def sort(self) -> None:
        """See to it that records are found by what they have to do with: before the next state, when there is time."""
        for record in self._unsorted:
            for table, keys in self._tables(record):
                for key in keys:
                    table.setdefault(key, set()).add(record)
            for each in record.answers:
                self._owners[each] = record
        self._unsorted.clear()

    def _keep(self, record: Record) -> None:
        record.put = self._state
        self._records[record.question] = record

    def _drop(self, record: Record) -> None:
        del self._records[record.question]
        if record in self._unsorted:
            self._unsorted.discard(record)
            return
        for table, keys in self._tables(record):
            for key in keys:
                table[key].discard(record)

    def _tables(self, record: Record) -> Iterator[tuple[dict[Hashable, set[Record]], Collection[Hashable]]]:
        yield self._readers, record.tokens
        yield self._knowers, record.known
        yield self._losers, record.lost

    def own(self, question: Hashable, answer: object) -> None:
        """Something was kept that depends on nothing but what the question says."""
        self._keep(Record(question, {question: answer}))

    def tell(self, question: Hashable, answer: object) -> None:
        """Something is told that holds for this state."""
        self._told.add(question)
        self.found(question, answer)

    def found(self, question: Hashable, answer: object) -> None:
        """A question was answered anew."""
        self._anew.add(question)
        self._suspect(self._losers.get(question, ()))
        if question in self._owners:
            self._suspect((self._owners[question],))
        if not same(self._before.get(question), answer):
            self._differing.add(question)
            self._suspect(self._knowers.get(question, ()))
