"""The shapes of a module's facts.

Every expression of a module is a row of one flat table (`ModuleFacts.nodes`); a row refers to others by
number. Local names are already followed: a use of a variable *is* the row of the value it holds there, a
``phi`` row where several assignments meet. What a table leaves open (globals, parameters, attributes,
imports) is answered by `mongolint.project`. Rows, tags first:

========================================== ==========================================================
``("const", value)``                       a literal str, bytes, int, float, bool or None
``("free", scope, name)``                  a name not bound in its function: closure, global, builtin
``("param", scope, name)``                 a parameter
``("attr", base, name)``                   attribute access
``("item", base, key)``                    subscription
``("slice", most | None)``                 the key of ``base[begin:end]``; how many it takes at most
``("call", function, args)``               args: pairs (keyword | None | "*" | "**", row)
``("dict", pairs)``                        pairs (key row | None for ``**``, value row)
``("seq", kind, rows)``                    kind list, tuple or set
``("fstr", rows)``                         f-string; literal parts are const rows
``("binop", operator, left, right)``       also augmented assignment
``("bool", operator, rows)``               and, or
``("not", row)``                           logical negation; other unary operators are unknown
``("compare", operators, rows)``           comparison chain
``("ifexp", test, then, otherwise)``       conditional expression
``("await", row)``                         await
``("func", scope)``, ``("class", scope)``  a definition; lambdas are functions
``("module", dotted)``                     ``import a.b`` binds ("module", "a")
``("from", module, name, level)``          ``from ..module import name``
``("phi", rows)``                          one of several values, by the path taken
``("iter", row)``                          an element met while iterating over the row
``("unpack", row, index, count)``          an element of an unpacked value
``("ctx", row)``                           what ``with row as name`` binds
``("setitem", base, key, value)``          base after ``base[key] = value``
``("delitem", base, key)``                 base after ``del base[key]``
``("setattr", base, name, value)``         ``base.name = value``; no value itself: it says when
``("mutated", base, call)``                base after a mutating method call (update, append, pop …)
``("comp", kind, rows)``                   comprehension; kind list, set, generator or dict
``("star", row)``                          ``*row``
``("typed", annotation, value | None)``    a value that carries an annotation
``("yield", row | None)``, ``("exc", …)``  sent value; caught exception
``("unknown",)``                           anything else
========================================== ==========================================================
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import field
from typing import Any

from mongolint.fastclasses import dataclass

Row = tuple[Any, ...]


# The rows of a module in order; by number, where there is room between the numbers
Nodes = list[Row] | dict[int, Row]

Offsets = tuple[int, int]

# Methods of dict, list and set that change the object they are called on
MUTATORS = frozenset(
    [
        *("update", "setdefault", "pop", "popitem", "clear"),
        *("append", "extend", "insert", "remove", "add", "discard", "appendleft"),
    ]
)


@dataclass(slots=True)
class Param:
    """A parameter; ``kind`` is "positional", "keyword", "*" or "**"."""

    name: str
    kind: str
    annotation: int | None
    default: int | None


@dataclass(slots=True)
class Scope:
    """A module, class, function or lambda body; ``rows``: the first row of its body, and the one behind its last."""

    index: int
    kind: str
    name: str
    parent: int
    context: int = 0
    is_async: bool = False
    params: list[Param] = field(default_factory=list)
    decorators: list[int] = field(default_factory=list)
    return_annotation: int | None = None
    returns: list[tuple[int, int]] = field(default_factory=list)
    yields: list[int] = field(default_factory=list)
    bases: list[int] = field(default_factory=list)
    keywords: list[tuple[str, int]] = field(default_factory=list)
    defs: dict[str, list[int]] = field(default_factory=dict)
    final: dict[str, int] = field(default_factory=dict)
    annotations: dict[str, int] = field(default_factory=dict)
    name_span: Offsets = (0, 0)
    rows: tuple[int, int] = (0, 0)


@dataclass(slots=True)
class Loop:
    """A ``for``, ``while`` or comprehension clause.

    ``repeats``: some path leads from the body back to its head. ``exits``: (kind, context) of each break
    and return in its body.
    """

    kind: str
    scope: int
    context: int
    iterable: int | None
    is_async: bool
    repeats: bool = True
    exits: list[tuple[str, int]] = field(default_factory=list)
    span: Offsets = (0, 0)


@dataclass(slots=True)
class Handler:
    """One ``except`` clause. ``types`` is None for a bare one; ``context`` is that of its body."""

    types: int | None
    name: str | None
    context: int
    span: Offsets = (0, 0)


@dataclass(slots=True)
class Try:
    """A ``try`` statement; ``context`` is that of its body."""

    scope: int
    context: int
    handlers: list[Handler] = field(default_factory=list)


@dataclass(slots=True)
class Context:
    """Where code stands: ``kind`` and the number of what encloses it.

    kind: root (ref: scope), loop and comp (ref: loop), while-test (ref: loop), else (ref: loop), try,
    handler, try-else, finally (ref: try), with (ref: row of the context manager), then and otherwise
    (ref: row of the test). ``begins``: the first row that can stand in it. ``leaves``: it is a branch of
    ``if`` or a handler that never comes to its end, because it returns, raises, breaks or continues before.
    """

    parent: int
    kind: str
    ref: int
    begins: int = 0
    leaves: bool = False


@dataclass(slots=True)
class Call:
    """A call: its row, scope and context, and the row it is awaited in, if it is."""

    row: int
    scope: int
    context: int
    awaited: bool = False
    statement: bool = False


@dataclass(slots=True)
class Reference:
    """A driver method named without being called: ``run = coll.find_one``, ``partial(coll.find, …)``."""

    row: int
    scope: int
    context: int
    call: int | None
    position: int


@dataclass(slots=True)
class Store:
    """``base.name = value`` or ``base[key] = value`` (``name`` is then the row of the key)."""

    base: int
    name: str | int
    value: int
    scope: int
    context: int
    annotation: int | None = None


@dataclass(slots=True)
class Raise:
    """A ``raise``; ``value`` is None when it re-raises. ``cause``: what stands behind ``from``."""

    value: int | None
    scope: int
    context: int
    cause: int | None = None


@dataclass(slots=True)
class Use:
    """What is done with a value that not every kind of value bears; ``span`` is that of the expression.

    kind: test (its truth decides), iterate (it is gone through, not by ``async for``), other (it is used in a way
    that no row shows; without a span).
    """

    kind: str
    row: int
    scope: int
    context: int
    span: Offsets = (0, 0)


@dataclass(slots=True)
class ModuleFacts:
    """Everything the model knows of one file.

    ``path`` is absolute; ``lines`` holds line start offsets; ``parts`` the functions and other statements that
    make up the bodies of the module and of its classes, in order: what a fix can look at alone.
    """

    path: str
    lines: list[int] = field(default_factory=list)
    nodes: Nodes = field(default_factory=list)
    scopes: list[Scope] = field(default_factory=list)
    contexts: list[Context] = field(default_factory=list)
    loops: list[Loop] = field(default_factory=list)
    tries: list[Try] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)
    references: list[Reference] = field(default_factory=list)
    stores: list[Store] = field(default_factory=list)
    item_stores: list[Store] = field(default_factory=list)
    raises: list[Raise] = field(default_factory=list)
    uses: list[Use] = field(default_factory=list)
    imports: list[tuple[str, str, int]] = field(default_factory=list)
    star_imports: list[tuple[str, int]] = field(default_factory=list)
    spans: dict[int, Offsets] = field(default_factory=dict)
    tokens: dict[int, Offsets] = field(default_factory=dict)
    parts: list[Offsets] = field(default_factory=list)
    _by_kind: dict[str, list[tuple[int, Row]]] = field(default_factory=dict, init=False, repr=False, compare=False)

    def position(self, offset: int) -> tuple[int, int]:
        """Line and column, both 1-based, of a character offset."""
        line = bisect_right(self.lines, offset)
        return line, offset - self.lines[line - 1] + 1

    def numbered(self) -> Iterable[tuple[int, Row]]:
        """All rows with their numbers, in order."""
        return self.nodes.items() if isinstance(self.nodes, dict) else enumerate(self.nodes)

    def of_kind(self, *kinds: str) -> Sequence[tuple[int, Row]]:
        """The rows of some kinds with their numbers, in order."""
        if not self._by_kind:
            found = self._by_kind
            for each in self.numbered():
                kind = each[1][0]
                if kind in found:
                    found[kind].append(each)
                else:
                    found[kind] = [each]
        if len(kinds) == 1:
            return self._by_kind.get(kinds[0], ())
        return sorted(each for kind in kinds for each in self._by_kind.get(kind, ()))

    def body(self, scope: Scope) -> list[Row]:
        """The rows of a function, class or module."""
        first, end = scope.rows
        if isinstance(self.nodes, list):
            return self.nodes[first:end]
        return [node for row, node in self.numbered() if first <= row < end]

    def constant(self, row: int | None) -> str | bytes | int | float | bool | None:
        """The value of a literal row; None for any other."""
        node = self.nodes[row] if row is not None else None
        return node[1] if node is not None and node[0] == "const" else None

    def is_endless(self, loop: Loop) -> bool:
        """Whether a loop goes on until something in it ends it: ``while True``."""
        held = self.nodes[loop.iterable] if loop.kind == "while" and loop.iterable is not None else None
        return held in (("const", True), ("const", 1))

    def enclosing_method(self, scope: int) -> tuple[int, int] | None:
        """The scopes of the class and of the method around a place, through nested functions."""
        while scope > 0:
            parent = self.scopes[scope].parent
            if parent > 0 and self.scopes[parent].kind == "class":
                return parent, scope
            scope = parent
        return None

    def chain(self, context: int) -> list[Context]:
        """The contexts around a place, innermost first, up to its function, class or module body."""
        found: list[Context] = []
        while True:
            entry = self.contexts[context]
            if entry.kind == "root":
                return found
            found.append(entry)
            context = entry.parent
