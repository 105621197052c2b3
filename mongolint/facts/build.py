"""The state of the one walk: the growing table, the current variables, and where the walk stands."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import field

import libcst as cst

from mongolint.facts.shapes import (
    Call,
    Context,
    Handler,
    Loop,
    ModuleFacts,
    Offsets,
    Reference,
    Row,
    Scope,
    Use,
)
from mongolint.fastclasses import dataclass

# The variables of a function at one point: name -> row. None stands for code that is never reached.
Env = dict[str, int]


@dataclass(slots=True)
class LoopFrame:
    """Where ``break`` and ``continue`` of the loop being walked lead."""

    index: int
    breaks: list[Env] = field(default_factory=list)
    continues: list[Env] = field(default_factory=list)


class Builder:
    """What the walk has gathered so far. One per module."""

    def __init__(self, path: str, step: int = 1) -> None:
        self.facts = ModuleFacts(path)
        self.nodes: dict[int, Row] = {}
        self.next = 0
        self._step = step
        self.env: Env | None = {}
        # The variables where the body of a module or class was last left for good: its functions go on to see them
        self._left: Env | None = None
        self.scope = 0
        self.context = 0
        self.loops: list[LoopFrame] = []
        self.outer_names: dict[str, int] = {}
        self.call_of_row: dict[int, Call] = {}
        self.reference_of_row: dict[int, Reference] = {}
        self.span_marks: dict[int, int] = {}
        self.token_marks: dict[int, int] = {}
        self.object_marks: list[tuple[cst.CSTNode, cst.CSTNode | None, Scope | Loop | Handler | Use]] = []
        self.kept: list[cst.CSTNode] = []
        self.parts: list[cst.CSTNode] = []
        self._free: dict[tuple[int, str], int] = {}
        self._const: dict[tuple[type, object], int] = {}

    def add(self, row: Row) -> int:
        number = self.next
        self.nodes[number] = row
        self.next = number + self._step
        return number

    def const(self, value: str | bytes | int | float | bool | None) -> int:
        key = (type(value), value)
        found = self._const.get(key)
        if found is None:
            found = self._const[key] = self.add(("const", value))
        return found

    def unknown(self) -> int:
        return self.add(("unknown",))

    def free(self, name: str) -> int:
        key = (self.scope, name)
        found = self._free.get(key)
        if found is None:
            found = self._free[key] = self.add(("free", self.scope, name))
        return found

    def phi(self, rows: Iterable[int]) -> int:
        """The row that stands for any of ``rows``; nested ones are flattened."""
        flat: dict[int, None] = {}
        for row in rows:
            node = self.nodes[row]
            if node[0] == "phi" and node[1]:
                flat.update(dict.fromkeys(node[1]))
            else:
                flat[row] = None
        return next(iter(flat)) if len(flat) == 1 else self.add(("phi", tuple(flat)))

    def bind(self, name: str, row: int) -> None:
        """``name = row`` in the current scope, or in the scope that ``global``/``nonlocal`` names."""
        scopes = self.facts.scopes
        owner = self.outer_names.get(name, self.scope)
        if scopes[owner].kind == "function" or owner != self.scope:
            scopes[owner].defs.setdefault(name, []).append(row)
        if self.env is not None:
            self.env[name] = row

    def join(self, envs: Iterable[Env | None]) -> Env | None:
        """The variables where several paths meet."""
        alive = [env for env in envs if env is not None]
        if len(alive) < 2:
            return alive[0] if alive else None
        merged: Env = {}
        for env in alive:
            for name in env:
                if name not in merged:
                    rows = [e[name] for e in alive if name in e]
                    merged[name] = rows[0] if rows.count(rows[0]) == len(rows) else self.phi(rows)
        return merged

    def leave(self, envs: Iterable[Env | None]) -> None:
        """Nothing follows here: an error is raised, or a loop goes on for ever, with one of these variables."""
        if self.facts.scopes[self.scope].kind != "function":
            self._left = self.join(envs)
        self.env = None

    @contextmanager
    def inside(self, kind: str, ref: int) -> Iterator[int]:
        """Walk what follows in a new context; gives its number."""
        outer = self.context
        self.context = self.new_context(outer, kind, ref)
        try:
            yield self.context
        finally:
            self.context = outer

    def new_context(self, parent: int, kind: str, ref: int) -> int:
        self.facts.contexts.append(Context(parent, kind, ref, self.next))
        return len(self.facts.contexts) - 1

    def new_scope(self, kind: str, name: str) -> Scope:
        """A scope below the current one, with a root context of its own; not entered yet."""
        index = len(self.facts.scopes)
        scope = Scope(index, kind, name, self.scope if index else -1)
        scope.context = self.new_context(self.context, "root", index)
        self.facts.scopes.append(scope)
        return scope

    @contextmanager
    def entered(self, scope: Scope, env: Env) -> Iterator[None]:
        """Walk the body of ``scope`` with these variables."""
        saved = (self.env, self.scope, self.context, self.loops, self.outer_names, self._left)
        self.env, self.scope, self.context, self._left = env, scope.index, scope.context, None
        self.loops, self.outer_names = [], {}
        first = self.next
        try:
            yield
            scope.final = (self._left if self.env is None else self.env) or {}
            scope.rows = (first, self.next)
        finally:
            self.env, self.scope, self.context, self.loops, self.outer_names, self._left = saved

    def mark_span(self, node: cst.CSTNode, row: int) -> None:
        """Ask for the place of ``node`` as the span of ``row``."""
        self.span_marks[id(node)] = row
        self.kept.append(node)

    def mark_token(self, node: cst.CSTNode, row: int) -> None:
        """Ask for the place of ``node`` as the token that names ``row`` (a method, an attribute)."""
        self.token_marks[id(node)] = row
        self.kept.append(node)

    def mark_object(self, node: cst.CSTNode, owner: Scope | Loop | Handler | Use, end: cst.CSTNode | None) -> None:
        """Ask for the place from the start of ``node`` to the end of ``end`` as the span of ``owner``."""
        self.object_marks.append((node, end, owner))

    def wanted(self) -> set[int]:
        """The ids of the nodes whose places were asked for."""
        ends = (id(node) for mark in self.object_marks for node in mark[:2] if node is not None)
        return {*self.span_marks, *self.token_marks, *ends, *map(id, self.parts)}

    def place(self, found: dict[int, Offsets]) -> None:
        """Take in the places that were asked for."""
        facts = self.facts
        facts.nodes = list(self.nodes.values()) if self._step == 1 else self.nodes
        facts.spans = {row: found[key] for key, row in self.span_marks.items() if key in found}
        facts.tokens = {row: found[key] for key, row in self.token_marks.items() if key in found}
        facts.parts = [found[id(node)] for node in self.parts if id(node) in found]
        for node, end, owner in self.object_marks:
            start = found.get(id(node), (0, 0))[0]
            stop = found.get(id(end), (0, 0))[1] if end is not None else start + len("except")
            if isinstance(owner, Scope):
                owner.name_span = (start, stop)
            else:
                owner.span = (start, stop)
