"""Which operations a call runs, through helpers and methods at any depth."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from mongolint.facts.shapes import ModuleFacts
from mongolint.fastclasses import NamedTuple
from mongolint.link import functions
from mongolint.link.atoms import Collection, FunctionRef
from mongolint.link.states.memory import held, held_by
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


class _CallOf(NamedTuple):
    """A call of a function, in ``caller``.

    ``cached``: its result is kept for the next call. ``kept``: on an object, which ``makes_object`` says that the
    caller makes. ``of``: what the function belongs to (`owner_of`).
    """

    place: tuple[int, int]
    caller: Function
    cached: bool
    kept: bool
    of: str
    makes_object: bool


class CallGraph:
    """Which functions run operations of some kinds, found from the operations upwards, caller by caller.

    ``usual``: only on ways that lead through no ``except`` clause.
    """

    def __init__(
        self,
        link: Linker,
        operations: Callable[[], Sequence[Operation]],
        kinds: Sequence[str] = ("read", "write"),
        *,
        usual: bool = False,
    ) -> None:
        self.link = link
        self.usual = usual
        self.operations = operations
        self.kinds = kinds

    @held
    def _reach(self) -> dict[Function, dict[int, Reach]]:
        """For each function that runs operations, each of them by one of the shortest chains."""
        found: dict[Function, dict[int, Reach]] = {}
        for operation in self.operations():
            own = self._own(operation) if operation.method.kind in self.kinds else None
            if own is not None:
                found.setdefault((operation.module, operation.scope), {})[id(operation)] = own
        level = {function: list(reaches.values()) for function, reaches in found.items()}
        while level:
            level = self._callers(level, found)
        return found

    @held_by
    def _own(self, operation: Operation) -> Reach | None:
        """An operation as its own function runs it; None where that does not count."""
        if self._is_unusual(operation.module, operation.row):
            return None
        kept = kept_for(self.link.modules[operation.module], operation.scope, operation.context, operation.row)
        is_cached = kept == "all" or self._is_cached((operation.module, operation.scope))
        return Reach(operation, (), is_cached, kept == "object")

    def _callers(
        self, level: dict[Function, list[Reach]], found: dict[Function, dict[int, Reach]]
    ) -> dict[Function, list[Reach]]:
        """What the callers of the functions in ``level`` newly reach."""
        following: dict[Function, list[Reach]] = {}
        for function, reaches in level.items():
            for call in self._calls_of(*function):
                for reach in reaches:
                    held = found.setdefault(call.caller, {})
                    if id(reach.operation) not in held:
                        made = Reach(
                            reach.operation,
                            (call.place, *reach.chain),
                            call.cached or reach.cached or (reach.kept and call.of == "all"),
                            call.kept or (reach.kept and call.of == "object" and not call.makes_object),
                        )
                        held[id(reach.operation)] = made
                        following.setdefault(call.caller, []).append(made)
        return following

    @held_by
    def _calls_of(self, module: int, scope: int) -> list[_CallOf]:
        """The calls of a function that count."""
        found = []
        for at, row, _ in self.link.sites.of(module, scope):
            if (at in self.link.tests and module not in self.link.tests) or self._is_unusual(at, row):
                continue
            facts, call = self.link.modules[at], self.link.of_module(calls_by_row, at)[row]
            kept, of = kept_for(facts, call.scope, call.context, row), owner_of(facts, facts.nodes[row][1])
            cached = kept == "all" or self._is_cached((at, call.scope))
            makes = of == "object" and makes_object(facts, call.scope)
            found.append(_CallOf((at, row), (at, call.scope), cached, kept == "object", of, makes))
        return found

    def _is_unusual(self, module: int, row: int) -> bool:
        return self.usual and row in self.link.of_module(_on_errors, module)

    @held
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
        if not any(map(self._may_run, names)):
            return ()
        found: dict[int, Reach] = {}
        for function in self.link.functions_called(module, row):
            for key, reach in self.run_by(function.module, function.scope).items():
                found.setdefault(key, reach)
        return tuple(found.values())

    @held_by
    def run_by(self, module: int, scope: int) -> dict[int, Reach]:
        """The operations that a function runs, by their ids."""
        return self._reach.get((module, scope), {})

    @held_by
    def _may_run(self, name: str) -> bool:
        """Whether a function that runs operations can be called under a name."""
        return name in self._names

    def _is_cached(self, function: Function) -> bool:
        names = self.link.hierarchy.decorators(FunctionRef(*function))
        return any(name in _CACHING or "cache" in name or "memo" in name for name in names)


def _on_errors(facts: ModuleFacts, index: int) -> frozenset[int]:
    """The calls that stand in an ``except`` clause."""
    contexts = {c for c in range(len(facts.contexts)) if any(each.kind == "handler" for each in facts.chain(c))}
    return frozenset(call.row for call in facts.calls if call.context in contexts)
