"""What a function knows of a parameter for which its caller passes a document that was found.

``Analysis(db.analysis.find_one(…))`` of a class that is a dict: what stands under ``if "_id" not in self:`` is for new
documents, and is not run.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mongolint.fastclasses import NamedTuple
from mongolint.link import functions
from mongolint.link.atoms import DRIVER_ATOMS, Bulk, Env, External, FunctionRef, Method

if TYPE_CHECKING:
    from mongolint.facts.shapes import Row
    from mongolint.link.linker import Linker

# With no more arguments than these they give all fields of a document
_BY_FILTER = {"find_one": 1, "find_one_or_404": 1, "find_one_and_update": 2, "find_one_and_replace": 2}


class Found(NamedTuple):
    """The parameters of a function that are documents; whether the object that is made is one of them, too."""

    names: frozenset[str]
    receiver: str | None


def found(link: Linker, module: int, row: int, function: FunctionRef, env: Env | None) -> Found | None:
    """Which parameters of a function the call at ``row`` passes documents for, that the database has."""
    scope = link.scope(function.module, function.scope)
    params = [param.name for param in scope.params if param.kind == "positional"]
    receiver = params.pop(0) if function.receiver is not None and params else None
    given, complete = functions.arguments(link, module, row, env)
    position, names = 0, set()
    for arg in given if complete else ():
        name = arg.keyword
        if name is None:
            name = params[position] if position < len(params) else None
            position += 1
        if name in params and arg.row is not None and _is_found(link, module, arg.row, env):
            names.add(name)
    if not names:
        return None
    return Found(frozenset(names), receiver if _becomes(link, function, names) else None)


def _is_found(link: Linker, module: int, row: int, env: Env | None) -> bool:
    node = link.node(module, row)
    if node[0] == "await":
        node = link.node(module, node[1])
    if node[0] != "call":
        return False
    for atom in link.value(module, node[1], env):
        if type(atom) is Method and _finds(atom):
            positional = [keyword for keyword, _ in node[2] if keyword is None]
            return len(positional) == len(node[2]) <= _BY_FILTER[atom.name]
    return False


def _finds(method: Method) -> bool:
    return isinstance(method.receiver, DRIVER_ATOMS) and type(method.receiver) is not Bulk and method.name in _BY_FILTER


def _becomes(link: Linker, function: FunctionRef, names: set[str]) -> bool:
    """Whether a constructor of a dict hands one of its parameters on to ``__init__`` of a class above it."""
    cls = link.method_class(function.module, function.scope)
    facts = link.modules[function.module]
    if cls is None or facts.scopes[function.scope].name != "__init__":
        return False
    if "builtins.dict" not in link.hierarchy.external_bases(cls):
        return False
    for call in facts.calls:
        called = facts.nodes[facts.nodes[call.row][1]]
        if call.scope == function.scope and called[0] == "attr" and called[2] == "__init__":
            passed = {facts.nodes[arg] for _, arg in facts.nodes[call.row][2]}
            if passed & {("param", function.scope, name) for name in names}:
                return True
    return False


def outcome(link: Linker, module: int, row: int, scope: int, known: Found) -> bool | None:
    """Whether a test of a function holds for the documents that it is passed; None where they do not decide it."""
    node = link.node(module, row)
    if node[0] == "compare" and node[1] in (("In",), ("NotIn",)) and link.node(module, node[2][0]) == ("const", "_id"):
        tested = _base(link, module, node[2][1])
        names = known.names if known.receiver is None else known.names | {known.receiver}
        return node[1] == ("In",) if tested in [("param", scope, name) for name in names] else None
    if node[0] == "call" and len(node[2]) == 2 and _names(link, module, node[1]) == "builtins.isinstance":
        tested = _base(link, module, node[2][0][1])
        is_dict = _names(link, module, node[2][1][1]) == "builtins.dict"
        return True if is_dict and tested in [("param", scope, name) for name in known.names] else None
    return None


def _base(link: Linker, module: int, row: int) -> Row:
    """What an expression is before items were set on it."""
    node = link.node(module, row)
    while node[0] == "setitem":
        node = link.node(module, node[1])
    return node


def _names(link: Linker, module: int, row: int) -> str:
    """The one external name that an expression is."""
    value = link.value(module, row)
    return value[0].name if len(value) == 1 and type(value[0]) is External else ""
