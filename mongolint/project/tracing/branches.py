"""The conditions that hold at a place of a function, by the branches around it and those that were left before."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from mongolint.link.atoms import External

if TYPE_CHECKING:
    from mongolint.link.linker import Linker

# Blocks that are run through, and not left on another way
_RUN_THROUGH = ("with", "try", "then", "otherwise")
# Functions that never return
_LEAVING = frozenset(
    ["flask.abort", "quart.abort", "bottle.abort", "sys.exit", "os._exit", "builtins.exit", "builtins.quit"]
)


class Branches:
    """The conditions that hold at the places of a module, by its contexts."""

    def __init__(self, link: Linker, module: int) -> None:
        self.link = link
        self.module = module
        self.facts = facts = link.modules[module]
        self.children: dict[int, list[int]] = {}
        others: set[tuple[int, int]] = set()
        for number, entry in enumerate(facts.contexts):
            self.children.setdefault(entry.parent, []).append(number)
            if entry.kind == "otherwise":
                others.add((entry.parent, entry.ref))
        # A ``case`` of match and the ``if`` of a comprehension have no other branch
        self.tested = others
        self.calls: dict[int, list[int]] = {}
        for call in facts.calls:
            self.calls.setdefault(call.context, []).append(call.row)

    def holding(
        self, context: int, before: int | None, some: bool, beside: int | None = None
    ) -> Iterator[tuple[int, bool]]:
        """The tests (row, outcome) passed on the way to a place.

        ``some``: on some way to it, through blocks that other ways leave out; else on every way. ``beside``: the block
        that lies on the way, whose other branch does not.
        """
        entry = self.facts.contexts[context]
        yield from self._passed(context, before, some, beside)
        if entry.kind == "root":
            return
        if entry.kind in ("then", "otherwise") and (entry.parent, entry.ref) in self.tested:
            yield entry.ref, entry.kind == "then"
        yield from self.holding(entry.parent, entry.begins, some, context)

    def _passed(
        self, context: int, before: int | None, some: bool, beside: int | None = None
    ) -> Iterator[tuple[int, bool]]:
        """The tests that a block was not left by, up to a row."""
        inner = [c for c in self.children.get(context, ()) if before is None or self.facts.contexts[c].begins < before]
        # Each branch once: in a chain of ``elif`` each is within the other branch of the one before: twice is 2 ** n
        seen: set[int] = set()
        for number in inner:
            entry = self.facts.contexts[number]
            if entry.kind in ("then", "otherwise") and (entry.parent, entry.ref) in self.tested:
                entered: list[int] = []
                if entry.leaves or self._aborts(number):
                    yield entry.ref, entry.kind == "otherwise"
                    other = "otherwise" if entry.kind == "then" else "then"
                    kinds = ((each, self.facts.contexts[each]) for each in inner)
                    entered = [each for each, beside in kinds if (beside.kind, beside.ref) == (other, entry.ref)]
                elif some and not self._excludes(number, beside):
                    entered = [number]
                for each in entered:
                    if each not in seen:
                        seen.add(each)
                        yield from self._passed(each, None, some)
            elif entry.kind == "with" or (entry.kind == "try" and (some or self._fails_for_good(entry.ref))):
                yield from self._passed(number, None, some)
            elif entry.kind == "loop":
                yield from self._broken(number, some)

    def _excludes(self, one: int, other: int | None) -> bool:
        """Whether two blocks are the branches of one test, of which only one runs."""
        if other is None:
            return False
        kinds = {self.facts.contexts[one].kind, self.facts.contexts[other].kind}
        return kinds == {"then", "otherwise"} and self.facts.contexts[one].ref == self.facts.contexts[other].ref

    def _fails_for_good(self, attempt: int) -> bool:
        """Whether each handler of a ``try`` leaves, so that behind it the body has come to its end."""
        handlers = self.facts.tries[attempt].handlers
        return bool(handlers) and all(self.facts.contexts[handler.context].leaves for handler in handlers)

    def _aborts(self, context: int) -> bool:
        """Whether a branch ends the request or the program by a call."""
        for row in self.calls.get(context, ()):
            called = self.link.value(self.module, self.facts.nodes[row][1])
            if any(type(atom) is External and atom.name in _LEAVING for atom in called):
                return True
        return False

    def _broken(self, context: int, some: bool) -> Iterator[tuple[int, bool]]:
        """The tests that hold behind a loop, which goes on until one of them does."""
        loop = self.facts.loops[self.facts.contexts[context].ref]
        breaks = [inner for kind, inner in loop.exits if kind == "break"]
        if loop.kind == "while" and loop.iterable is not None:
            if not self.facts.is_endless(loop):
                if some or not breaks:
                    yield loop.iterable, False
                breaks = breaks if some else []
        elif not some:
            return
        found = [set(self._within(inner, context, some)) for inner in breaks]
        if found:
            yield from set.union(*found) if some else set.intersection(*found)

    def _within(self, context: int, outer: int, some: bool) -> Iterator[tuple[int, bool]]:
        """The tests passed on the way from a context to one inside of it."""
        before: int | None = None
        beside: int | None = None
        while True:
            entry = self.facts.contexts[context]
            yield from self._passed(context, before, some, beside)
            if context == outer or entry.kind == "root":
                return
            if entry.kind in ("then", "otherwise") and (entry.parent, entry.ref) in self.tested:
                yield entry.ref, entry.kind == "then"
            beside, context, before = context, entry.parent, entry.begins

    def blocks(self, context: int, before: int | None) -> Iterator[tuple[int, int | None]]:
        """The contexts whose code may have run when a place is come to, each with the row up to which."""
        beside: int | None = None
        while True:
            yield context, before
            for number in self.children.get(context, ()):
                entry = self.facts.contexts[number]
                if entry.leaves or entry.kind not in _RUN_THROUGH or self._excludes(number, beside):
                    continue
                if before is None or entry.begins < before:
                    yield from self._inner(number)
            entry = self.facts.contexts[context]
            if entry.kind == "root":
                return
            beside, context, before = context, entry.parent, entry.begins

    def _inner(self, context: int) -> Iterator[tuple[int, int | None]]:
        yield context, None
        for number in self.children.get(context, ()):
            if self.facts.contexts[number].kind in _RUN_THROUGH and not self.facts.contexts[number].leaves:
                yield from self._inner(number)
