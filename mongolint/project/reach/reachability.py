"""What makes a function run: the start of the application, a request, a script, nothing; and by which calls."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Literal

from mongolint.facts.shapes import ModuleFacts
from mongolint.fastclasses import NamedTuple
from mongolint.link.atoms import FunctionRef
from mongolint.link.states.memory import held, held_by
from mongolint.project.entrypoints import Entrypoints, Kind
from mongolint.project.reach.feasible import Feasible
from mongolint.project.reach.loading import Loading
from mongolint.project.reach.once import is_each_time, is_kept
from mongolint.project.reach.routes import Routes
from mongolint.project.reach.uses import Use, Uses, own_name

if TYPE_CHECKING:
    from mongolint.config import Config
    from mongolint.link.linker import Linker

# A function: module, scope
Function = tuple[int, int]
# app: the application runs it, when it starts or later; script: only a script or command that a person runs;
# nothing: no code runs it; unknown: somebody may whom the model does not see
Runner = Literal["app", "script", "nothing", "unknown"]
_MAX_CALLERS = 5
_REQUESTS: tuple[Kind, ...] = ("request", "event")
# What a chat's client calls when it starts, and each time that it has lost its connection
_AT_EACH_CONNECTION = frozenset(["on_ready", "on_connect"])
_MAKING_ONCE = ("add_middleware", "Middleware")
_BY_THE_APP = ("start", "request", "event", "task")


class Reached(NamedTuple):
    """Who runs a function.

    ``by``: the scripts and commands that do, as (module, function), 0 for a file's own code; the calls that lead
    there are ``path``, from the outermost, as (module, row). ``callers``: all functions that lead to it.
    """

    runner: Runner
    by: tuple[Function, ...] = ()
    path: tuple[tuple[int, int], ...] = ()
    callers: tuple[Function, ...] = ()


class RequestPath(NamedTuple):
    """How a request reaches a function: its handler, and the calls from there, outermost first, as (module, row).

    ``kind``: request or event, or what else was asked for. ``route``: the path that the handler serves, where it is
    spelled out.
    """

    handler: Function
    kind: Kind
    route: str
    calls: tuple[tuple[int, int], ...]


class Requests(NamedTuple):
    """``number``: of the handlers that reach a function; ``before_all``: what stands before all of them and does."""

    number: int
    before_all: Function | None


class Reachability:
    """Answers what runs a function."""

    def __init__(self, link: Linker, config: Config, makes_clients: Callable[[], bool]) -> None:
        self.link = link
        self.makes_clients = makes_clients
        self.uses = Uses(link)
        self.entrypoints = Entrypoints(link, self.uses)
        self.loading = Loading(link, config, self.entrypoints)
        self.feasible = Feasible(link)
        self.routes = Routes(link)

    # By whom

    def reached(self, module: int, scope: int, context: int = 0) -> Reached:
        """Who runs a function, or with ``scope`` 0 the place of a module's own code that stands in ``context``."""
        if scope == 0:
            return self._of_module(module, context)
        return self._search(module, scope)

    def _of_module(self, module: int, context: int) -> Reached:
        loaded = self.loading.of(module, context)
        return Reached(loaded.runner, ((loaded.by, 0),) if loaded.runner == "script" else ())

    @held_by
    def _search(self, module: int, scope: int) -> Reached:
        """From the function upwards, until one is found that the application runs."""
        start = (module, scope)
        calls: dict[Function, tuple[tuple[int, int], ...]] = {start: ()}
        scripts: dict[Function, tuple[tuple[int, int], ...]] = {}
        level = [start]
        is_unknown = False
        while level:
            following: list[Function] = []
            for function in level:
                for runner, by, row in self._runners(*function):
                    if runner == "app":
                        return Reached("app")
                    is_unknown = is_unknown or runner == "unknown"
                    path = (row, *calls[function]) if row is not None else calls[function]
                    if runner == "script":
                        scripts.setdefault(by, path)
                    elif runner == "call" and by not in calls:
                        calls[by] = path
                        following.append(by)
            level = following
        callers = tuple(function for function in calls if function != start)
        if is_unknown:
            return Reached("unknown", callers=callers)
        return self._judged(scripts, callers)

    def is_ruled_out(self, module: int, scope: int, row: int) -> bool:
        """Whether what every call of a function passes, its defaults too, rules out the way to a row of it."""
        uses = [use for use in self.uses.of(module, scope) if use.module not in self.link.tests]
        if not uses or self.entrypoints.of(module, scope) is not None:
            return False
        return not any(self._gets_to(use, (module, scope), row) for use in uses)

    def _judged(self, scripts: dict[Function, tuple[tuple[int, int], ...]], callers: tuple[Function, ...]) -> Reached:
        if scripts:
            first = min(scripts, key=lambda by: (self.link.modules[by[0]].path, by[1]))
            runner: Runner = "script" if self.loading.has_start else "unknown"
            return Reached(runner, tuple(scripts), scripts[first], callers)
        # A library leaves it to others what runs; one that makes its own client is none
        is_whole = self.loading.has_start or self.makes_clients()
        return Reached("nothing" if is_whole else "unknown", callers=callers)

    def _runners(
        self, module: int, scope: int
    ) -> Iterator[tuple[Literal["app", "script", "unknown", "call"], Function, tuple[int, int] | None]]:
        """What runs a function: a judgement, or a function or script that does, with the row of its call."""
        here = (module, scope)
        is_script = self.loading.is_script(module)
        entry = self.entrypoints.of(module, scope)
        if entry is not None:
            is_start = entry.kind == "command" and (
                not self.loading.has_application or self.loading.is_serving(module, scope)
            )
            if entry.kind in _BY_THE_APP or is_start:
                yield "app", here, None
            elif entry.kind == "command" or is_script:
                yield "script", here if entry.kind == "command" else (module, 0), None
            else:
                yield "unknown", here, None
        if self.entrypoints.is_factory(module, scope):
            yield "app", here, None
        uses = self.uses.of(module, scope)
        if entry is not None and entry.kind == "command":
            # Its name is that of an object of the command line: ``request.user`` is no call of the command ``user``
            uses = [use for use in uses if use.certain]
        for use in uses:
            registered = self.entrypoints.registered(use)
            if registered is not None and registered.kind in _BY_THE_APP:
                yield "app", here, None
            elif registered is not None and registered.kind == "command":
                continue  # as its decorator says
            elif use.scope:
                yield "call", (use.module, use.scope), (use.module, use.row)
            else:
                context = self.uses.parents(use.module).context(use.row)
                loaded = self.loading.of(use.module, context)
                yield loaded.runner, (loaded.by, 0), (use.module, use.row)
        if entry is None and not uses:
            if is_script:
                yield "script", (module, 0), None
            elif self.entrypoints.is_conventional(module, scope):
                yield "app" if self.loading.starts(module) else "unknown", here, None
            elif (module, scope) in self._mentioned or self._is_loaded_elsewhere(module, scope):
                yield "unknown", here, None

    def _is_loaded_elsewhere(self, module: int, scope: int) -> bool:
        """Whether a method may be that of a plug-in: no code makes its class, which then settings may name.

        A class that is named after indexes is no plug-in.
        """
        cls = self.link.method_class(module, scope)
        if cls is None or "index" in self.link.scope(*cls).name.lower():
            return False
        return not self.uses.are_made(cls)

    @held
    def _mentioned(self) -> set[Function]:
        """The functions that strings outside of tests name: for ``getattr``, in the settings of a framework."""
        texts = {
            text.rpartition(":")[2].rpartition(".")[2]
            for module in range(len(self.link.modules))
            if module not in self.link.tests
            for text in self.link.of_module(_texts, module)
        }
        return {
            (module, scope)
            for module in range(len(self.link.modules))
            for name, scope in self.link.of_module(_functions, module)
            if name in texts
        }

    def outermost(self, module: int, scope: int) -> Function:
        """The function that makes all the indexes of its kind: from one that makes some up through its callers.

        A caller counts that is the only one outside of scripts, and is named after indexes, or its class is.
        """
        current = (module, scope)
        for _ in range(_MAX_CALLERS):
            uses = [use for use in self.uses.of(*current) if use.module not in self.link.tests]
            callers = {(use.module, use.scope) for use in uses if use.scope and not self.loading.is_script(use.module)}
            caller = next(iter(callers)) if len(callers) == 1 else current
            cls = self.link.method_class(*caller)
            name = self.link.scope(*caller).name + (self.link.scope(*cls).name if cls is not None else "")
            if caller == current or "index" not in name.lower():
                break
            current = caller
        return current

    def is_start_only(self, module: int, scope: int, row: int | None) -> bool:
        """Whether nothing but the start of the application comes to a row of a function, and once only.

        Without ``row``, to the function.

        What may do so unseen, or again and again, counts as if it did.
        """
        start = (module, scope)
        rows, pending, is_started = {start: row}, [start], False
        while pending:
            function = pending.pop()
            at = rows[function]
            context = self.uses.parents(function[0]).context(at) if at is not None else 0
            if any(each.kind == "loop" for each in self.link.modules[function[0]].chain(context)):
                return False
            for runner, caller, call in self._starting(*function):
                if runner == "other":
                    return False
                is_started = is_started or runner == "start"
                if call is not None and caller not in rows:
                    rows[caller] = call
                    pending.append(caller)
        return is_started

    def _starting(
        self, module: int, scope: int
    ) -> Iterator[tuple[Literal["start", "call", "other"], Function, int | None]]:
        """What runs a function: the start, another function with the row of its call, or anything else."""
        entry = self.entrypoints.of(module, scope)
        uses = [use for use in self.uses.of(module, scope) if use.module not in self.link.tests]
        if not scope or (entry is None and not uses):
            yield "other", (module, scope), None
        elif entry is not None:
            is_again = self.link.scope(module, scope).name in _AT_EACH_CONNECTION
            is_start = entry.kind == "start" and not is_again and not self.entrypoints.is_periodic(module, scope)
            yield "start" if is_start else "other", (module, scope), None
        for use in uses:
            registered = self.entrypoints.registered(use)
            is_run = use.called or (registered is not None and registered.kind == "run")
            if registered is not None and registered.kind == "start":
                yield "start", (use.module, use.scope), None
            elif use.certain and use.scope and is_run:
                yield "call", (use.module, use.scope), use.row
            else:
                yield "other", (use.module, use.scope), None

    # By requests

    def request_path(
        self,
        module: int,
        scope: int,
        *,
        each: bool = False,
        kinds: tuple[Kind, ...] = _REQUESTS,
        row: int | None = None,
    ) -> RequestPath | None:
        """The shortest way by which a request reaches a function; None where none is known.

        Args:
            each: only ways that every request takes, without a kept result or a flag in between.
            kinds: what counts as a request.
            row: the call in the function that it has to get to.
        """
        return self._search_request((module, scope), each, kinds, row)

    @held_by
    def _search_request(
        self, start: Function, each: bool, kinds: tuple[Kind, ...], row: int | None
    ) -> RequestPath | None:
        calls: dict[Function, tuple[tuple[int, int], ...]] = {start: ()}
        level = [start]
        while level:
            following: list[Function] = []
            for function in level:
                if each and is_kept(self.link, *function):
                    continue
                entry = self._requested(function, kinds)
                if entry is not None:
                    return RequestPath(function, *entry, calls[function])
                for use in self._certain(function):
                    caller = (use.module, use.scope)
                    if caller in calls or (each and not self._is_each_time(use)):
                        continue
                    if not self._gets_to(use, function, calls[function][0][1] if calls[function] else row):
                        continue
                    calls[caller] = ((use.module, use.row), *calls[function])
                    following.append(caller)
            level = following
        return None

    def requests(self, module: int, scope: int, row: int | None = None) -> Requests:
        """How many handlers surely reach a function, with those that name a dependency which does.

        Args:
            row: the call in the function that has to be got to.
        """
        start = (module, scope)
        rows: dict[Function, int | None] = {start: row}
        pending, found = [start], set[Function]()
        before: Function | None = None
        while pending:
            function = pending.pop()
            if before is None and self.entrypoints.is_of_every_request(*function):
                before = function
            entry = self.entrypoints.of(*function)
            if entry is not None and entry.kind in _REQUESTS:
                found.add(function)
            dependents = [self._defaults.get((use.module, use.row)) for use in self.uses.of(*function) if use.certain]
            callers = {each: None for each in dependents if each is not None}
            certain = (use for use in self._certain(function) if self._is_only(use))
            uses = [use for use in certain if self._gets_to(use, function, rows[function])]
            for caller, call in {**callers, **{(use.module, use.scope): use.row for use in uses}}.items():
                if caller not in rows:
                    rows[caller] = call
                    pending.append(caller)
        return Requests(len(found), before)

    def _is_only(self, use: Use) -> bool:
        """Whether a use calls no other function as well: of what several classes have, who calls which is not known."""
        node = self.link.node(use.module, use.row)
        if not use.called or node[0] != "call":
            return True
        return sum(type(atom) is FunctionRef for atom in self.link.value(use.module, node[1])) <= 1

    @held
    def _defaults(self) -> dict[tuple[int, int], Function]:
        """By the call that is the default of a parameter, the function: ``user=Depends(current_user)``."""
        return {
            (module, default): (module, scope)
            for module in range(len(self.link.modules))
            if module not in self.link.tests
            for default, scope in self.link.of_module(_called_defaults, module)
        }

    def _requested(self, function: Function, kinds: tuple[Kind, ...]) -> tuple[Kind, str] | None:
        """Kind and route, where requests run a function directly."""
        entries = [self.entrypoints.of(*function)]
        uses = [use for use in self.uses.of(*function) if use.certain and not self._is_made_once(function, use)]
        entries += [self.entrypoints.registered(use) for use in uses]
        for entry in entries:
            if entry is not None and entry.kind in kinds:
                return entry.kind, entry.route
        return None

    def _is_made_once(self, function: Function, use: Use) -> bool:
        """Whether a use makes an object of the class of a constructor only once: middleware, when it starts."""
        facts = self.link.modules[use.module]
        node = facts.nodes[use.row]
        is_made = self.link.scope(*function).name in ("__init__", "__new__")
        return is_made and node[0] == "call" and own_name(facts, node[1]) in _MAKING_ONCE

    def _certain(self, function: Function) -> Iterator[Use]:
        """The uses that run a function for certain, in other functions."""
        is_test = function[0] in self.link.tests
        for use in self.uses.of(*function):
            if use.certain and use.scope and (is_test or use.module not in self.link.tests):
                registered = self.entrypoints.registered(use)
                if use.called or (registered is not None and registered.kind == "run"):
                    yield use

    def _gets_to(self, use: Use, function: Function, row: int | None) -> bool:
        """Whether a use of a function may come to a row of it."""
        if row is None or not use.called:
            return True
        context = self.uses.parents(function[0]).context(row)
        return self.feasible.may_reach((use.module, use.row), function, row, context)

    def _is_each_time(self, use: Use) -> bool:
        context = self.uses.parents(use.module).context(use.row)
        return is_each_time(self.link, use.module, use.scope, use.row, context)


def _texts(facts: ModuleFacts, index: int) -> list[str]:
    """The strings of a module that may name something, what it exports left out."""
    exported = facts.scopes[0].final.get("__all__")
    exports = set(_strings_of(facts, exported)) if exported is not None else set()
    texts = (node[1] for _, node in facts.of_kind("const") if type(node[1]) is str and node[1] not in exports)
    return [text for text in texts if text.replace(".", "").replace(":", "").isidentifier()]


def _functions(facts: ModuleFacts, index: int) -> list[tuple[str, int]]:
    return [(scope.name, scope.index) for scope in facts.scopes if scope.kind == "function"]


def _called_defaults(facts: ModuleFacts, index: int) -> list[tuple[int, int]]:
    """The calls that are defaults of parameters, each with the function."""
    return [
        (param.default, scope.index)
        for scope in facts.scopes
        for param in scope.params
        if param.default is not None and facts.nodes[param.default][0] == "call"
    ]


def _strings_of(facts: ModuleFacts, row: int) -> Iterator[str]:
    """The strings of a list, put together by ``+`` and ``+=`` or of one."""
    kind, *parts = facts.nodes[row]
    if kind == "binop":
        yield from (text for part in parts[1:] for text in _strings_of(facts, part))
    elif kind == "seq":
        yield from (str(facts.nodes[each][1]) for each in parts[1] if facts.nodes[each][0] == "const")
