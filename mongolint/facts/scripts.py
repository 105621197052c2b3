"""Scripts in JavaScript: the variables, functions and loops of one, by their places in its tokens."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator

from mongolint.fastclasses import NamedTuple
from mongolint.source.javascript.expressions import Expressions, Node
from mongolint.source.javascript.tokens import tokenize

_LINE_BREAK = re.compile(r"\r\n?|\n")
_DECLARING = ("const", "let", "var")
_NO_FUNCTIONS = frozenset(("if", "for", "while", "switch", "catch", "with", "function", "return", "await"))
_NO_OPERANDS = frozenset(("return", "await", "new", "of", "in", "else", "typeof", "void", "delete", "throw", "yield"))
_CONTINUING = frozenset(("instanceof", "in", "of", "as", "satisfies"))
_ASSIGNING = ("=", "+=", "||=", "??=", "&&=")
_CHANGING = frozenset(("push", "unshift", "pop", "shift", "splice", "sort", "reverse", "fill"))


class Target(NamedTuple):
    """What a value is bound to: a ``name``, or ``parts`` of it by key or position; ``default`` if none is given.

    The key ``...`` stands for all that no other part takes.
    """

    name: str | None
    parts: tuple[tuple[str | int, Target], ...] = ()
    default: Node | None = None

    def names(self) -> Iterator[str]:
        if self.name is not None:
            yield self.name
        for _, part in self.parts:
            yield from part.names()


class Binding(NamedTuple):
    """``target = value`` at a position, for the tokens ``block``; ``value`` is None for what is not followed."""

    target: Target
    value: Node | None
    position: int
    block: tuple[int, int]
    declares: bool = True


class Function(NamedTuple):
    """A function, or a loop over ``iterable`` as one; ``body`` are its first token and the one behind its last."""

    name: str | None
    params: tuple[Target, ...]
    body: tuple[int, int]
    iterable: Node | None = None
    keys: bool = False


class Script:
    """One script. Positions are those of tokens."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = tokenize(text)
        self.expressions = Expressions(self.tokens)
        self.mark = self.expressions.mark
        self.name = self.expressions.name
        self._lines = [0, *(match.end() for match in _LINE_BREAK.finditer(text))]
        self._blocks = self._enclosing()
        self._calls: dict[str, list[tuple[int, Node]]] = {}
        self.functions = [*self._functions(), *self._loops()]
        self.bindings: dict[str, list[Binding]] = {}
        for binding in self._bindings():
            for name in binding.target.names():
                self.bindings.setdefault(name, []).append(binding)
        self.changed = set(self._changed())

    def place(self, offset: int) -> tuple[int, int]:
        """Line and column, both 1-based, of a character offset."""
        line = bisect_right(self._lines, offset)
        return line, offset - self._lines[line - 1] + 1

    def around(self, position: int) -> list[Function]:
        """The functions and loops around a position, the outermost first."""
        return sorted((f for f in self.functions if f.body[0] <= position < f.body[1]), key=lambda f: f.body[0])

    def binding(self, name: str, position: int) -> Binding | None:
        """What gives a variable its value at a position; None where there is no such place, or no single one."""
        before = [b for b in self.bindings.get(name, ()) if b.position < position]
        found = [b for b in before if b.block[0] <= position < b.block[1]]
        if not found:
            return None
        last = found[-1]
        # An assignment under a condition may hold as well
        maybe = [b for b in before if not b.declares and b.position > last.position]
        return None if any(last.block[0] <= b.position < last.block[1] for b in maybe) else last

    def field(self, name: str) -> Binding | None:
        """What gives ``this.name`` its value, if only one place does."""
        found = self.bindings.get(f"this.{name}", [])
        return found[0] if len(found) == 1 else None

    def calls(self, name: str) -> list[tuple[int, Node]]:
        """The calls of a function of the script: where each stands, and the call."""
        if name not in self._calls:
            self._calls[name] = list(self._find_calls(name))
        return self._calls[name]

    def _find_calls(self, name: str) -> Iterator[tuple[int, Node]]:
        for position, token in enumerate(self.tokens):
            if token.kind == "name" and token.value == name and self.mark(position + 1) == "(":
                after = self.expressions.pairs.get(position + 1)
                if after is None or self.mark(after + 1) in ("{", "=>") or self.name(position - 1) == "function":
                    continue
                if self.mark(position - 1) == "." and self.name(position - 2) not in ("this", "exports"):
                    continue
                args, _ = self.expressions.arguments(position + 1)
                callee = Node("name", token.start, token.end, name)
                yield position, Node("call", token.start, self.tokens[after].end, None, (callee, *args))

    def receiver(self, position: int) -> int:
        """Where the expression begins that ends before a position."""
        at = position - 1
        while at > 0:
            if self.mark(at) in (")", "]") and at in self.expressions.pairs:
                at = self.expressions.pairs[at]
                if not self._is_operand(at - 1):
                    break
                at -= 1
            elif self.mark(at - 1) in (".", "?."):
                at -= 2
            else:
                break
        return at - 1 if self.name(at - 1) == "new" else at

    def _is_operand(self, position: int) -> bool:
        return self.mark(position) in (")", "]") or self.name(position) not in ("", *_NO_OPERANDS)

    # Functions and loops

    def _functions(self) -> Iterator[Function]:
        for position, token in enumerate(self.tokens):
            if token.kind == "mark" and token.value == "=>":
                yield self._arrow(position)
            elif token.kind == "mark" and token.value == "(":
                end = self.expressions.pairs.get(position)
                if end is not None and self.mark(end + 1) == "{" and end + 1 in self.expressions.pairs:
                    if self.name(position - 1) not in _NO_FUNCTIONS or self.name(position - 1) == "function":
                        yield self._braced(position, end)

    def _arrow(self, position: int) -> Function:
        start = position - 1
        if self.mark(start) == ")" and start in self.expressions.pairs:
            start = self.expressions.pairs[start]
            params = tuple(self._targets(start))
        else:
            params = (Target(self.name(start) or None),)
        if self.name(start - 1) == "async":
            start -= 1
        return self._function(self._given_name(start), params, start, self._body(position + 1))

    def _braced(self, position: int, end: int) -> Function:
        """``function name(…) {…}``, and a method."""
        start = position - 1
        name = self.name(start) if self.name(start) != "function" else ""
        while self.name(start - 1) in ("function", "async") or self.mark(start - 1) == "*":
            start -= 1
        return self._function(
            name or self._given_name(start), tuple(self._targets(position)), start, self._body(end + 1)
        )

    def _function(self, name: str | None, params: tuple[Target, ...], start: int, body: tuple[int, int]) -> Function:
        """The function that begins at a position; what an array's method runs is a loop over the array."""
        if self.mark(start - 1) == "(" and self.name(start - 2) in ("forEach", "map", "flatMap"):
            if self.mark(start - 3) in (".", "?."):
                over, _ = self.expressions.expression(self.receiver(start - 3))
                while over.kind in ("call", "member") and over.end > self.tokens[start - 4].end:
                    over = over.parts[0]
                return Function(None, params[:1], body, over)
        return Function(name, params, body)

    def _given_name(self, start: int) -> str | None:
        """The variable or property that a function is put into."""
        if self.mark(start - 1) in ("=", ":"):
            return self.name(start - 2) or None
        return None

    def _body(self, position: int) -> tuple[int, int]:
        if self.mark(position) == "{" and position in self.expressions.pairs:
            return position, self.expressions.pairs[position] + 1
        return position, self.expressions.complete(position)[1]

    def _loops(self) -> Iterator[Function]:
        for position, token in enumerate(self.tokens):
            if token.kind != "name" or token.value != "for":
                continue
            opened = position + 1 + (self.name(position + 1) == "await")
            end = self.expressions.pairs.get(opened)
            if end is None or self.mark(opened) != "(" or self.name(opened + 1) not in _DECLARING:
                continue
            target, at = self._target(opened + 2)
            if self.name(at) in ("of", "in"):
                iterable, _ = self.expressions.expression(at + 1)
                yield Function(None, (target,), self._statement(end + 1), iterable, self.name(at) == "in")
            elif self.mark(at) == ";" and self.name(at + 1) == target.name and self.mark(at + 2) == "<":
                # ``for (let i = 0; i < specs.length; i++)``
                length, _ = self.expressions.expression(at + 3)
                if length.kind == "member" and length.value == "length":
                    yield Function(None, (target,), self._statement(end + 1), length.parts[0], keys=True)

    def _statement(self, position: int) -> tuple[int, int]:
        if self.mark(position) == "{" and position in self.expressions.pairs:
            return position, self.expressions.pairs[position] + 1
        at = position
        while at < len(self.tokens) and self.mark(at) not in (";", "}"):
            at = self.expressions.pairs.get(at, at) + 1 if self.mark(at) in ("(", "[", "{") else at + 1
        return position, at

    # Variables

    def _targets(self, position: int) -> Iterator[Target]:
        """The parameters between brackets."""
        end = self.expressions.pairs.get(position, position)
        at = position + 1
        while at < end:
            target, after = self._target(at)
            yield target
            at = max(after, at) + 1

    def _target(self, position: int) -> tuple[Target, int]:
        """What a value is bound to, and the position behind it."""
        if not self.name(position) and self.mark(position) not in ("[", "{"):
            # ``...rest``, or nothing that could be said
            at = position + 1
            while at < len(self.tokens) and self.mark(at) not in (",", ")", "]", "}"):
                at += 1
            return Target(None), at
        target, at = self._target_only(position)
        if self.mark(at) == "=":
            default, at = self.expressions.complete(at + 1)
            target = target._replace(default=default)
        return target, at

    def _listed(self, position: int, end: int) -> Iterator[tuple[int, Target]]:
        at, number = position + 1, 0
        while at < end:
            if self.mark(at) == ",":
                at, number = at + 1, number + 1
                continue
            target, after = self._target(at)
            yield number, target
            at = max(after, at + 1)

    def _keyed(self, position: int, end: int) -> Iterator[tuple[str, Target]]:
        at = position + 1
        while at < end:
            key = self.name(at)
            if not key:
                at += 1
                continue
            if self.mark(at - 1) == "...":
                yield "...", Target(key)
                return
            target, after = self._target(at + 2 if self.mark(at + 1) == ":" else at)
            yield key, target
            at = max(after, at + 1)

    def _bindings(self) -> Iterator[Binding]:
        for position, token in enumerate(self.tokens):
            if token.kind == "name" and token.value in _DECLARING:
                yield from self._declared(position)
            elif token.kind == "name" and self.mark(position + 1) in _ASSIGNING:
                is_field = self.name(position - 2) == "this" and self.mark(position - 1) == "."
                if is_field or self._begins(position):
                    value = self._value(position + 2) if self.mark(position + 1) == "=" else None
                    target = Target(f"this.{token.value}" if is_field else token.value)
                    yield Binding(target, value, position + 1, self._block(position), declares=False)

    def _declared(self, position: int) -> Iterator[Binding]:
        at = position + 1
        while at < len(self.tokens):
            target, after = self._target_only(at)
            if self.mark(after) == "=":
                value = self._value(after + 1)
                _, end = self.expressions.expression(after + 1)
                yield Binding(target, value, after, self._block(position))
            else:
                end = after
                yield Binding(target, None, at, self._block(position))
            if self.mark(end) != ",":
                return
            at = end + 1

    def _target_only(self, position: int) -> tuple[Target, int]:
        """A target without what it is set to."""
        if self.name(position):
            return Target(self.name(position)), position + 1
        end = self.expressions.pairs.get(position)
        if end is None:
            return Target(None), position + 1
        if self.mark(position) == "[":
            return Target(None, tuple(self._listed(position, end))), end + 1
        return Target(None, tuple(self._keyed(position, end))), end + 1

    def _value(self, position: int) -> Node | None:
        """The expression at a position, if the statement ends with it."""
        node, after = self.expressions.expression(position)
        if after >= len(self.tokens) or self.mark(after) in (";", ",", "}", ")"):
            return node
        before = self.tokens[after - 1].end
        is_new_line = _LINE_BREAK.search(self.text, before, self.tokens[after].start) is not None
        is_statement = self.tokens[after].kind == "name" and self.name(after) not in _CONTINUING
        return node if is_new_line and is_statement else None

    def _begins(self, position: int) -> bool:
        """Whether a statement begins at a position."""
        if (
            position == 0
            or self.mark(position - 1) in (";", "{", "}", ")")
            or self.name(position - 1) in ("else", "do")
        ):
            return True
        before = self.tokens[position - 1]
        if before.kind == "mark" and before.value != "]":
            return False
        return _LINE_BREAK.search(self.text, before.end, self.tokens[position].start) is not None

    def _block(self, position: int) -> tuple[int, int]:
        """The innermost braces around a position."""
        opened = self._blocks[position]
        return (0, len(self.tokens) + 1) if opened < 0 else (opened, self.expressions.pairs[opened] + 1)

    def _enclosing(self) -> list[int]:
        """For each token the innermost brace that is open there; -1 for none."""
        found: list[int] = []
        opened = [-1]
        for position in range(len(self.tokens)):
            if opened[-1] >= 0 and self.expressions.pairs[opened[-1]] == position:
                opened.pop()
            found.append(opened[-1])
            if self.mark(position) == "{" and position in self.expressions.pairs:
                opened.append(position)
        return found

    def _changed(self) -> Iterator[str]:
        """The variables whose objects are changed in place: ``keys.a = 1``, ``keys[name] = 1``, ``specs.push(…)``."""
        for position, token in enumerate(self.tokens):
            if token.kind != "name" or self.mark(position - 1) in (".", "?."):
                continue
            after = position + 1
            while self.mark(after) == "." or (self.mark(after) == "[" and after in self.expressions.pairs):
                if self.mark(after) == "." and self.name(after + 1) in _CHANGING and self.mark(after + 2) == "(":
                    yield token.value
                after = after + 2 if self.mark(after) == "." else self.expressions.pairs[after] + 1
            if after > position + 1 and self.mark(after) in _ASSIGNING:
                yield token.value
