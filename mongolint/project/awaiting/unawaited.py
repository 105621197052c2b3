"""Coroutines and futures that are used as if they had been awaited."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from mongolint.facts.shapes import Call, ModuleFacts, Nodes, Row, Use
from mongolint.fastclasses import NamedTuple
from mongolint.link.atoms import External, ExternalObject, FunctionRef
from mongolint.link.rowtools import alternatives
from mongolint.link.states.memory import held, held_by
from mongolint.mongo.awaiting import COROUTINE_NAMES, FUTURE_NAMES, PENDING_NAMES, given
from mongolint.mongo.drivers import FILES
from mongolint.mongo.methods import TABLES
from mongolint.project.awaiting.iteration import BUILTINS
from mongolint.project.entrypoints import words
from mongolint.project.reach.uses import own_name

if TYPE_CHECKING:
    from mongolint.project.awaiting.runtime import Made, Runtime, Thing
    from mongolint.project.model import Project

# Builtins that want the value itself
_BUILTINS = BUILTINS | words("bool int float str print")
_ENCODERS = ("json.dumps", "flask.jsonify", "quart.jsonify", "flask.json.jsonify", "bson.json_util.dumps")
# Whoever asks what it has got may await it
_LOOKING = frozenset(["isawaitable", "iscoroutine", "isfuture", "isinstance"])


class Misuse(NamedTuple):
    """One use that only the awaited value bears.

    ``kind``: dropped, unused, attribute, item, test, comparison, operation, text, iteration, async-iteration, with,
    argument, returned (as a response), returned-to (a caller that awaits the function around). ``row``: the row that
    uses it, for returned-to the call in ``module``. ``use``: where, if that is a test or an iteration. ``name``: that
    of the attribute or function.
    """

    kind: str
    row: int
    use: Use | None = None
    name: str = ""
    module: int = -1


class Unawaited(NamedTuple):
    """A call whose result has to be awaited and is not. ``results``: what awaiting gives, None if not known.

    ``outer``: the ``await`` around what is taken from it, as in ``await call().name``; ``is_misplaced``: that one
    belongs right before the call, because nothing else is to await.
    """

    module: int
    call: Call
    thing: Thing
    results: Made | None
    misuses: tuple[Misuse, ...]
    outer: int | None = None
    is_misplaced: bool = False

    @property
    def row(self) -> int:
        return self.call.row

    @property
    def gives_object(self) -> bool:
        """Whether awaiting gives a client, a database or a collection."""
        return (
            self.thing.function is not None
            and bool(self.results)
            and all(thing.kind in ("client", "database", "collection") for thing in self.results or ())
        )


class _Module:
    """How the rows of a module are used."""

    def __init__(self, project: Project, module: int) -> None:
        self.facts: ModuleFacts = project.modules[module]
        self.parents = project.reachability.uses.parents(module)
        self.uses: dict[int, list[Use]] = {}
        for use in self.facts.uses:
            self.uses.setdefault(use.row, []).append(use)
        self.async_loops = {loop.iterable for loop in self.facts.loops if loop.is_async}
        self.entered = {context.ref for context in self.facts.contexts if context.kind == "with"}


def _giving(facts: ModuleFacts, index: int) -> tuple[set[str], list[tuple[str, set[str]]]]:
    """The functions that give a coroutine, and of the others which they call for what they return."""
    functions = [scope for scope in facts.scopes if scope.kind == "function" and not scope.yields]
    others = [(s.name, set(_called(facts, [row for row, _ in s.returns]))) for s in functions if not s.is_async]
    return {scope.name for scope in functions if scope.is_async}, others


class Search:
    """Finds them in a project."""

    def __init__(self, project: Project, runtime: Runtime) -> None:
        self.project = project
        self.runtime = runtime

    def find(self) -> Iterator[Unawaited]:
        for module in range(len(self.project.modules)):
            yield from self._in_module(module)

    @held_by
    def _in_module(self, module: int) -> list[Unawaited]:
        facts, every = self.project.modules[module], []
        for call in facts.calls:
            if call.awaited or own_name(facts, facts.nodes[call.row][1]) not in self.names:
                continue
            made = self.runtime.pending(module, call.row)
            if made and len({(t.kind, t.flavour, t.method) for t in made}) == 1:
                found = self._judge(module, call, made[0])
                if found is not None:
                    every.append(found)
        return every

    @held
    def names(self) -> frozenset[str]:
        """Last names of what may give a coroutine or future: of the driver, and of functions of the project."""
        found = set(PENDING_NAMES)
        waiting: list[tuple[str, set[str]]] = []
        for module in range(len(self.project.modules)):
            names, others = self.project.link.of_module(_giving, module)
            found |= names
            waiting += others
        for _ in range(3):
            found.update(name for name, called in waiting if called & found)
        return frozenset(found)

    @held_by
    def module(self, module: int) -> _Module:
        """How its rows are used."""
        return _Module(self.project, module)

    def _judge(self, module: int, call: Call, thing: Thing) -> Unawaited | None:
        if thing.function is not None and not self._matters(module, call.row, thing):
            return None
        if any(keyword == "callback" for keyword, _ in self.project.link.node(module, call.row)[2]):
            return None  # Motor before 2.0
        users = self._users(module, call.row)
        if users is None:
            return None
        misuses = tuple(self._misuses(module, call, thing, users))
        if not misuses:
            return None
        results = self.runtime.awaited(thing)
        outer, misplaced = self._outer(module, misuses, results) if len(misuses) == 1 else (None, False)
        return Unawaited(module, call, thing, results, misuses, outer, misplaced)

    def _matters(self, module: int, row: int, thing: Thing) -> bool:
        """Whether a function of the project runs operations, or gives something of the driver."""
        results = self.runtime.awaited(thing)
        if (results and all(t.kind != "value" for t in results)) or self.project.reach(module, row):
            return True
        return any(type(atom) is ExternalObject and atom.name in FILES for atom in self.project.link.value(module, row))

    def _users(self, module: int, row: int) -> list[int] | None:
        """The rows that use a value which can be nothing but pending; None where some way awaits it."""
        nodes, parents = self.module(module).facts.nodes, self.module(module).parents
        found: list[int] = []
        pending, seen = [(row, True)], {row}
        while pending:
            current, sure = pending.pop()
            if sure:
                found.append(current)
            for parent in parents.of.get(current, ()):
                node = nodes[parent]
                if node[0] == "await" or (node[0] == "call" and own_name_of(nodes, node[1]) in _LOOKING):
                    return None
                if node[0] in ("phi", "ifexp", "typed") and parent not in seen:
                    seen.add(parent)
                    pending.append((parent, sure and self.runtime.pending(module, parent) is not None))
        return found

    # Uses

    def _misuses(self, module: int, call: Call, thing: Thing, rows: list[int]) -> Iterator[Misuse]:
        if call.statement:
            yield Misuse("dropped", call.row)
            return
        here = self.module(module)
        for row in rows:
            for parent in here.parents.of.get(row, ()):
                yield from self._by_row(module, thing, row, parent)
            for use in here.uses.get(row, ()):
                if use.kind != "other":
                    yield Misuse("test" if use.kind == "test" else "iteration", row, use)
            if row in here.async_loops:
                yield Misuse("async-iteration", row)
            if row in here.entered:
                yield Misuse("with", row)
            if self._is_answered(module, row):
                yield Misuse("returned", row)
            yield from self._by_callers(module, thing, row)
        if thing.kind == "coroutine" and self._is_unused(module, call, rows):
            yield Misuse("unused", call.row)

    def _by_callers(self, module: int, thing: Thing, row: int) -> Iterator[Misuse]:
        """What is done with it where an ``async def`` that returns it is awaited, if all callers await it just once."""
        found: list[Misuse] = []
        for scope, _ in self.module(module).parents.anchored(row):
            entry = self.project.modules[module].scopes[scope]
            if not entry.is_async or all(returned != row for returned, _ in entry.returns):
                continue
            for site, call, _ in self.project.link.sites.of(module, scope):
                used = self._misused_there(site, call, thing)
                if used is None:
                    return
                found += used
        yield from found[:1]

    def _misused_there(self, module: int, call: int, thing: Thing) -> list[Misuse] | None:
        """The misuses of what awaiting a call gives; None where that is awaited in turn, or handed on to be."""
        here = self.module(module)
        awaits = [parent for parent in here.parents.of.get(call, ()) if here.facts.nodes[parent][0] == "await"]
        found: list[Misuse] = []
        for row in awaits:
            users = self._users(module, row) if self.runtime.pending(module, row) else None
            if users is None:
                return None
            if any(entry.row == call and entry.statement for entry in here.facts.calls):
                found.append(Misuse("returned-to", call, module=module))
            for user in users:
                uses = [use for use in here.uses.get(user, ()) if use.kind != "other"]
                rows = [
                    p for parent in here.parents.of.get(user, ()) for p in self._by_row(module, thing, user, parent)
                ]
                if uses or rows:
                    found.append(Misuse("returned-to", call, module=module))
        return found

    def _by_row(self, module: int, thing: Thing, row: int, parent: int, calls: bool = True) -> Iterator[Misuse]:
        """What one row makes of it; without ``calls``, what functions do with it is not looked at."""
        facts = self.module(module).facts
        node = facts.nodes[parent]
        match node[0]:
            case "attr":
                own = FUTURE_NAMES if thing.kind == "future" else COROUTINE_NAMES
                if node[2] not in own and not node[2].startswith("__"):
                    yield Misuse("attribute", parent, name=node[2])
            case "item" if node[1] == row:
                yield Misuse("item", parent)
            case "compare" if self._is_compared(facts, node, row):
                yield Misuse("comparison", parent)
            case "binop":
                yield Misuse("text" if node[1] == "%" else "operation", parent)
            case "fstr":
                yield Misuse("text", parent)
            case "call" if calls:
                name = self._wants_value(module, node, row) or self._misused_by_callee(module, thing, node, row)
                if name:
                    yield Misuse("argument", parent, name=name)
            case "dict" | "seq":
                for above in self.module(module).parents.of.get(parent, ()):
                    name = self._encodes(module, facts.nodes[above]) if facts.nodes[above][0] == "call" else ""
                    if name:
                        yield Misuse("argument", above, name=name)
                if self._is_answered(module, parent):
                    yield Misuse("returned", parent)

    def _is_compared(self, facts: ModuleFacts, node: Row, row: int) -> bool:
        """Whether a comparison asks for the value, and not whether it is this very coroutine: ``future in done``."""
        _, operators, rows = node
        if operators[0] in ("Is", "IsNot"):
            return any(facts.nodes[other][0] == "const" for other in rows)
        return not (operators[0] in ("In", "NotIn") and rows[0] == row)

    def _wants_value(self, module: int, node: Row, row: int) -> str:
        """The function that is given the value, if it surely wants the value itself; ``**`` for keywords."""
        if any(keyword == "**" and given_row == row for keyword, given_row in node[2]):
            return "**"
        name = own_name(self.module(module).facts, node[1])
        if name in _BUILTINS and (External(f"builtins.{name}"),) == self.project.link.value(module, node[1]):
            return name
        return self._encodes(module, node)

    def _misused_by_callee(self, module: int, thing: Thing, node: Row, row: int) -> str:
        """The function of the project that is given it and uses it as if it had been awaited, if none else may be."""
        link = self.project.link
        functions = link.value(module, node[1])
        if row == node[1] or not functions or not all(type(atom) is FunctionRef for atom in functions):
            return ""
        for function in functions:
            place = self._parameter(node, row, function)
            users = self._users(function.module, place) if place is not None else None
            if users is None or not self._is_misused_there(function.module, thing, users):
                return ""
        return own_name(self.module(module).facts, node[1])

    def _is_misused_there(self, module: int, thing: Thing, rows: list[int]) -> bool:
        here = self.module(module)
        return any(
            next(self._by_row(module, thing, row, parent, calls=False), None) is not None
            for row in rows
            for parent in here.parents.of.get(row, ())
        )

    def _parameter(self, node: Row, row: int, function: FunctionRef) -> int | None:
        """The row of the parameter that an argument is passed for."""
        link = self.project.link
        scope = link.scope(function.module, function.scope)
        names = [param.name for param in scope.params if param.kind == "positional"]
        if function.receiver is not None and not link.hierarchy.is_static(function):
            names = names[1:]
        position, name = 0, ""
        for keyword, each in node[2]:
            if keyword in ("*", "**"):
                return None
            if each == row:
                name = keyword or (names[position] if position < len(names) else "")
            position += keyword is None
        bound = scope.defs.get(name) or [-1]
        is_own = bound[0] >= 0 and link.node(function.module, bound[0])[:2] == ("param", function.scope)
        return bound[0] if is_own else None

    def _encodes(self, module: int, node: Row) -> str:
        name = own_name(self.module(module).facts, node[1])
        if name not in ("dumps", "jsonify", "JSONResponse", "ORJSONResponse", "UJSONResponse"):
            return ""
        value = self.project.link.value(module, node[1])
        known = all(type(a) is External and (a.name in _ENCODERS or a.name.endswith("JSONResponse")) for a in value)
        return name if known and value else ""

    def _is_answered(self, module: int, row: int) -> bool:
        """Whether an ``async def`` that answers a request returns it, so that it is awaited once and no more."""
        for scope, _ in self.module(module).parents.anchored(row):
            entry = self.project.modules[module].scopes[scope]
            if entry.is_async and entry.decorators and any(returned == row for returned, _ in entry.returns):
                run_by = self.project.reachability.entrypoints.of(module, scope)
                if run_by is not None and run_by.kind == "request":
                    return True
        return False

    def _is_unused(self, module: int, call: Call, rows: list[int]) -> bool:
        """Whether it is bound to a local variable that nothing reads."""
        here = self.module(module)
        scope = here.facts.scopes[call.scope]
        names = [name for name, bound in scope.defs.items() if call.row in bound]
        if scope.kind != "function" or not names:
            return False
        if len(rows) > 1 or here.parents.of.get(call.row) or here.uses.get(call.row):
            return False
        if (
            call.row in here.entered
            or call.row in here.async_loops
            or any(True for _ in here.parents.anchored(call.row))
        ):
            return False
        return not any(node[2] in names for _, node in here.facts.of_kind("free"))

    # ``await call().name``

    def _outer(self, module: int, misuses: tuple[Misuse, ...], results: Made | None) -> tuple[int | None, bool]:
        """The ``await`` around the one thing that is taken from the value, and whether it is meant for the call."""
        misuse = misuses[0]
        if misuse.kind not in ("attribute", "item"):
            return None, False
        here = self.module(module)
        row, steps = misuse.row, [misuse.row]
        while True:
            above = here.parents.of.get(row, [])
            node = here.facts.nodes[above[0]] if len(above) == 1 else ("none",)
            if node[0] == "await":
                return above[0], not self._is_awaitable(steps, here.facts.nodes, results)
            if node[0] not in ("attr", "item", "call") or node[1] != row:
                return None, False
            row = above[0]
            steps.append(row)

    def _is_awaitable(self, steps: list[int], nodes: Nodes, results: Made | None) -> bool:
        """Whether what is taken from the value is itself something to await, as far as is known."""
        kinds = {(thing.kind, thing.flavour) for thing in results or ()}
        names = [nodes[row][2] for row in steps if nodes[row][0] == "attr"]
        if not kinds or nodes[steps[-1]][0] != "call" or not names:
            return not kinds
        if all(kind == "value" for kind, _ in kinds):
            return False
        return not all(kind in TABLES and self._end(kind, flavour, names) == "value" for kind, flavour in kinds)

    def _end(self, kind: str, flavour: str, names: list[str]) -> str | None:
        """What the last of several methods gives, each called on what the one before gives."""
        role = kind
        for name in names[:-1]:
            method = TABLES[role].get(name)  # type: ignore[index]
            if method is None:
                role = {"client": "database", "database": "collection", "collection": "collection"}.get(role, role)
            elif method.returns in TABLES:
                role = method.returns
            else:
                return None
        return given(flavour, role, names[-1])  # type: ignore[arg-type]


def own_name_of(nodes: Nodes, row: int) -> str:
    node = nodes[row]
    return str(node[2]) if node[0] in ("attr", "free", "from") else ""


def _called(facts: ModuleFacts, rows: list[int]) -> Iterator[str]:
    """Last names of what is called for the values of rows."""
    for row in rows:
        for each in alternatives(facts, row):
            node = facts.nodes[each]
            if node[0] == "call":
                yield own_name(facts, node[1])
