"""Whether code runs each time its function is called, or only the first time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mongolint.facts.shapes import ModuleFacts
from mongolint.link.atoms import FunctionRef
from mongolint.link.rowtools import reached_rows

if TYPE_CHECKING:
    from mongolint.link.linker import Linker

# What a request brings, under its usual names: a test of it says nothing of earlier calls
_OF_THE_REQUEST = frozenset(["request", "req"])


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
    return not any(_tells_of_before(facts, test) for test in tests)


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


def _tells_of_before(facts: ModuleFacts, test: int) -> bool:
    for node in reached_rows(facts, test).values():
        if node[0] == "free" and node[2] not in _OF_THE_REQUEST:
            return True
        if node[0] == "from" and node[2] not in _OF_THE_REQUEST:
            return True
        if node[0] in ("call", "unknown"):
            return True
        if node[0] == "attr" and facts.nodes[node[1]][0] == "param" and facts.nodes[node[1]][2] in ("self", "cls"):
            return True
    return False
