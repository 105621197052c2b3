"""Whether code runs each time its function is called, or only the first time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mongolint.link.atoms import External, ExternalObject, FunctionRef
from mongolint.link.rowtools import operands

if TYPE_CHECKING:
    from mongolint.link.linker import Linker

# What a request brings, under its usual names: a test of it says nothing of earlier calls
_OF_THE_REQUEST = frozenset(["request", "req"])
# Where frameworks keep what one request needs; the next one finds it empty
_STATES = frozenset(
    ["flask.g", "flask.globals.g", "quart.g", "quart.globals.g", "flask._app_ctx_stack", "flask._app_ctx_stack.top"]
)


def is_each_time(link: Linker, module: int, scope: int, row: int, context: int) -> bool:
    """Whether a place runs at each call of its function, as far as kept results and flags tell.

    A condition counts as such a flag when it tests more than the parameters: a global, an attribute of the object,
    what another call says. So does a ``return`` before the place under such a condition.
    """
    if scope and is_kept(link, module, scope):
        return False
    facts = link.modules[module]
    around = facts.chain(context)
    if any(entry.kind == "handler" for entry in around):
        return False
    tests = [entry.ref for entry in around if entry.kind in ("then", "otherwise")]
    for _, where in facts.scopes[scope].returns:
        tests += [entry.ref for entry in facts.chain(where) if entry.kind == "then" and entry.ref < row]
    return not any(_tells_of_before(link, module, test) for test in tests)


def is_kept(link: Linker, module: int, scope: int) -> bool:
    """Whether the result of a function is kept: by a caching decorator, or on the class that makes single objects."""
    function = FunctionRef(module, scope)
    if any("cache" in name or "memo" in name or "once" in name for name in link.hierarchy.decorators(function)):
        return True
    cls = link.method_class(module, scope)
    if cls is None or link.scope(module, scope).name not in ("__init__", "__new__"):
        return False
    owner = link.scope(*cls)
    plain = all(link.node(cls.module, row)[0] in ("free", "from") for row in owner.decorators)
    named = {link.node(cls.module, row)[2] for row in owner.decorators} if plain else {""}
    makes_itself = link.hierarchy.find(cls, "__new__") is not None
    return makes_itself or not named <= {"dataclass", "final"} or any(name == "metaclass" for name, _ in owner.keywords)


def _tells_of_before(link: Linker, module: int, test: int) -> bool:
    facts = link.modules[module]
    pending, seen = [test], set[int]()
    while pending:
        row = pending.pop()
        if row in seen or _is_of_the_request(link, module, row):
            continue
        seen.add(row)
        node = facts.nodes[row]
        if node[0] == "call" and _asks_the_request(link, module, row):
            pending += [given for _, given in node[2]]
            continue
        if node[0] in ("free", "from", "call", "unknown"):
            return True
        if node[0] == "attr" and facts.nodes[node[1]][0] == "param" and facts.nodes[node[1]][2] in ("self", "cls"):
            return True
        pending += operands(node)
    return False


def _asks_the_request(link: Linker, module: int, call: int) -> bool:
    """Whether a call only looks what the request keeps: ``getattr(g, "db", None)``, ``g.get("db")``."""
    facts = link.modules[module]
    _, function, args = facts.nodes[call]
    asked = facts.nodes[function]
    if asked[0] == "attr":
        return asked[2] in ("get", "pop", "setdefault") and _is_of_the_request(link, module, asked[1])
    is_builtin = asked[0] == "free" and asked[2] in ("getattr", "hasattr")
    return is_builtin and bool(args) and _is_of_the_request(link, module, args[0][1])


def _is_of_the_request(link: Linker, module: int, row: int) -> bool:
    """Whether an object lives no longer than a request."""
    node = link.node(module, row)
    if node[0] not in ("free", "from", "attr"):
        return False
    if node[0] != "attr" and node[2] in _OF_THE_REQUEST:
        return True
    return any(type(atom) in (External, ExternalObject) and atom.name in _STATES for atom in link.value(module, row))
