"""What all modules together contribute to a question, by name: who calls so, who stores under that name.

Tables are made when first asked. Each is a pure question to a module's facts, so that a new state of one module
changes no more than the entries of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Sequence
from typing import Any

from mongolint.facts.shapes import ModuleFacts

# Entries begin with the number of their module
Entry = tuple[int, Any]
Gather = Callable[[int, ModuleFacts], Iterator[tuple[Hashable, Any]]]
_NONE: list[Any] = []


class Table:
    """What modules contribute, by key, in the order of the modules.

    Args:
        gather: the contributions of a module: key and entry.
        plain: an entry without what nobody asks of it.
        tests: modules that contribute nothing.
    """

    def __init__(
        self,
        modules: Sequence[ModuleFacts],
        gather: Gather,
        tests: frozenset[int] = frozenset(),
        plain: Callable[[Any], Any] = lambda entry: entry,
    ) -> None:
        self._modules = modules
        self._gather = gather
        self._tests = tests
        self._plain = plain
        self._all: dict[Hashable, list[Entry]] | None = None

    def of(self, key: Hashable) -> list[Entry]:
        """All entries under a key: the number of the module, and what it contributes."""
        if self._all is None:
            self._all = {}
            for module, facts in enumerate(self._modules):
                for name, entries in self._part(module, facts).items():
                    self._all.setdefault(name, []).extend(entries)
        return self._all.get(key, _NONE)

    def _part(self, module: int, facts: ModuleFacts) -> dict[Hashable, list[Entry]]:
        found: dict[Hashable, list[Entry]] = {}
        if module not in self._tests:
            for key, entry in self._gather(module, facts):
                found.setdefault(key, []).append((module, entry))
        return found

    def replace(self, module: int, old: ModuleFacts, modules: Sequence[ModuleFacts]) -> Iterator[Hashable]:
        """Take in the new state of a module; gives the keys under which it contributes something else."""
        self._modules = modules
        if self._all is None:
            return
        before, after = self._part(module, old), self._part(module, modules[module])
        for key in before.keys() | after.keys():
            mine, other = before.get(key, _NONE), after.get(key, _NONE)
            others = self._all.get(key, _NONE)
            first = [entry for entry in others if entry[0] < module]
            self._all[key] = [*first, *other, *(entry for entry in others if entry[0] > module)]
            if [self._plain(entry) for _, entry in mine] != [self._plain(entry) for _, entry in other]:
                yield key
