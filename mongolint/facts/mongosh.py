"""The indexes that a script for ``mongosh``, or one for Node's driver, declares: read, never run.

Variables, loops over literals, and functions that get the collection or the keys as arguments are followed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import field
from itertools import islice
from typing import Any

from mongolint.facts.scripts import Function, Script, Target
from mongolint.fastclasses import NamedTuple, dataclass
from mongolint.mongo.mongosh import (
    COLLECTIONS,
    DATABASES,
    DECLARING,
    KEY_KINDS,
    NOT_OPTIONS,
    NUMBERS,
    SWITCHES,
)
from mongolint.source.javascript.expressions import Node
from mongolint.source.javascript.literals import UNREAD, Pattern, literal

_MAX_CONTEXTS = 300
_MAX_CALLS = 3
_MAX_DEPTH = 60

Env = Mapping[str, Any]
Offsets = tuple[int, int]
Keys = tuple[tuple[str, Any], ...]


@dataclass(frozen=True, slots=True)
class ScriptIndex:
    """One index of a script; ``keys`` is None where they cannot be read. Lines and columns are 1-based.

    ``start``, ``end``: line and column of what spells it out, and of what follows that. An option that cannot be
    read is None; ``open``: there may be others.
    """

    database: str | None
    collection: str | None
    keys: Keys | None
    start: tuple[int, int]
    end: tuple[int, int]
    options: dict[str, Any] = field(default_factory=dict)
    open: bool = False


class _Database(NamedTuple):
    name: str | None


class _Collection(NamedTuple):
    database: str | None
    name: str | None


class _Context(NamedTuple):
    """What the variables around a place are, and the outermost call that makes them so."""

    env: Env
    origin: Offsets | None


def read_script(text: str) -> list[ScriptIndex]:
    """The indexes that a script declares, each once, in the order of their places."""
    try:
        found = list(_Reader(Script(text)).indexes())
    except RecursionError:
        return []
    distinct = {(i.database, i.collection, i.keys, i.start): i for i in found}
    return sorted(distinct.values(), key=lambda index: index.start)


class _Reader:
    def __init__(self, script: Script) -> None:
        self.script = script
        self.uses = list(_uses(script))
        self._depth = 0

    def indexes(self) -> Iterator[ScriptIndex]:
        for position, token in enumerate(self.script.tokens):
            if token.kind == "name" and token.value in DECLARING and self.script.mark(position + 1) == "(":
                if self.script.mark(position - 1) in (".", "?."):
                    call = self._call(position)
                    around = self.script.around(position)
                    if call is not None and not any(function.name == "down" for function in around):
                        for context in self._contexts(around, 0):
                            yield from self._declared(call, position, context)

    def _call(self, position: int) -> Node | None:
        """The call of the method that is named at a position."""
        node, _ = self.script.expressions.expression(self.script.receiver(position - 1))
        end = self.script.tokens[position].end
        while node.parts:
            if node.kind == "call" and node.parts[0].kind == "member" and node.parts[0].end == end:
                return node
            node = node.parts[0]
        return None

    # Contexts: each call of a function, each element of a loop

    def _contexts(self, around: Iterable[Function], depth: int) -> list[_Context]:
        found = [_Context({}, None)]
        for function in around:
            expanded = (new for one in found for new in self._entered(function, one, depth))
            found = list(islice(expanded, _MAX_CONTEXTS))
        return found

    def _entered(self, function: Function, outer: _Context, depth: int) -> Iterator[_Context]:
        if function.iterable is not None:
            items = self._items(function, outer.env)
            for item in [UNREAD] if items is None else items:
                yield outer._replace(env={**outer.env, **self._bound(function.params, [item], outer.env)})
            return
        calls = self.script.calls(function.name) if function.name and function.params else []
        if depth >= _MAX_CALLS or not calls:
            yield outer._replace(env={**outer.env, **self._bound(function.params, [], outer.env, open_=True)})
            return
        for position, call in calls:
            if function.body[0] <= position < function.body[1]:
                continue
            for context in self._contexts(self.script.around(position), depth + 1):
                given = [self._value(arg, position, context.env) for arg in call.parts[1:]]
                env = {**outer.env, **self._bound(function.params, given, context.env)}
                yield _Context(env, context.origin or (call.start, call.end))

    def _items(self, function: Function, env: Env) -> list[Any] | None:
        assert function.iterable is not None
        over = self._value(function.iterable, function.body[0], env)
        if isinstance(over, list):
            return list(range(len(over))) if function.keys else over
        if over is None:
            return []
        return list(over) if isinstance(over, dict) and function.keys else None

    def _bound(self, params: Iterable[Target], given: list[Any], env: Env, open_: bool = False) -> dict[str, Any]:
        """The variables that parameters make of what is given; ``open_``: what is given is not known."""
        found: dict[str, Any] = {}
        for number, target in enumerate(params):
            value = given[number] if number < len(given) else UNREAD if open_ else None
            self._bind(target, value, env, found)
        return found

    def _bind(self, target: Target, value: Any, env: Env, found: dict[str, Any]) -> None:
        if value is None and target.default is not None:
            value = self._value(target.default, 0, env)
        if target.name is not None:
            found[target.name] = value
        for key, part in target.parts:
            if key == "...":
                others = {key for key, _ in target.parts}
                rest = {k: v for k, v in value.items() if k not in others} if isinstance(value, dict) else UNREAD
                self._bind(part, rest, env, found)
            else:
                self._bind(part, _member(value, key), env, found)

    # Values

    def _value(self, node: Node, position: int, env: Env) -> Any:
        """What an expression says at a position: plain data, a database or a collection, or `UNREAD`."""
        if self._depth > _MAX_DEPTH:
            return UNREAD
        self._depth += 1
        try:
            return literal(node, lambda inner: self._looked_up(inner, position, env))
        finally:
            self._depth -= 1

    def _looked_up(self, node: Node, position: int, env: Env) -> Any:
        if node.kind == "name":
            return self._variable(str(node.value), position, env)
        if node.kind == "call":
            return self._called(node, position, env)
        if node.kind == "choice":
            return self._chosen(node, position, env)
        if node.kind == "member" and node.parts[0].kind == "name" and node.parts[0].value == "this":
            field = self.script.field(str(node.value))
            return self._value(field.value, field.position, env) if field is not None and field.value else UNREAD
        base = self._value(node.parts[0], position, env)
        return _member(base, node.value if node.kind == "member" else self._value(node.parts[1], position, env))

    def _chosen(self, node: Node, position: int, env: Env) -> Any:
        """What a condition chooses, if that is known or both are the same; of a collection, the one that is known."""
        condition, first, second = (self._value(part, position, env) for part in node.parts)
        if condition is None or isinstance(condition, bool):
            return first if condition else second
        if first == second or (isinstance(first, _Database | _Collection) and second is UNREAD):
            return first
        return second if isinstance(second, _Database | _Collection) and first is UNREAD else UNREAD

    def _variable(self, name: str, position: int, env: Env) -> Any:
        value = env[name] if name in env else self._assigned(name, position, env)
        if name in self.script.changed and isinstance(value, list | dict):
            return UNREAD
        return _Database(None) if name == "db" and value is UNREAD else value

    def _assigned(self, name: str, position: int, env: Env) -> Any:
        binding = self.script.binding(name, position)
        used = self._used(position) if name == "db" else None
        if used is not None and (binding is None or binding.position < used[0]):
            return _Database(used[1])
        if binding is None or binding.value is None:
            return None if name == "undefined" else UNREAD
        found: dict[str, Any] = {}
        self._bind(binding.target, self._value(binding.value, binding.position, env), env, found)
        return found.get(name, UNREAD)

    def _used(self, position: int) -> tuple[int, str] | None:
        """Where the last ``use("shop")`` or ``use shop`` before a position stands, and its database."""
        return next(((at, name) for at, name in reversed(self.uses) if at < position), None)

    def _called(self, node: Node, position: int, env: Env) -> Any:
        """What a call gives."""
        callee = node.parts[0]
        given = [self._value(arg, position, env) for arg in node.parts[1:]]
        first = given[0] if given else None
        if callee.kind == "name":
            if callee.value == "connect" and isinstance(first, str):
                return _Database(first.partition("?")[0].rpartition("/")[2] or None)
            return _number(first) if callee.value in NUMBERS else UNREAD
        if callee.kind != "member":
            return UNREAD
        if callee.parts[0].kind == "name" and callee.parts[0].value in NUMBERS:
            return _number(first)
        if callee.parts[0].kind == "name" and callee.parts[0].value == "Object":
            return _of_object(str(callee.value), given)
        if callee.value in COLLECTIONS:
            base = self._value(callee.parts[0], position, env)
            database = base.name if isinstance(base, _Database) else None
            return _Collection(database, first if isinstance(first, str) else None)
        if callee.value in DATABASES:
            return _Database(first if isinstance(first, str) else None)
        return UNREAD

    # Declarations

    def _declared(self, call: Node, position: int, context: _Context) -> Iterator[ScriptIndex]:
        method, given = str(call.parts[0].value), list(call.parts[1:])
        target = self._value(call.parts[0].parts[0], position, context.env)
        values = [self._value(arg, position, context.env) for arg in given]
        if isinstance(target, _Database) and values and method != "runCommand":
            # Node: db.createIndex("users", {…}, {…})
            target, values, given = _member(target, values[0]), values[1:], given[1:]
        if method == "runCommand":
            yield from self._commanded(call, target, values)
            return
        collection = target if isinstance(target, _Collection) else _Collection(None, None)
        at = context.origin if context.origin and given and given[0].kind != "object" else (call.start, call.end)
        first = values[0] if values else UNREAD
        options = _options(values[1] if len(values) > 1 else None)
        if method != "createIndexes":
            yield from self._index(collection, first, options, at)
        elif isinstance(first, list):
            is_spelled = given[0].kind == "array" and len(given[0].parts) == len(first)
            for number, item in enumerate(first):
                part = given[0].parts[number] if is_spelled else None
                where = (part.start, part.end) if part is not None and part.kind == "object" else at
                if isinstance(item, dict) and isinstance(item.get("key"), dict):
                    own = {name: value for name, value in item.items() if name != "key"}
                    yield from self._index(collection, item["key"], _options(own), where)
                else:
                    yield from self._index(collection, item, options, where)
        else:
            yield from self._index(collection, UNREAD, options, at)

    def _commanded(self, call: Node, target: Any, values: list[Any]) -> Iterator[ScriptIndex]:
        """``db.runCommand({createIndexes: "users", indexes: [{key: {…}, name: "…"}]})``."""
        command = values[0] if values else None
        if not isinstance(command, dict) or next(iter(command), None) != "createIndexes":
            return
        collection = _member(target, command["createIndexes"]) if isinstance(target, _Database) else UNREAD
        if not isinstance(collection, _Collection):
            return
        items = command.get("indexes")
        for item in items if isinstance(items, list) else [UNREAD]:
            keys = item.get("key", UNREAD) if isinstance(item, dict) else UNREAD
            own = {name: value for name, value in item.items() if name != "key"} if isinstance(item, dict) else {}
            yield from self._index(collection, keys, _options(own), (call.start, call.end))

    def _index(
        self, collection: _Collection, keys: Any, options: dict[str, Any] | None, at: Offsets
    ) -> Iterator[ScriptIndex]:
        """The declaration; none where neither the collection nor the keys are those of a MongoDB index."""
        pattern = key_pattern(keys)
        if isinstance(keys, dict) and isinstance(keys.get("fieldName"), str):
            return  # the files of NeDB
        if collection.name is not None or (pattern is not None and isinstance(keys, dict)):
            start, end = self.script.place(at[0]), self.script.place(at[1])
            is_open = options is None
            yield ScriptIndex(collection.database, collection.name, pattern, start, end, options or {}, is_open)


def _uses(script: Script) -> Iterator[tuple[int, str]]:
    """The statements ``use("shop")`` and ``use shop``, which set the database of those that follow."""
    for at, token in enumerate(script.tokens[:-1]):
        if token.kind == "name" and token.value == "use" and script.mark(at - 1) != ".":
            following = at + 2 if script.mark(at + 1) == "(" else at + 1
            named = script.tokens[following] if following < len(script.tokens) else token
            is_near = script.place(token.start)[0] == script.place(named.start)[0]
            if named.kind in ("name", "string") and named is not token and is_near:
                yield at, str(named.value)


def key_pattern(value: Any) -> Keys | None:
    """Keys as pairs: of ``{a: 1}``, and in the forms of Node's driver; None where a part cannot be read."""
    if isinstance(value, str):
        return ((value, 1),)
    if isinstance(value, dict):
        pairs = [(name, _direction(kind)) for name, kind in value.items()]
        return tuple(pairs) if pairs and all(kind is not None for _, kind in pairs) else None
    if not isinstance(value, list) or not value:
        return None
    found: list[tuple[str, Any]] = []
    for item in value:
        is_pair = isinstance(item, list) and len(item) == 2 and isinstance(item[0], str)
        pattern = key_pattern({item[0]: item[1]} if is_pair else item if isinstance(item, str | dict) else None)
        if pattern is None:
            return None
        found.extend(pattern)
    return tuple(found)


def _direction(value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    return value if value in KEY_KINDS or (not isinstance(value, str) and value) else None


def _options(value: Any) -> dict[str, Any] | None:
    """The options of an index; None where they cannot be read."""
    if value is True:
        return {"unique": True}  # the shell of old: ensureIndex({…}, true)
    if not isinstance(value, dict):
        return None if value is UNREAD else {}
    found = {name: said if _is_read(said) else None for name, said in value.items() if name not in NOT_OPTIONS}
    return {
        name: bool(said) if name in SWITCHES and isinstance(said, int | float) else said for name, said in found.items()
    }


def _is_read(value: Any) -> bool:
    if isinstance(value, list):
        return all(map(_is_read, value))
    if isinstance(value, dict):
        return all(map(_is_read, value.values()))
    return value is not UNREAD and not isinstance(value, Pattern | _Database | _Collection)


def _member(base: Any, key: Any) -> Any:
    """``base.key`` and ``base[key]``; what is not there is None."""
    if isinstance(base, _Database):
        return _Collection(base.name, key if isinstance(key, str) else None)
    if isinstance(base, _Collection):
        return _Collection(base.database, f"{base.name}.{key}" if base.name and isinstance(key, str) else None)
    if isinstance(base, dict) and isinstance(key, str):
        return base.get(key)
    if isinstance(base, list) and isinstance(key, int) and not isinstance(key, bool):
        return base[key] if 0 <= key < len(base) else None
    return UNREAD


def _number(value: Any) -> Any:
    """``NumberInt(1)``, ``NumberLong("1")``."""
    try:
        return UNREAD if isinstance(value, bool) or not isinstance(value, int | float | str) else int(value)
    except (ValueError, OverflowError):
        return UNREAD


def _of_object(method: str, given: list[Any]) -> Any:
    """``Object.entries(…)`` and its like."""
    if method == "assign":
        if not all(isinstance(each, dict | None) for each in given):
            return UNREAD
        return {name: value for each in given for name, value in (each or {}).items()}
    value = given[0] if given else None
    if method == "freeze" or not isinstance(value, dict):
        return value if method == "freeze" else UNREAD
    found: dict[str, Any] = {
        "keys": list(value),
        "values": list(value.values()),
        "entries": [[key, held] for key, held in value.items()],
    }
    return found.get(method, UNREAD)
