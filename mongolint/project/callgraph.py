"""Which operations a call runs, through helpers and methods at any depth."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from mongolint.facts.shapes import Call
from mongolint.project.atoms import FunctionRef
from mongolint.project.operations import Operation

if TYPE_CHECKING:
    from mongolint.project.link import Linker

# Decorators that keep results: what such a function runs, it does not run each time.
_CACHING = (
    "cache",
    "cached",
    "lru_cache",
    "memoize",
    "memoized",
    "alru_cache",
    "ttl_cache",
    "cached_property",
)


@dataclass(frozen=True, slots=True)
class Reach:
    """An operation that a function runs, and the calls that lead to it: (module, row), outermost first."""

    operation: Operation
    chain: tuple[tuple[int, int], ...]
    cached: bool = False


class CallGraph:
    """Follows calls from function to function until an operation is run."""

    def __init__(self, link: Linker, operations: Sequence[Operation]) -> None:
        self.link = link
        self.operations = operations
        self._reach: dict[tuple[int, int], tuple[Reach, ...]] = {}
        self._active: set[tuple[int, int]] = set()

    @cached_property
    def _direct(self) -> dict[tuple[int, int], list[Operation]]:
        found: dict[tuple[int, int], list[Operation]] = {}
        for operation in self.operations:
            if operation.method.kind in ("read", "write"):
                found.setdefault((operation.module, operation.scope), []).append(operation)
        return found

    @cached_property
    def _calls(self) -> dict[tuple[int, int], list[Call]]:
        found: dict[tuple[int, int], list[Call]] = {}
        for module, facts in enumerate(self.link.modules):
            for call in facts.calls:
                found.setdefault((module, call.scope), []).append(call)
        return found

    def run_by_call(self, module: int, row: int) -> tuple[Reach, ...]:
        """The operations that the call at ``row`` runs through functions of the project."""
        found: dict[int, Reach] = {}
        for function in self.link.functions_called(module, row):
            for reach in self.run_by_function(function):
                found.setdefault(id(reach.operation), reach)
        return tuple(found.values())

    def run_by_function(self, function: FunctionRef) -> tuple[Reach, ...]:
        """The operations that a function runs, each by the shortest chain found."""
        key = (function.module, function.scope)
        if key in self._reach:
            return self._reach[key]
        if key in self._active:
            return ()
        self._active.add(key)
        try:
            found = self._search(function)
        finally:
            self._active.discard(key)
        if not self._active or found:
            self._reach[key] = found
        return found

    def _search(self, function: FunctionRef) -> tuple[Reach, ...]:
        key = (function.module, function.scope)
        cached = self.is_cached(function)
        found = {id(o): Reach(o, (), cached) for o in self._direct.get(key, ())}
        for call in self._calls.get(key, ()):
            for reach in self.run_by_call(function.module, call.row):
                held = found.get(id(reach.operation))
                if held is None or len(held.chain) > len(reach.chain) + 1:
                    chain = ((function.module, call.row), *reach.chain)
                    found[id(reach.operation)] = Reach(reach.operation, chain, cached or reach.cached)
        return tuple(found.values())

    def is_cached(self, function: FunctionRef) -> bool:
        names = self.link.hierarchy.decorators(function)
        return any(name in _CACHING or "cache" in name or "memo" in name for name in names)

    def calls_in(self, module: int, scope: int) -> Iterator[Call]:
        yield from self._calls.get((module, scope), ())
