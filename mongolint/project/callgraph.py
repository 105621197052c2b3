"""Which operations a call runs, through helpers and methods at any depth."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from mongolint.facts.shapes import ModuleFacts
from mongolint.fastclasses import NamedTuple
from mongolint.link import functions
from mongolint.link.atoms import Collection, FunctionRef
from mongolint.link.states.scopes import calls_by_row
from mongolint.project.operations import Operation, in_words, the_one
from mongolint.project.reach.memos import kept_for, makes_object, owner_of

if TYPE_CHECKING:
    from mongolint.link.linker import Linker

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


# A function of the project: module, scope
Function = tuple[int, int]


class Reach(NamedTuple):
    """An operation that a function runs, and the calls that lead to it: (module, row), outermost first.

    ``cached``: a decorator or the code keeps what it gives; ``kept``: so does the code, on the object that is asked.
    ``narrowed``: the collections that it runs on when it is come to so, where that is known to be fewer.
    """

    operation: Operation
    chain: tuple[tuple[int, int], ...]
    cached: bool = False
    kept: bool = False
    narrowed: tuple[Collection, ...] = ()

    @property
    def collections(self) -> tuple[Collection, ...]:
        return self.narrowed or self.operation.collections

    @property
    def collection(self) -> Collection | None:
        """The one collection it runs on; None when there are several, or the name is not known."""
        return the_one(self.collections)

    @property
    def target(self) -> str:
        """The collections in words."""
        return in_words(self.collections)


class CallGraph:
    """Which functions run operations of some kinds, found from the operations upwards, caller by caller.

    ``usual``: only on ways that lead through no ``except`` clause.
    """

    def __init__(
        self,
        link: Linker,
        operations: Sequence[Operation],
        kinds: Sequence[str] = ("read", "write"),
        *,
        usual: bool = False,
    ) -> None:
        self.link = link
        self.usual = usual
        self.operations = operations
        self.kinds = kinds

    @cached_property
    def _reach(self) -> dict[Function, dict[int, Reach]]:
        """For each function that runs operations, each of them by one of the shortest chains."""
        found: dict[Function, dict[int, Reach]] = {}
        for operation in self.operations:
            if operation.method.kind in self.kinds and not self._is_unusual(operation.module, operation.row):
                function = (operation.module, operation.scope)
                kept = kept_for(self.link.modules[operation.module], operation.scope, operation.context, operation.row)
                made = Reach(operation, (), kept == "all" or self._is_cached(function), kept == "object")
                found.setdefault(function, {})[id(operation)] = made
        level = {function: list(reaches.values()) for function, reaches in found.items()}
        while level:
            level = self._callers(level, found)
        return found

    def _callers(
        self, level: dict[Function, list[Reach]], found: dict[Function, dict[int, Reach]]
    ) -> dict[Function, list[Reach]]:
        """What the callers of the functions in ``level`` newly reach."""
        following: dict[Function, list[Reach]] = {}
        for function, reaches in level.items():
            for module, row, _ in self.link.sites.of(*function):
                call = self.link.of_module(calls_by_row, module)[row]
                caller = (module, call.scope)
                if module in self.link.tests and function[0] not in self.link.tests:
                    continue
                if self._is_unusual(module, row):
                    continue
                facts = self.link.modules[module]
                kept = kept_for(facts, call.scope, call.context, row)
                cached = kept == "all" or self._is_cached(caller)
                of = owner_of(facts, facts.nodes[row][1])
                for reach in reaches:
                    held = found.setdefault(caller, {})
                    if id(reach.operation) not in held:
                        made = Reach(
                            reach.operation,
                            ((module, row), *reach.chain),
                            cached or reach.cached or (reach.kept and of == "all"),
                            kept == "object" or (reach.kept and of == "object" and not makes_object(facts, call.scope)),
                        )
                        held[id(reach.operation)] = made
                        following.setdefault(caller, []).append(made)
        return following

    def _is_unusual(self, module: int, row: int) -> bool:
        return self.usual and row in self.link.of_module(_on_errors, module)

    @cached_property
    def _names(self) -> frozenset[str]:
        """Last names under which the functions that run operations can be called."""
        names = {"cls", "self"}
        for module, scope in self._reach:
            names.add(self.link.scope(module, scope).name)
            cls = self.link.method_class(module, scope)
            if cls is not None:
                names.update(self.link.scope(*c).name for c in (cls, *self.link.hierarchy.subclasses(cls)))
        return frozenset(names)

    def run_by_call(self, module: int, row: int) -> tuple[Reach, ...]:
        """The operations that the call at ``row`` runs through functions of the project."""
        _ = self.link.modules[module]  # what it calls may be asked
        names = self.link.of_module(functions.called_names, module).get(row, ())
        if not self._names.intersection(names):
            return ()
        found: dict[int, Reach] = {}
        for function in self.link.functions_called(module, row):
            for key, reach in self._reach.get((function.module, function.scope), {}).items():
                found.setdefault(key, reach)
        return tuple(found.values())

    def _is_cached(self, function: Function) -> bool:
        names = self.link.hierarchy.decorators(FunctionRef(*function))
        return any(name in _CACHING or "cache" in name or "memo" in name for name in names)


def _on_errors(facts: ModuleFacts, index: int) -> frozenset[int]:
    """The calls that stand in an ``except`` clause."""
    contexts = {c for c in range(len(facts.contexts)) if any(each.kind == "handler" for each in facts.chain(c))}
    return frozenset(call.row for call in facts.calls if call.context in contexts)
