"""How questions went in an earlier state of a project, so that after an edit only those are asked anew that may differ.

The answer to a question from outside depends on more than what modules say. Cycles are cut where they are met, work is
bounded, and what one question found out the next takes as given: asked in another order, some come out otherwise. So
an answer is taken over only where the question would go exactly as it went, step by step: the modules say the same
wherever it looked, each earlier answer that it met is the same, and each that it missed is still missing. Asked in the
order of a fresh run, all answers are those of a fresh run.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import TYPE_CHECKING

from mongolint.facts.shapes import ModuleFacts
from mongolint.link.states.scopes import changed_tokens

if TYPE_CHECKING:
    from mongolint.link.linker import Linker

# States after which what nobody asked again is forgotten
_OLDEST = 8
# Environments and the like, after which all begins anew
_MOST = 100_000


class Record:
    """How one question from outside went, or a study (`Linker.study`) that asks several.

    ``tokens``: what it saw of modules. ``known``: the earlier answers that it met. ``missed``: the questions that had
    none, ``lost`` those of them that it left without. ``tried``: how often those of cycles had been asked before.
    ``answers``, ``tries``: what it left behind.
    """

    __slots__ = ("age", "answers", "known", "lost", "missed", "tokens", "tried", "tries")

    def __init__(self) -> None:
        self.age = 0
        self.tokens: set[Hashable] = set()
        self.known: dict[Hashable, object] = {}
        self.missed: set[Hashable] = set()
        self.lost: set[Hashable] = set()
        self.tried: dict[Hashable, int] = {}
        self.answers: dict[Hashable, object] = {}
        self.tries: dict[Hashable, int] = {}

    def met(self, question: Hashable, answer: object | None) -> None:
        """It came to a question that has this answer, or none yet."""
        if answer is None:
            self.missed.add(question)
        else:
            self.known[question] = answer

    def absorb(self, part: Record) -> None:
        """What it had to do with in one of its questions."""
        self.tokens |= part.tokens
        self.known.update(part.known)
        self.missed |= part.missed
        for question, count in part.tried.items():
            self.tried.setdefault(question, count)

    def finish(self) -> None:
        """Its own answers are none that it depends on."""
        self.known = {question: answer for question, answer in self.known.items() if question not in self.missed}
        self.lost = self.missed - self.answers.keys()


class Journal:
    """The records of the last states of one project. Handed to each linker in turn."""

    def __init__(self) -> None:
        self._modules: list[ModuleFacts] = []
        self._layout: object = None
        self._past: dict[Hashable, Record] = {}
        self._now: dict[Hashable, Record] = {}
        # The answers of the last state, and the questions of which it is known that they have another one now
        self._before: Mapping[Hashable, object] = {}
        self._differing: set[Hashable] = set()
        # The questions that were answered anew
        self._anew: set[Hashable] = set()
        self._link: Linker | None = None

    def begin(self, link: Linker) -> None:
        """A new state: forget what it may change."""
        layout = ([facts.path for facts in link.modules], link.tests, *link.imports.layout)
        known = self._link
        if (
            known is None
            or layout != self._layout
            or len(known.interned) > _MOST
            or not link.settings.agrees_with(known.settings)
        ):
            self._past, self._now, self._before = {}, {}, {}
        else:
            self._take(known, link)
        self._layout, self._modules, self._link = layout, list(link.modules), link
        self._differing, self._anew = set(), set()

    def _take(self, before: Linker, link: Linker) -> None:
        """What holds in the new state, too."""
        changed: set[Hashable] = set()
        modules: set[int] = set()
        link.tables = before.tables
        link.interned = before.interned
        for module, (old, new) in enumerate(zip(self._modules, link.modules, strict=True)):
            if old is not new:
                modules.add(module)
                changed.update([("module", module), ("modules",)])
                changed.update(changed_tokens(module, old, new))
                for gather, table in link.tables.items():
                    changed.update((gather, key) for key in table.replace(module, old, new))
        known = before.known_of_modules.items()
        link.known_of_modules = {key: said for key, said in known if key[1] not in modules}
        for question, record in self._past.items():
            if question not in self._now and record.age < _OLDEST:
                record.age += 1
                self._now[question] = record
        self._past = {q: record for q, record in self._now.items() if changed.isdisjoint(record.tokens)}
        self._before = before.answers
        self._now = {}

    def valid(
        self, question: Hashable, answers: Mapping[Hashable, object], tries: Mapping[Hashable, int]
    ) -> Record | None:
        """How a question went, if it would go the same way after what these answers and tries tell."""
        record = self._past.get(question)
        if record is None:
            return None
        if record.age:
            if not answers.keys().isdisjoint(record.missed):
                return None
            if any(answers.get(each) != known for each, known in record.known.items()):
                return None
        else:
            # What it left behind in the last state, nobody else did: but one that is asked anew may
            if not (self._anew.isdisjoint(record.answers.keys()) and answers.keys().isdisjoint(record.lost)):
                return None
            if not (self._differing.isdisjoint(record.known.keys()) and record.known.keys() <= answers.keys()):
                return None
        if any(tries.get(each, 0) != count for each, count in record.tried.items()):
            return None
        record.age = 0
        self._now[question] = record
        return record

    def add(self, question: Hashable, record: Record) -> None:
        """A question was asked."""
        record.finish()
        self._now[question] = record
        if self._past:  # nobody compares with a state before the first
            for each, answer in record.answers.items():
                self.found(each, answer)

    def found(self, question: Hashable, answer: object) -> None:
        """A question was answered anew."""
        self._anew.add(question)
        if self._before.get(question) != answer:
            self._differing.add(question)
