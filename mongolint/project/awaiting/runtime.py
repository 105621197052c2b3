"""What an expression is while the program runs: a coroutine, a future, a cursor, or the driver's object itself.

For linking, a call of an asynchronous function is what awaiting it gives. Here it is the coroutine, until a row of
``await`` stands above it. What is not known for certain is None, so that nothing is claimed of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, Literal

from mongolint.facts.shapes import Row
from mongolint.fastclasses import NamedTuple
from mongolint.link import driver, functions
from mongolint.link.atoms import (
    ClassRef,
    Client,
    Collection,
    Cursor,
    Database,
    External,
    FunctionRef,
    Method,
    Session,
    Value,
    without_none,
)
from mongolint.mongo.awaiting import given

if TYPE_CHECKING:
    from mongolint.link.linker import Linker

# value: some other thing that is there at once and cannot be awaited
Kind = Literal[
    "coroutine", "future", "client", "database", "collection", "session", "cursor", "command-cursor", "value"
]
Made = tuple["Thing", ...]

_MAX_DEPTH = 12
# Decorators after which an `async def` still gives a coroutine when it is called, and a `def` what it returns
_PLAIN = frozenset(["staticmethod", "classmethod", "override", "final", "typechecked", "validate_call", "wraps"])
_OBJECTS: dict[type, Kind] = {Client: "client", Database: "database", Collection: "collection", Session: "session"}
_RESULTS: dict[str, Kind] = {
    "cursor": "cursor",
    "command-cursor": "command-cursor",
    "collection": "collection",
    "database": "database",
    "client": "client",
    "session": "session",
}


class Thing(NamedTuple):
    """One of the things that an expression can be.

    ``module, row``: the call that gives it, if one is known. A coroutine or future is of a driver's ``method`` on
    ``receiver``, or of a ``function`` of the project. ``flavour`` is the driver's: sync, async or motor.
    """

    kind: Kind
    module: int
    row: int
    flavour: str = ""
    method: str = ""
    receiver: Any = None
    function: FunctionRef | None = None

    @property
    def is_pending(self) -> bool:
        return self.kind in ("coroutine", "future")


class Runtime:
    """Answers what expressions are."""

    def __init__(self, link: Linker) -> None:
        self.link = link
        self._active: set[tuple[int, int]] = set()
        # Whether the question under way has met itself, or went too deep: asked by itself it may come out otherwise
        self._cut = False

    def of(self, module: int, row: int) -> Made | None:
        """The things that the expression at ``row`` can be; None where it may be something else."""
        question = ("is there", module, row)
        if not self._active:
            return self.link.study(question, lambda: self._of(module, row))
        kept = self.link.recall(question)
        return kept[0] if kept else self._of(module, row)

    def _of(self, module: int, row: int) -> Made | None:
        key = (module, row)
        if key in self._active or len(self._active) > _MAX_DEPTH:
            self._cut = True
            return None
        self._active.add(key)
        outer, self._cut = self._cut, False
        try:
            found = self._evaluate(module, row)
        finally:
            self._active.discard(key)
        if self._active and (found is not None or not self._cut):
            self.link.tell(("is there", *key), found)
        self._cut = bool(self._active) and (outer or self._cut)
        return found

    def all(self, module: int, rows: Iterable[int]) -> Made | None:
        """The things that one of several expressions can be."""
        return self.of_all([(module, row) for row in rows])

    def of_all(self, places: Iterable[tuple[int, int]]) -> Made | None:
        """The things that one of several expressions can be, in any modules."""
        found: dict[Thing, None] = {}
        for module, row in places:
            made = self.of(module, row)
            if made is None:
                return None
            found.update(dict.fromkeys(made))
        return tuple(found) or None

    def pending(self, module: int, row: int) -> Made | None:
        """The coroutines and futures that an expression is, if it can be nothing else."""
        made = self.of(module, row)
        return made if made and all(thing.is_pending for thing in made) else None

    def is_of_pending(self, module: int, row: int) -> bool:
        """Whether an expression is taken from something that has to be awaited first, however far below."""
        node = self.link.node(module, row)
        while node[0] in ("attr", "item", "call"):
            made = self.of(module, node[1])
            if made is not None and any(thing.is_pending for thing in made):
                return True
            node = self.link.node(module, node[1])
        return False

    def awaited(self, thing: Thing) -> Made | None:
        """What awaiting a coroutine or future gives; nothing else can be awaited."""
        if not thing.is_pending:
            return None
        if thing.function is not None:
            return self.returned(thing.function)
        kind = _RESULTS.get(driver.methods_of(thing.receiver)[thing.method].returns, "value")
        return (Thing(kind, thing.module, thing.row, thing.flavour),)

    def returned(self, function: FunctionRef) -> Made | None:
        """What the body of a function returns, but for None."""
        nodes = self.link.modules[function.module].nodes
        scope = self.link.scope(function.module, function.scope)
        return self.all(function.module, [row for row, _ in scope.returns if nodes[row] != ("const", None)])

    def _evaluate(self, module: int, row: int) -> Made | None:
        node = self.link.node(module, row)
        handler = _HANDLERS.get(node[0])
        return handler(self, module, row, node) if handler else self._object(module, row)

    def _object(self, module: int, row: int) -> Made | None:
        """A driver object, by what linking says."""
        return self._objects(module, row, self.link.value(module, row))

    def _objects(self, module: int, row: int, value: Value) -> Made | None:
        found: dict[Thing, None] = {}
        for atom in without_none(value):
            kind = _OBJECTS.get(type(atom))
            if kind is None:
                return None
            found[Thing(kind, module, row, flavour_of(atom))] = None
        return tuple(found) or None

    # Rows

    def _await(self, module: int, row: int, node: Row) -> Made | None:
        inner = self.of(module, node[1])
        if inner is None:
            return self._object(module, row)
        found = [self.awaited(thing) for thing in inner]
        return None if None in found else tuple(dict.fromkeys(t for made in found for t in made or ()))

    def _choice(self, module: int, row: int, node: Row) -> Made | None:
        return self.all(module, node[1] if node[0] == "phi" else node[2:4])

    def _param(self, module: int, row: int, node: Row) -> Made | None:
        made = self._cursor_by_type(module, row)
        if made is None and any(type(atom) is Cursor for atom in self.link.value(module, row)):
            passed = self._passed(module, node[1], node[2])
            made = self.of_all(passed) if passed else None
        return made

    def _passed(self, module: int, index: int, name: str) -> list[tuple[int, int]] | None:
        """What all calls of a function pass for a parameter; None where one of them does not show it."""
        scope = self.link.scope(module, index)
        params = [param.name for param in scope.params if param.kind == "positional"]
        found: list[tuple[int, int]] = []
        for site, row, target in self.link.sites.of(module, index):
            names = params[1:] if target.receiver is not None and not self.link.hierarchy.is_static(target) else params
            args, complete = functions.arguments(self.link, site, row, None)
            rows = [(arg.keyword, arg.row) for arg in args if arg.row is not None]
            if not complete or len(rows) < len(args):
                return None
            given_by_name = [given_row for keyword, given_row in rows if keyword == name]
            positional = [given_row for keyword, given_row in rows if keyword is None]
            position = names.index(name) if name in names else len(positional)
            found += [(site, each) for each in given_by_name or positional[position : position + 1]]
        return found or None

    def _entered(self, module: int, row: int, node: Row) -> Made | None:
        made = self.of(module, node[1])
        return made if _are_cursors(made) else self._object(module, row)

    def _typed(self, module: int, row: int, node: Row) -> Made | None:
        return self.of(module, node[2]) if node[2] is not None else self._cursor_by_type(module, row)

    def _cursor_by_type(self, module: int, row: int) -> Made | None:
        """A driver object or cursor that an annotation promises."""
        value = without_none(self.link.value(module, row))
        if value and all(type(atom) is Cursor and atom.row < 0 for atom in value):
            return tuple(Thing(atom.kind, module, row, atom.flavour) for atom in value)
        return self._objects(module, row, value)

    def _member(self, module: int, row: int, node: Row) -> Made | None:
        """An attribute or an item: a database or collection, unless it is taken from what is not there yet."""
        return None if self.is_of_pending(module, row) else self._object(module, row)

    def _name(self, module: int, row: int, node: Row) -> Made | None:
        """A global name, here or in another module: what it is bound to, where that is one thing."""
        if node[0] == "from":
            path = self.link.imports.resolve(self.link.modules[module].path, node[1], node[3])
            source = self.link.number.get(path) if path is not None else None
            scope = None if source is None else self.link.scope(source, 0)
        else:
            source, scope = module, self.link.scope(module, 0)
            if self._is_of_a_function(module, node):
                return self._object(module, row)
        if source is None or scope is None or node[2] not in scope.final:
            return self._object(module, row)
        bound = dict.fromkeys([scope.final[node[2]], *scope.defs.get(node[2], ())])
        made = self.of(source, next(iter(bound))) if len(bound) == 1 else None
        return made or self._object(module, row)

    def _is_of_a_function(self, module: int, node: Row) -> bool:
        scope = self.link.scope(module, node[1])
        while scope.index > 0:
            if scope.kind != "class" and node[2] in scope.defs:
                return True
            scope = self.link.scope(module, scope.parent)
        return False

    # Calls

    def _call(self, module: int, row: int, node: Row) -> Made | None:
        found: dict[Thing, None] = {}
        for atom in self.link.value(module, node[1]):
            made = self._called(atom, module, row, node)
            if made is None:
                return None
            found.update(dict.fromkeys(made))
        return tuple(found) or None

    def _called(self, atom: Any, module: int, row: int, node: Row) -> Made | None:
        if type(atom) is Method:
            return self._method(atom, module, row, node)
        if type(atom) is FunctionRef:
            return self._function(atom, module, row)
        if type(atom) is External:
            made = driver.constructed(self.link, atom.name, module, row, None)
            return None if made is None else self._objects(module, row, (made,))
        return self._object(module, row) if type(atom) is ClassRef else None

    def _method(self, atom: Method, module: int, row: int, node: Row) -> Made | None:
        receiver = atom.receiver
        if type(receiver) not in (Client, Database, Collection, Cursor, Session):
            return None
        if self.is_of_pending(module, row):
            return None
        function = self.link.node(module, node[1])
        base = self.of(module, function[1]) if function[0] == "attr" else None
        if type(receiver) is Cursor and not _are_cursors(base):
            return None
        flavour = flavour_of(receiver)
        kind = given(flavour, driver.role_of(receiver), atom.name)
        if kind is None:
            return None
        if kind != "value":
            return (Thing(kind, module, row, flavour, atom.name, receiver),)
        if type(receiver) is Cursor and driver.methods_of(receiver)[atom.name].kind == "cursor-step":
            return base
        result = _RESULTS.get(driver.methods_of(receiver)[atom.name].returns, "value")
        return (Thing(result, module, row, flavour, atom.name, receiver),)

    def _function(self, function: FunctionRef, module: int, row: int) -> Made | None:
        hierarchy = self.link.hierarchy
        scope = self.link.scope(function.module, function.scope)
        if scope.yields or hierarchy.decorators(function) - _PLAIN:
            return None
        if hierarchy.is_abstract(function):
            return None
        if scope.is_async:
            return (Thing("coroutine", module, row, function=function._replace(env=None)),)
        made = self.returned(function)
        if made is None:
            return None
        return tuple(
            dict.fromkeys(Thing(t.kind, module, row, t.flavour, t.method, t.receiver, t.function) for t in made)
        )


def flavour_of(atom: Any) -> str:
    """Which driver an object is of.

    The synchronous one only where the client is known: annotations often name its classes for those of the others.
    """
    held = atom.database if type(atom) is Collection else atom
    client = held.client if type(held) is Database else held
    is_made = type(client) is Client and client.row >= 0
    if held.flavour == "sync" and not is_made and type(held) in (Client, Database):
        return "unknown"
    return str(held.flavour)


def _are_cursors(made: Made | None) -> bool:
    return made is not None and all(thing.kind in ("cursor", "command-cursor") for thing in made)


_HANDLERS: dict[str, Callable[[Runtime, int, int, Row], Made | None]] = {
    "await": Runtime._await,
    "phi": Runtime._choice,
    "ifexp": Runtime._choice,
    "typed": Runtime._typed,
    "param": Runtime._param,
    "ctx": Runtime._entered,
    "attr": Runtime._member,
    "item": Runtime._member,
    "free": Runtime._name,
    "from": Runtime._name,
    "call": Runtime._call,
}
