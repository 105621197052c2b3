"""What all modules together contribute to a question, by name: who calls so, who stores under that name.

Tables are made when first asked. Each is a pure question to a module's facts, so that a new state of one module
changes no more than the entries of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Sequence
from typing import Any

from mongolint.facts.shapes import ModuleFacts
from mongolint.fastclasses import NamedTuple

# The number of a module, and what it contributes
Entry = tuple[int, Any]
_NONE: list[Any] = []


def _whole(entry: Any) -> Any:
    return entry


class Gather(NamedTuple):
    """A question to each module.

    ``found``: what a module contributes: key and entry. ``tests``: whether tests do, too. ``plain``: of an entry what
    is asked of it.
    """

    found: Callable[[int, ModuleFacts], Iterator[tuple[Hashable, Any]]]
    tests: bool = True
    plain: Callable[[Any], Any] = _whole


class Table:
    """What modules contribute, by key, in the order of the modules."""

    def __init__(self, gather: Gather, modules: Sequence[ModuleFacts], tests: frozenset[int]) -> None:
        self._gather = gather
        self._without = frozenset[int]() if gather.tests else tests
        self._all: dict[Hashable, list[Entry]] = {}
        for module, facts in enumerate(modules):
            for key, entries in self._part(module, facts).items():
                self._all.setdefault(key, []).extend(entries)

    def of(self, key: Hashable) -> list[Entry]:
        """All entries under a key."""
        return self._all.get(key, _NONE)

    def _part(self, module: int, facts: ModuleFacts) -> dict[Hashable, list[Entry]]:
        found: dict[Hashable, list[Entry]] = {}
        if module not in self._without:
            for key, entry in self._gather.found(module, facts):
                found.setdefault(key, []).append((module, entry))
        return found

    def replace(self, module: int, old: ModuleFacts, new: ModuleFacts) -> Iterator[Hashable]:
        """Take in the new state of a module; gives the keys under which it contributes something else."""
        before, after = self._part(module, old), self._part(module, new)
        plain = self._gather.plain
        for key in before.keys() | after.keys():
            mine, other = before.get(key, _NONE), after.get(key, _NONE)
            held = self._all.get(key, _NONE)
            first = [entry for entry in held if entry[0] < module]
            self._all[key] = [*first, *other, *(entry for entry in held if entry[0] > module)]
            if [plain(entry) for _, entry in mine] != [plain(entry) for _, entry in other]:
                yield key
