"""What rules ask of the queries that loops repeat."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mongolint.link.atoms import Cursor
from mongolint.project.tracing import loopkeys, repeated

if TYPE_CHECKING:
    from mongolint.project.loops.repetitions import Repetition
    from mongolint.project.model import Project


class Loops:
    """Answers for one project."""

    def __init__(self, project: Project) -> None:
        self.project = project

    def source(self, repetition: Repetition) -> str:
        """What a loop goes through: "document of orders", or "item"."""
        iterable = repetition.loop.iterable
        if iterable is not None and repetition.loop.kind != "while":
            for atom in self.project.link.value(repetition.module, iterable):
                operation = self.project.operation_at(atom.module, atom.row) if type(atom) is Cursor else None
                if operation is not None:
                    return f"document of {operation.target}" if operation.collection is not None else "document"
        return "item of the loop"

    def key(self, repetition: Repetition) -> loopkeys.LoopKey | None:
        """The field of the repeated filter whose value comes from the loop."""
        return loopkeys.loop_key(self.project, repetition)

    def same_key(self, repetition: Repetition) -> str | None:
        """The field by which each iteration asks for the same; "" where it asks for all, None where it does not."""
        return repeated.same_key(self.project, repetition)

    def varies_collection(self, repetition: Repetition) -> bool:
        """Whether each iteration asks another collection, through helpers."""
        return loopkeys.varies_collection(self.project, repetition)

    def is_sent_at_once(self, repetition: Repetition) -> bool:
        """Whether the queries of all iterations are under way at the same time."""
        return loopkeys.is_sent_at_once(self.project, repetition)

    def adds_up(self, repetition: Repetition) -> bool:
        """Whether what the repeated query finds is only counted, or added up."""
        return loopkeys.adds_up(self.project, repetition)

    def decides(self, repetition: Repetition) -> bool:
        """Whether the answer of each of the repeated writes is asked for before the next."""
        return repeated.decides(self.project, repetition)

    def told_apart(self, repetition: Repetition) -> str:
        """How to learn what each of the repeated writes did, once they are sent together."""
        return loopkeys.told_apart(self.project, repetition)

    def queries(self, repetition: Repetition) -> list[str]:
        """What each iteration runs, in words; of the two branches of a test it runs one or the other."""
        return repeated.queries(self.project, repetition)

    def in_words(self, repetition: Repetition) -> str:
        """What each iteration runs, in one phrase: "find_one on users and insert_one on orders and 2 more queries"."""
        return repeated.in_words(self.project, repetition)

    def is_at_start(self, repetition: Repetition) -> bool:
        """Whether the loop runs but once, when the application starts: no request waits for it."""
        facts = self.project.modules[repetition.module]
        if any(entry.kind == "loop" for entry in facts.chain(repetition.loop.context)):
            return False
        return self.project.reachability.is_start_only(repetition.module, repetition.loop.scope, None)
