"""What each kind of row can be."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from mongolint.facts.shapes import Row
from mongolint.link import functions
from mongolint.link.atoms import (
    UNKNOWN,
    ClassRef,
    Const,
    Elements,
    Env,
    External,
    FilePath,
    FunctionRef,
    Literal,
    Pair,
    Setting,
    Value,
    const,
    informative,
    join,
    strings,
    without_none,
)
from mongolint.link.kept import kept
from mongolint.link.settings import paths

if TYPE_CHECKING:
    from mongolint.link.linker import Linker

# That one expression can be: names of collections that a helper is called with, each with a prefix
_MOST_TEXTS = 64


def pin_scope(row: int) -> int:
    """The scope number under which an environment holds one element of the loop over ``row``."""
    return -2 - row


def evaluate(link: Linker, module: int, row: int, env: Env | None) -> Value:
    """The alternatives of one row."""
    node = link.literal(module, row) or link.node(module, row)
    handler = _HANDLERS.get(node[0])
    return handler(link, module, row, node, env) if handler else (UNKNOWN,)


def _free(link: Linker, module: int, row: int, node: Row, env: Env | None) -> Value:
    _, index, name = node
    scope = link.scope(module, index)
    while scope.index > 0:
        found = link.bound(module, scope.index, name).defs if scope.kind != "class" else None
        if found:
            return link.values(module, found, env)
        scope = link.scope(module, scope.parent)
    found = link.global_name(module, name)
    if found and not informative(found):
        # ``database = None`` here, and whoever connects stores it from outside: ``mongo.database = client.app``
        return join([found, link.stores.on_module(link.module_ref(link.path(module)), name)])
    if not found and name == "__file__":
        return (FilePath(module, row, env, ()),)
    return found or (External(f"builtins.{name}"),)


def _param(link: Linker, module: int, row: int, node: Row, env: Env | None) -> Value:
    _, scope, name = node
    bound = env.lookup(module, scope) if env else None
    if bound is not None and name in bound.bindings:
        return bound.bindings[name]
    return functions.parameter(link, module, scope, name)


def _attr(link: Linker, module: int, row: int, node: Row, env: Env | None) -> Value:
    base = link.value(module, node[1], env)
    return join(link.attribute(atom, node[2]) for atom in base) or (UNKNOWN,)


def _item(link: Linker, module: int, row: int, node: Row, env: Env | None) -> Value:
    base = link.value(module, node[1], env)
    if any(type(atom) is External and atom.name.startswith(("typing.", "typing_extensions.")) for atom in base):
        return (Literal(module, row, env),)  # an alias: ``Database = Annotated[AsyncDatabase, Depends(get_db)]``
    key = link.value(module, node[2], env)
    if link.node(module, node[2])[0] == "slice":
        return join(_sliced(link, atom, key) for atom in base) or (UNKNOWN,)
    found = join(link.item(atom, key) for atom in base)
    return found if informative(found) else kept(link, module, row, env) or found or (UNKNOWN,)


def _sliced(link: Linker, atom: Any, key: Value) -> Value:
    """``atom[begin:end]``: some of its elements, in a list of their own."""
    if type(atom) is Elements:
        return (atom,)
    if type(atom) in (Literal, Pair):
        return (Elements(link.elements((atom,))),)
    return link.item(atom, key)


def _literal(link: Linker, module: int, row: int, node: Row, env: Env | None) -> Value:
    return (Literal(module, row, env),)


def _fstring(link: Linker, module: int, row: int, node: Row, env: Env | None) -> Value:
    texts = [""]
    for part in node[1]:
        value = link.value(module, part, env)
        parts = [str(a.value) for a in value if type(a) is Const and a.kind in ("str", "int")]
        if not parts or len(parts) != len(value) or len(parts) * len(texts) > _MOST_TEXTS:
            return (UNKNOWN,)
        texts = [text + part for text in texts for part in parts]
    return tuple(const(text) for text in texts)


def _binop(link: Linker, module: int, row: int, node: Row, env: Env | None) -> Value:
    _, operator, left, right = node
    lefts, rights = link.value(module, left, env), link.value(module, right, env)
    if operator == "+":
        befores, afters = strings(lefts), strings(rights)
        if (len(befores), len(afters)) == (len(lefts), len(rights)) and 0 < len(befores) * len(afters) <= _MOST_TEXTS:
            return tuple(dict.fromkeys(const(before + after) for before in befores for after in afters))
        if not any(type(atom) in (Literal, Elements) for atom in (*lefts, *rights)):
            return (UNKNOWN,)
        # One list behind the other is neither of them; a loop that adds to its own list comes back to nothing
        return (Literal(module, row, env),) if lefts and rights else lefts or rights
    if operator == "%" and len(strings(lefts)) == 1 and len(strings(rights)) == 1:
        text = strings(lefts)[0]
        return (const(text.replace("%s", strings(rights)[0])),) if text.count("%") == 1 else (UNKNOWN,)
    if operator == "*":  # 30 * 24 * 60 * 60
        factors = [atom.value for atom in (*lefts, *rights) if type(atom) is Const and atom.kind == "int"]
        return (const(factors[0] * factors[1]),) if len(factors) == len(lefts) + len(rights) == 2 else (UNKNOWN,)
    if operator == "/":
        return paths.divided(lefts, module, row, env)
    return join([lefts, rights]) if operator == "|" else (UNKNOWN,)


def _bool(link: Linker, module: int, row: int, node: Row, env: Env | None) -> Value:
    values = [link.value(module, operand, env) for operand in node[2]]
    if node[1] == "and":
        return values[-1]
    # In ``name or "users"`` the literal is the default: what else it may be, only the running program knows
    if strings(values[-1]) and len(strings(values[-1])) == len(values[-1]):
        return join([tuple(a for a in v if type(a) is Const and a.value) for v in values])
    return join([*(without_none(value) for value in values[:-1]), values[-1]])


def _ifexp(link: Linker, module: int, row: int, node: Row, env: Env | None) -> Value:
    return link.values(module, node[2:4], env)


def _same(link: Linker, module: int, row: int, node: Row, env: Env | None) -> Value:
    return link.value(module, node[1], env)


def _func(link: Linker, module: int, row: int, node: Row, env: Env | None) -> Value:
    return (FunctionRef(module, node[1], None, env),)


def _class(link: Linker, module: int, row: int, node: Row, env: Env | None) -> Value:
    return (ClassRef(module, node[1]),)


def _module(link: Linker, module: int, row: int, node: Row, env: Env | None) -> Value:
    path = link.imports.resolve(link.path(module), node[1])
    return (External(node[1]) if path is None else link.module_ref(path),)


def _from(link: Linker, module: int, row: int, node: Row, env: Env | None) -> Value:
    _, dotted, name, level = node
    importer = link.path(module)
    path = link.imports.resolve(importer, dotted, level)
    if path is None:
        return (UNKNOWN,) if level else (External(f"{dotted}.{name}"),)
    return link.member(link.module_ref(path), name)


def _phi(link: Linker, module: int, row: int, node: Row, env: Env | None) -> Value:
    return link.values(module, node[1], env)


def _iter(link: Linker, module: int, row: int, node: Row, env: Env | None) -> Value:
    pinned = env.lookup(module, pin_scope(row)) if env else None
    if pinned is not None:
        return pinned.bindings[""]
    return link.elements(link.value(module, node[1], env))


def _unpack(link: Linker, module: int, row: int, node: Row, env: Env | None) -> Value:
    _, whole, index, _count = node
    return join(_position(link, atom, index) for atom in link.value(module, whole, env)) or (UNKNOWN,)


def _position(link: Linker, atom: Any, index: int) -> Value:
    if type(atom) is Pair:
        return atom.items[index] if index < len(atom.items) else (UNKNOWN,)
    if type(atom) is Elements:
        return atom.items
    return link.item(atom, (const(index),))


def _context(link: Linker, module: int, row: int, node: Row, env: Env | None) -> Value:
    found: list[Value] = []
    for atom in link.value(module, node[1], env):
        if type(atom) is Elements:
            found.append(atom.items)
            continue
        entered: Value = ()
        for name in ("__enter__", "__aenter__"):
            for method in link.hierarchy.methods(atom, name):
                entered = join([entered, functions.returned(link, method, None)])
        found.append(entered if informative(entered) else (atom,))
    return join(found) or (UNKNOWN,)


def _changed(link: Linker, module: int, row: int, node: Row, env: Env | None) -> Value:
    base = link.value(module, node[1], env)
    if any(type(atom) is Literal for atom in base):
        return (Literal(module, row, env),)
    return (UNKNOWN,) if any(type(atom) is Setting for atom in base) else base


def _typed(link: Linker, module: int, row: int, node: Row, env: Env | None) -> Value:
    value = link.value(module, node[2], env) if node[2] is not None else ()
    if informative(value) and UNKNOWN not in value:
        return value
    hint = link.annotated(module, node[1], env)
    return join([value, hint]) if informative(hint) else (value or (UNKNOWN,))


def _call(link: Linker, module: int, row: int, node: Row, env: Env | None) -> Value:
    callees = link.value(module, node[1], env)
    return join(link.call(atom, module, row, env) for atom in callees) or (UNKNOWN,)


_HANDLERS: dict[str, Callable[[Linker, int, int, Row, Env | None], Value]] = {
    "free": _free,
    "param": _param,
    "attr": _attr,
    "item": _item,
    "fstr": _fstring,
    "binop": _binop,
    "bool": _bool,
    "ifexp": _ifexp,
    "await": _same,
    "star": _same,
    "func": _func,
    "class": _class,
    "module": _module,
    "from": _from,
    "phi": _phi,
    "iter": _iter,
    "unpack": _unpack,
    "ctx": _context,
    "setitem": _changed,
    "mutated": _changed,
    "delitem": _changed,
    "dict": _literal,
    "seq": _literal,
    "comp": _literal,
    "call": _call,
    "typed": _typed,
}
