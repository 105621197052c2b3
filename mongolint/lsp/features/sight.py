"""What an expression of a buffer is, by the last model: names are looked up where it stands, the rest is followed.

An assignment of the same function in the buffer comes before the model, which may not have seen it yet.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cached_property

from mongolint.link import driver, functions
from mongolint.link.atoms import (
    NONE,
    UNKNOWN,
    Atom,
    ClassRef,
    Client,
    Collection,
    Cursor,
    Database,
    Env,
    External,
    FunctionRef,
    Instance,
    Method,
    Value,
    const,
    informative,
    join,
    strings,
)
from mongolint.lsp.features.typed import Around, definitions, parsed
from mongolint.project.model import Project
from mongolint.project.operations import preferred

_MAX_DEPTH = 8
# The number that stands for the buffer among modules
_HERE = -2
_MAX_LINES = 6
_MAX_LENGTH = 600
_PLAIN_NAMES = frozenset(["db", "database", "mongo", "mongodb", "mdb", "_db", "_database", "mongo_db", "_mongo"])
# What stands for the name that has not been typed yet
MARK = "\ue000"


class Sight:
    """Looks at expressions that stand at one place of a buffer."""

    def __init__(self, project: Project, module: int, here: Around) -> None:
        text, offset, names = here.text, here.offset, definitions(here)
        self.project = project
        self.link = project.link
        self.module = module
        self._before = text[:offset]
        self._function = text.rfind(f"def {names[-1]}", 0, offset) if names else -1
        self._scope = self._find_scope(names)
        self._depth = 0
        self._names: dict[str, Value] = {}
        # The collections of cursors that expressions of the buffer make
        self._cursors: list[Collection] = []

    def value(self, source: str) -> Value:
        """What an expression can be."""
        tree = parsed(source)
        return (UNKNOWN,) if tree is None else self._value(tree) or (UNKNOWN,)

    def collections(self, source: str, *, cursors: bool = True) -> tuple[Collection, ...]:
        """The collections that an expression can be; none where that is not known.

        Args:
            cursors: whether it may be a cursor of theirs, too.
        """
        value = self.value(source)
        found = [atom for atom in value if type(atom) is Collection]
        for atom in value if cursors else ():
            if type(atom) is Cursor and atom.module == _HERE:
                found.append(self._cursors[atom.row])
            elif type(atom) is Cursor:
                operation = self.project.operation_at(atom.module, atom.row)
                found.extend(operation.collections if operation is not None else ())
        named = preferred(tuple(found)) or self._guessed(source, value)
        return tuple(each for each in named if each.name is not None and MARK not in each.name)

    def may_be_collection(self, source: str) -> bool:
        """Whether an expression is a collection of a name that is not known, or nothing is known of it."""
        value = self.value(source)
        return self.project.uses_driver and (any(type(atom) is Collection for atom in value) or _is_untraced(value))

    def databases(self, source: str) -> tuple[Database, ...]:
        """The databases that an expression can be."""
        value = self.value(source)
        found = tuple(atom for atom in value if type(atom) is Database)
        if not found and _is_untraced(value) and _last(source) in _PLAIN_NAMES and self._guesses:
            return (Database(None, None, "unknown"),)
        return found

    def names_collection(self, source: str) -> bool:
        """Whether a call of ``source`` with a name as its argument gives the collection of that name."""
        value = self.value(f'{source}("{MARK}")')
        return any(type(atom) is Collection and atom.name == MARK for atom in value)

    def _guessed(self, source: str, value: Value) -> tuple[Collection, ...]:
        """The collection that ``db.users`` names, where ``db`` cannot be traced."""
        match = re.fullmatch(r"(.+?)(?:\.(\w+)|\[\s*[\"']([^\"']+)[\"']\s*\])", source, re.DOTALL)
        if match is None or not _is_untraced(value) or not self.databases(match[1]):
            return ()
        return (Collection(Database(None, None, "unknown"), match[2] or match[3]),)

    @cached_property
    def _guesses(self) -> bool:
        """Whether the model itself takes collections of this file by the name of an untraced database."""
        return any(
            operation.module == self.module
            and operation.confidence == "inferred"
            and operation.collection is not None
            and operation.flavour == "unknown"
            for operation in self.project.operations
        )

    # Expressions

    def _value(self, node: ast.expr) -> Value:
        if self._depth > _MAX_DEPTH:
            return (UNKNOWN,)
        self._depth += 1
        try:
            return self._read(node)
        finally:
            self._depth -= 1

    def _read(self, node: ast.expr) -> Value:
        match node:
            case ast.Constant(value=value):
                return (const(value),)
            case ast.Name(id=name):
                return self._name(name)
            case ast.Await(value=inner) | ast.NamedExpr(value=inner):
                return self._value(inner)
            case ast.Attribute(value=base, attr=name):
                return join(self.link.attribute(atom, name) for atom in self._value(base))
            case ast.Subscript(value=base, slice=key):
                keys = self._value(key)
                return join(self.link.item(atom, keys) for atom in self._value(base))
            case ast.IfExp(body=one, orelse=other):
                return join([self._value(one), self._value(other)])
            case ast.BoolOp(values=values):
                return join(self._value(each) for each in values)
            case ast.Call():
                return join(self._called(atom, node) for atom in self._value(node.func))
        return (UNKNOWN,)

    def _called(self, atom: Atom, node: ast.Call) -> Value:
        if type(atom) is FunctionRef:
            return functions.returned(self.link, atom, self._env(atom, node))
        if type(atom) is ClassRef:
            return (Instance(atom.module, atom.scope),)
        if type(atom) is External:
            made = driver.annotated(atom.name)
            return (UNKNOWN,) if made is None else (made,)
        return self._of_driver(atom, node) if type(atom) is Method else (UNKNOWN,)

    def _of_driver(self, method: Method, node: ast.Call) -> Value:
        """What a method of a driver object gives; of what makes a cursor, its collection."""
        receiver = method.receiver
        if not isinstance(receiver, Client | Database | Collection | Cursor):
            return (UNKNOWN,)
        spec = driver.methods_of(receiver).get(method.name)
        returns = spec.returns if spec else "none"
        given = [each for each in node.args if not isinstance(each, ast.Starred)]
        given += [each.value for each in node.keywords if each.arg == "name"]
        names: list[str | None] = [*strings(self._value(given[0]))] if given else []
        if returns == "database" and isinstance(receiver, Client):
            return tuple(Database(receiver, name, receiver.flavour) for name in names or [None])
        if returns == "collection" and isinstance(receiver, Database):
            return tuple(Collection(receiver, name) for name in names or [None])
        if returns in ("cursor", "command-cursor") and isinstance(receiver, Collection):
            self._cursors.append(receiver)
            return (Cursor(returns, receiver.database.flavour, _HERE, len(self._cursors) - 1),)
        if returns in ("cursor", "command-cursor", "collection", "database", "client"):
            return (receiver,)
        return (UNKNOWN,)

    def _env(self, function: FunctionRef, node: ast.Call) -> Env | None:
        """The environment in which a call runs a function of the project."""
        link = self.link
        params = list(link.scope(function.module, function.scope).params)
        bindings: dict[str, Value] = {}
        if function.receiver is not None and params and not link.hierarchy.is_static(function):
            bindings[params.pop(0).name] = (function.receiver,)
        positional = [param.name for param in params if param.kind == "positional"]
        bindings.update((name, self._value(given)) for name, given in zip(positional, node.args, strict=False))
        bindings.update((each.arg, self._value(each.value)) for each in node.keywords if each.arg is not None)
        for param in params:
            if param.name not in bindings and param.default is not None:
                bindings[param.name] = link.value(function.module, param.default, function.env)
        return link.env(function.module, function.scope, bindings, function.env, None)

    # Names

    def _name(self, name: str) -> Value:
        if name not in self._names:
            self._names[name] = self._modelled(name)  # for ``x = f(x)``
            assigned = join(self._first_whole(lines) for lines in self._assigned(name))
            if informative(assigned):
                self._names[name] = assigned
        return self._names[name]

    def _first_whole(self, lines: list[str]) -> Value:
        """What the first lines are that make up an expression."""
        for count in range(1, len(lines) + 1):
            tree = parsed("\n".join(lines[:count]))
            if tree is not None:
                return self._value(tree)
        return (UNKNOWN,)

    def _assigned(self, name: str) -> Iterator[list[str]]:
        """What the buffer gives a name before the place, in the same function."""
        pattern = re.compile(rf"^[ \t]+{re.escape(name)}[ \t]*(?::[^=\n]+)?=(?!=)[ \t]*", re.MULTILINE)
        for match in pattern.finditer(self._before, self._function) if self._function >= 0 else ():
            yield self._before[match.end() : match.end() + _MAX_LENGTH].splitlines()[:_MAX_LINES]

    def _modelled(self, name: str) -> Value:
        scope = self.link.scope(self.module, self._scope)
        while scope.index > 0:
            rows = scope.defs.get(name) if scope.kind != "class" else None
            if rows:
                return self.link.values(self.module, rows)
            if any(param.name == name for param in scope.params):
                return functions.parameter(self.link, self.module, scope.index, name)
            scope = self.link.scope(self.module, scope.parent)
        return self.link.global_name(self.module, name) or (UNKNOWN,)

    def _find_scope(self, names: list[str]) -> int:
        """The function of the model with these names around it; the module where there is none."""
        current = 0
        for name in names:
            scopes = self.project.modules[self.module].scopes
            found = [scope.index for scope in scopes if scope.parent == current and scope.name == name]
            if not found:
                return current
            current = found[-1]
        return current


def _last(source: str) -> str:
    return source.rpartition(".")[2].strip()


def _is_untraced(value: Value) -> bool:
    return all(atom in (UNKNOWN, NONE) for atom in value)
