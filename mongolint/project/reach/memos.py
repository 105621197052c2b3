"""Caches made by hand: what stands under a test that a kept value is missing, in a function that then stores it.

``if self._names is None: self._names = …``, ``if key in KEPT: return KEPT[key]`` before the rest, and the like with
``cache.get(…)`` and ``cache.set(…)``, or a dict that is the default of a parameter. Says what the code of a function
says by itself; who calls it, is not asked.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

from mongolint.facts.shapes import ModuleFacts, Row

# A kept value as what names it, whatever rows that takes: ("attr", ("param", 1, "self"), "_names")
Name = tuple[Any, ...]
# For which the value is kept: all, or the object whose method it is
Kept = Literal["", "object", "all"]

_OWN = ("self", "cls")
_STORING = ("set", "setdefault", "put", "add")


def kept_for(facts: ModuleFacts, scope: int, context: int, row: int) -> Kept:
    """For whom a place in a function is come to only once, or once per key; "" where it is not."""
    for name in _missing(facts, scope, context, row):
        kept = _owner(facts, name)
        # Each object is made once, and has nothing before
        if kept and _is_stored(facts, scope, name) and (kept == "all" or not makes_object(facts, scope)):
            return kept
    return ""


def makes_object(facts: ModuleFacts, scope: int) -> bool:
    """Whether a function runs for an object of its own each time."""
    return facts.scopes[scope].name in ("__init__", "__new__", "__post_init__")


def owner_of(facts: ModuleFacts, row: int) -> Kept:
    """Whether what ``row`` names is the object of the method it stands in ("object"), or one for all."""
    return _owner(facts, _name(facts, row))


def _missing(facts: ModuleFacts, scope: int, context: int, row: int) -> Iterator[Name]:
    """The values that are missing where a place is come to."""
    around = facts.chain(context)
    for entry in around:
        if entry.kind in ("then", "otherwise"):
            yield from _tested(facts, entry.ref, missing=entry.kind == "then")
    outer = [*around, facts.contexts[facts.scopes[scope].context]]
    for _, place in facts.scopes[scope].returns:
        entry = facts.contexts[place]
        if entry.kind in ("then", "otherwise") and entry.begins <= row and not any(entry is each for each in around):
            if any(facts.contexts[entry.parent] is each for each in outer):
                yield from _tested(facts, entry.ref, missing=entry.kind == "otherwise")


def _tested(facts: ModuleFacts, row: int, *, missing: bool) -> Iterator[Name]:
    """The values that are missing if a test holds, or (``missing`` is False) if it does not.

    Beside another condition, too: ``key in kept and not anew``. Not beside one on the value itself, which is kept for
    the last key only.
    """
    node = facts.nodes[row]
    match node[0]:
        case "not":
            yield from _tested(facts, node[1], missing=not missing)
        case "bool":
            for part in node[2]:
                others = [_named(facts, other) for other in node[2] if other != part]
                for name in _tested(facts, part, missing=missing):
                    if name[0] == "item" or not any(name in each for each in others):
                        yield name
        case "compare" if len(node[1]) == 1:
            yield from _compared(facts, node[1][0], *node[2], missing=missing)
        case "call" if (asked := _own_question(facts, node)) is not None:
            own = facts.nodes[facts.nodes[node[1]][1]]
            returned, receiver = asked
            yield from (_renamed(name, receiver, own) for name in _tested(facts, returned, missing=missing))
        case "attr" | "free" | "item" | "call" | "await" if not missing:
            yield from _looked_up(facts, node) or [_name(facts, row)]


def _own_question(facts: ModuleFacts, node: Row) -> tuple[int, Row] | None:
    """What ``self.is_loaded()`` returns, a method that takes nothing else, and what it calls the object."""
    function = facts.nodes[node[1]]
    own = facts.nodes[function[1]] if function[0] == "attr" else ("none",)
    if node[2] or own[0] != "param" or own[2] != "self":
        return None
    cls = facts.scopes[own[1]].parent
    for scope in facts.scopes:
        if scope.parent == cls and scope.name == function[2] and len(scope.returns) == len(scope.params) == 1:
            return scope.returns[0][0], ("param", scope.index, scope.params[0].name)
    return None


def _renamed(name: Name, old: Row, new: Row) -> Name:
    """The same name, of the object as another function calls it."""
    return new if name == old else tuple(_renamed(part, old, new) if type(part) is tuple else part for part in name)


def _compared(facts: ModuleFacts, operator: str, left: int, right: int, *, missing: bool) -> Iterator[Name]:
    if operator in ("Is", "Equal", "IsNot", "NotEqual"):
        if (operator in ("Is", "Equal")) == missing and _is_nothing(facts, right):
            yield from _looked_up(facts, facts.nodes[left]) or [_name(facts, left)]
    elif operator in ("In", "NotIn"):
        node = facts.nodes[right]
        if node[0] == "seq":
            if (operator == "In") == missing and all(_is_nothing(facts, each) for each in node[2]):
                yield from _looked_up(facts, facts.nodes[left]) or [_name(facts, left)]
        elif (operator == "NotIn") == missing:
            yield ("item", _name(facts, right), _name(facts, left))


def _is_nothing(facts: ModuleFacts, row: int) -> bool:
    """None, or an empty collection."""
    node = facts.nodes[row]
    return node == ("const", None) or (node[0] == "seq" and not node[2]) or node == ("dict", ())


def _looked_up(facts: ModuleFacts, node: Row) -> list[Name]:
    """What ``kept.get(key)``, awaited or not, ``getattr(kept, "name")`` and ``hasattr`` ask for."""
    if node[0] == "await":
        node = facts.nodes[node[1]]
    if node[0] != "call":
        return []
    function, given = facts.nodes[node[1]], [row for keyword, row in node[2] if keyword is None]
    if function[0] == "attr" and function[2] == "get" and given:
        return [("item", _name(facts, function[1]), _name(facts, given[0]))]
    if function[0] == "free" and function[2] in ("getattr", "hasattr") and len(given) > 1:
        return [("attr", _name(facts, given[0]), facts.constant(given[1]))]
    return []


def _name(facts: ModuleFacts, row: int) -> Name:
    node = facts.nodes[row]
    match node[0]:
        case "attr":
            return ("attr", _name(facts, node[1]), node[2])
        case "item":
            return ("item", _name(facts, node[1]), _name(facts, node[2]))
        case "free" | "param" | "from" | "const" | "module":
            return node
        case "ifexp":
            return ("ifexp", *(_name(facts, part) for part in node[1:4]))
        case "call":
            return ("call", _name(facts, node[1]), *((keyword, _name(facts, given)) for keyword, given in node[2]))
    return ("row", row)


def _named(facts: ModuleFacts, row: int) -> set[Name]:
    """All that an expression names."""
    found, pending = set(), [row]
    while pending:
        current = pending.pop()
        node = facts.nodes[current]
        found.add(_name(facts, current))
        match node[0]:
            case "not" | "attr" | "item":
                pending.append(node[1])
            case "bool" | "compare":
                pending += node[2]
            case "call":
                pending += [node[1], *(each for _, each in node[2])]
    return found


def _owner(facts: ModuleFacts, name: Name) -> Kept:
    while name[0] in ("attr", "item"):
        name = name[1]
    if name[0] == "param" and name[2] not in _OWN:
        return _owner_of_default(facts, name)
    if name[0] == "param":
        return "object" if name[2] == "self" else "all"
    if name[0] == "free":
        return "all" if name[2] in facts.scopes[0].defs or name[2] in facts.scopes[0].final else ""
    return "all" if name[0] in ("from", "module") else ""


def _owner_of_default(facts: ModuleFacts, name: Name) -> Kept:
    """``def load(key, _kept={})``: the default is made once, and nobody is meant to pass another."""
    for param in facts.scopes[name[1]].params:
        if param.name == name[2] and param.default is not None:
            node = facts.nodes[param.default]
            return "all" if node[0] == "dict" else _owner(facts, node) if node[0] == "free" else ""
    return ""


def _is_stored(facts: ModuleFacts, scope: int, name: Name) -> bool:
    """Whether a function stores something under a name."""
    if name[0] == "free":
        first, end = facts.scopes[scope].rows
        rows = facts.scopes[0].defs.get(name[2], ())
        return any(first <= row < end and facts.nodes[row] != ("const", None) for row in rows)
    if name[0] == "attr":
        return any(
            (store.name, _name(facts, store.base)) == (name[2], name[1])
            for store in facts.stores
            if store.scope == scope and facts.nodes[store.value] != ("const", None)
        )
    if name[0] != "item":
        return False
    stored = ((each.base, each.name) for each in facts.item_stores if each.scope == scope)
    if any((_name(facts, base), _name(facts, int(key))) == name[1:] for base, key in stored):
        return True
    return any(_is_set(facts, call.row, name) for call in facts.calls if call.scope == scope)


def _is_set(facts: ModuleFacts, row: int, name: Name) -> bool:
    """``kept.set(key, value)``."""
    _, callee, given = facts.nodes[row]
    function = facts.nodes[callee]
    if function[0] != "attr" or function[2] not in _STORING or len(given) < 2:
        return False
    return (_name(facts, function[1]), _name(facts, given[0][1])) == name[1:]
