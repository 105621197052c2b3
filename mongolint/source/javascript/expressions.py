"""Expressions of a script as small trees with their places, read out of its tokens."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mongolint.fastclasses import NamedTuple
from mongolint.source.javascript.tokens import CLOSERS, Token, matching


class Node(NamedTuple):
    """An expression.

    kind: value (``value`` is a str, number, bool or None), regex, name (``value``), member (``value`` of parts[0]),
    index (parts[0][parts[1]]), call (parts[0] of the others, also with ``new``), object (parts: keys and values in
    turn, the key ``other`` for a spread), array, template, unary and binary (``value`` is the operator), choice (a
    condition and what it chooses from), spread, other.
    """

    kind: str
    start: int
    end: int
    value: Any = None
    parts: tuple[Node, ...] = ()


class Expressions:
    """Reads expressions out of tokens, from any position."""

    def __init__(self, tokens: Sequence[Token]) -> None:
        self.tokens = tokens
        self.pairs = matching(tokens)
        self._depth = 0

    def mark(self, position: int) -> str:
        """The mark at a position; "" for anything else."""
        token = self.tokens[position] if 0 <= position < len(self.tokens) else None
        return token.value if token is not None and token.kind == "mark" else ""

    def name(self, position: int) -> str:
        """The name at a position; "" for anything else."""
        token = self.tokens[position] if 0 <= position < len(self.tokens) else None
        return token.value if token is not None and token.kind == "name" else ""

    def expression(self, position: int) -> tuple[Node, int]:
        """The expression at a position, up to a comma or closing bracket, and the position behind it."""
        self._depth += 1
        try:
            node, at = self._binary(position, 0)
            if self.mark(at) != "?":
                return node, at
            chosen, after = self.expression(at + 1)
            if self.mark(after) != ":":
                return node, at
            otherwise, end = self.expression(after + 1)
            return Node("choice", node.start, otherwise.end, None, (node, chosen, otherwise)), end
        finally:
            self._depth -= 1

    def complete(self, position: int) -> tuple[Node, int]:
        """As `expression`, where a comma or a closing bracket has to follow: ``other`` if something else does."""
        node, after = self.expression(position)
        if self._ends(after) or after >= len(self.tokens):
            return node, after
        after = self._skip(after)
        return self._other(position, after), after

    def arguments(self, position: int) -> tuple[tuple[Node, ...], int]:
        """What stands between the bracket at a position and its other, and the position behind that."""
        end = self.pairs.get(position, len(self.tokens))
        found = []
        at = position + 1
        while at < end:
            if self.mark(at) == ",":
                at += 1
                continue
            node, after = self._item(at)
            found.append(node)
            at = max(after, at + 1)
        return tuple(found), end + 1

    def _item(self, position: int) -> tuple[Node, int]:
        if self.mark(position) == "...":
            node, after = self.complete(position + 1)
            return Node("spread", self._start(position), node.end, None, (node,)), after
        return self.complete(position)

    def _binary(self, position: int, level: int) -> tuple[Node, int]:
        if self._depth > _MAX_DEPTH:
            after = self._skip(position)
            return self._other(position, after), after
        if level == len(_OPERATORS):
            return self._unary(position)
        left, at = self._binary(position, level + 1)
        while self.mark(at) in _OPERATORS[level]:
            right, after = self._binary(at + 1, level + 1)
            left = Node("binary", left.start, right.end, self.mark(at), (left, right))
            at = after
        return left, at

    def _unary(self, position: int) -> tuple[Node, int]:
        if self.mark(position) in ("-", "+", "!"):
            inner, after = self._unary(position + 1)
            return Node("unary", self._start(position), inner.end, self.mark(position), (inner,)), after
        if self.name(position) == "await":
            return self._unary(position + 1)
        if self.name(position) in ("typeof", "void", "delete"):
            inner, after = self._unary(position + 1)
            return inner._replace(kind="other", start=self._start(position), parts=()), after
        if self.name(position) == "new":
            inner, after = self._unary(position + 1)
            return inner._replace(start=self._start(position)), after
        return self._postfix(position)

    def _postfix(self, position: int) -> tuple[Node, int]:
        node, at = self._primary(position)
        while True:
            mark = self.mark(at)
            if mark == "?." and self.mark(at + 1) in ("(", "["):
                at, mark = at + 1, self.mark(at + 1)
            if mark in (".", "?.") and self.name(at + 1):
                node = Node("member", node.start, self.tokens[at + 1].end, self.name(at + 1), (node,))
                at += 2
            elif mark == "(" and at in self.pairs:
                args, after = self.arguments(at)
                node = Node("call", node.start, self.tokens[after - 1].end, None, (node, *args))
                at = after
            elif mark == "[" and at in self.pairs:
                inner, after = self.arguments(at)
                key = inner[0] if len(inner) == 1 else self._other(at, after)
                node = Node("index", node.start, self.tokens[after - 1].end, None, (node, key))
                at = after
            else:
                return node, at

    def _primary(self, position: int) -> tuple[Node, int]:
        if position >= len(self.tokens):
            return self._other(position, position), position
        token = self.tokens[position]
        if token.kind in ("string", "number"):
            kind = "other" if token.value is None else "value"
            return Node(kind, token.start, token.end, token.value), position + 1
        if token.kind == "regex":
            return Node("regex", token.start, token.end, token.value), position + 1
        if token.kind == "template":
            return self._filled(token), position + 1
        if token.kind == "name":
            return self._named(token, position)
        if token.value == "(" and position in self.pairs and self.mark(self.pairs[position] + 1) != "=>":
            inner, after = self.arguments(position)
            if len(inner) == 1:
                return inner[0]._replace(start=token.start, end=self.tokens[after - 1].end), after
            return self._other(position, after), after
        if token.value == "[" and position in self.pairs:
            items, after = self.arguments(position)
            return Node("array", token.start, self.tokens[after - 1].end, None, items), after
        if token.value == "{" and position in self.pairs:
            return self._object(position), self.pairs[position] + 1
        after = self._skip(position)
        return self._other(position, after), after

    def _named(self, token: Token, position: int) -> tuple[Node, int]:
        if token.value in _CONSTANTS:
            return Node("value", token.start, token.end, _CONSTANTS[token.value]), position + 1
        if token.value in ("function", "async", "class") or self.mark(position + 1) == "=>":
            after = self._skip(position)
            return self._other(position, after), after
        return Node("name", token.start, token.end, token.value), position + 1

    def _filled(self, token: Token) -> Node:
        """A template, its texts and substitutions in turn."""
        parts = []
        for part in token.value:
            if isinstance(part, str):
                parts.append(Node("value", token.start, token.end, part))
            else:
                parts.append(Expressions(part).complete(0)[0] if part else Node("other", token.start, token.end))
        if len(parts) == 1:
            return parts[0]
        return Node("template", token.start, token.end, None, tuple(parts))

    def _object(self, position: int) -> Node:
        end = self.pairs[position]
        parts: list[Node] = []
        at = position + 1
        while at < end:
            if self.mark(at) == ",":
                at += 1
                continue
            key, value, after = self._entry(at, end)
            parts.extend((key, value))
            at = max(after, at + 1)
        return Node("object", self.tokens[position].start, self.tokens[end].end, None, tuple(parts))

    def _entry(self, position: int, end: int) -> tuple[Node, Node, int]:
        """A key, its value and the position behind them."""
        other = self._other(position, position + 1)
        if self.mark(position) == "...":
            value, after = self.complete(position + 1)
            return other, value, after
        if self.name(position) in ("get", "set", "async") and self.mark(position + 1) not in (":", "(", ",", "}"):
            position += 1
        key, after = self._key(position)
        if self.mark(after) == ":":
            value, after = self.complete(after + 1)
            return key, value, after
        if key.kind == "value" and self.name(position) and (after == end or self.mark(after) == ","):
            return key, Node("name", key.start, key.end, key.value), after
        # A method, or nothing that could be said
        after = self._skip(after)
        return key if key.kind == "value" else other, self._other(position, after), after

    def _key(self, position: int) -> tuple[Node, int]:
        token = self.tokens[position]
        if self.mark(position) == "[" and position in self.pairs:
            inner, after = self.arguments(position)
            return inner[0] if len(inner) == 1 else self._other(position, after), after
        if token.kind in ("name", "string") or (token.kind == "number" and token.value is not None):
            return Node("value", token.start, token.end, str(token.value)), position + 1
        return self._other(position, position + 1), position + 1

    def _skip(self, position: int) -> int:
        """The next comma or closing bracket that belongs to what is around a position, or a semicolon."""
        at = position
        while at < len(self.tokens) and not self._ends(at):
            at = self.pairs[at] + 1 if self.mark(at) in CLOSERS and at in self.pairs else at + 1
        return at

    def _ends(self, position: int) -> bool:
        return self.mark(position) in (",", ")", "]", "}", ";")

    def _start(self, position: int) -> int:
        return self.tokens[position].start if position < len(self.tokens) else 0

    def _other(self, position: int, after: int) -> Node:
        last = self.tokens[min(max(after - 1, position), len(self.tokens) - 1)] if self.tokens else None
        return Node("other", self._start(position), last.end if last else 0)


_MAX_DEPTH = 40
_CONSTANTS: dict[str, Any] = {"true": True, "false": False, "null": None}
# By strength, the weakest first
_OPERATORS = (
    ("||", "??"),
    ("&&",),
    ("===", "!==", "==", "!="),
    ("<", ">", "<=", ">="),
    ("+", "-"),
    ("*", "/", "%"),
)
