"""Whether what a loop goes through is in the source: literals, constants, and what only reorders or numbers these."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mongolint.facts.shapes import Row
from mongolint.link import annotations as hints
from mongolint.link.atoms import (
    ClassRef,
    Const,
    External,
    ExternalObject,
    FunctionRef,
    Instance,
    Literal,
    Unknown,
    Value,
)
from mongolint.link.atoms import Method as BoundMethod
from mongolint.link.externals import ORDERED
from mongolint.link.rowtools import is_set_once, reached_rows
from mongolint.project.catalog.pace import REORDERING

if TYPE_CHECKING:
    from mongolint.link.linker import Linker

_SAME_ENTRIES = frozenset(["items", "keys", "values", "iteritems", "iterkeys", "itervalues", "copy"])


def is_bounded(link: Linker, module: int, row: int) -> bool:
    """A literal, a constant that is one, ``range(3)``, and what only reorders or numbers these."""
    node = link.node(module, row)
    if node[0] == "call":
        callee = link.value(module, node[1])
        names = {a.name for a in callee if type(a) is External}
        if names & {"builtins.range"}:
            return all(_is_number(link, module, arg) for _, arg in node[2])
        if names & REORDERING:
            return bool(node[2]) and is_bounded(link, module, node[2][0][1])
        function = link.node(module, node[1])
        if function[0] == "attr" and function[2] in _SAME_ENTRIES:
            return is_bounded(link, module, function[1])
        run = list(link.functions_called(module, row))
        if run and all(_yields_once(link, each) or _is_coroutine(link, each) for each in run):
            return True
    if node[0] == "item" and link.node(module, node[2])[0] == "slice":
        most = link.node(module, node[2])[1]
        return (most is not None and most <= 1) or is_bounded(link, module, node[1])
    if _is_ordered(link, module, row) or _is_listed(link, module, node) or _is_written_out(link, module, row):
        return True
    literals = [atom for atom in link.value(module, row) if type(atom) is Literal]
    if len(literals) != len(link.value(module, row)) or not all(_is_literal(link, atom) for atom in literals):
        return False
    # An empty literal alone is there to be filled; of a parameter, the next caller may pass more
    reached = reached_rows(link.modules[module], row).values()
    passed = any(n[0] == "param" for n in reached) and not _is_class_constant(link, module, row)
    return any(_size(link, atom) for atom in literals) and (not passed or _holds_code(link, literals))


def _yields_once(link: Linker, function: FunctionRef) -> bool:
    """What a framework would inject, gone through for the one thing that it gives: ``async for db in get_db():``."""
    facts = link.modules[function.module]
    is_one = len(link.scope(function.module, function.scope).yields) == 1
    return is_one and not any(loop.scope == function.scope for loop in facts.loops)


def _is_coroutine(link: Linker, function: FunctionRef) -> bool:
    """What yields nothing and has to be awaited: a loop over the call itself is never gone through, it raises."""
    scope = link.scope(function.module, function.scope)
    return scope.is_async and not scope.yields and not scope.decorators


def _is_written_out(link: Linker, module: int, row: int) -> bool:
    """A list that is filled item by item, outside of loops: ``[]``, ``ways.append(…)``, ``ways.append(…)``."""
    facts = link.modules[module]
    chain: set[int] = set()
    ways: list[tuple[int, frozenset[int]]] = [(row, frozenset())]
    while ways:
        row, above = ways.pop()
        node = facts.nodes[row]
        if row in above:
            return False  # a loop adds to it
        chain.add(row)
        if node[0] == "phi":
            ways += [(each, above | {row}) for each in node[1]]
        elif node[0] == "mutated":
            name, given = facts.nodes[facts.nodes[node[2]][1]][2], facts.nodes[node[2]][2]
            if name not in ("append", "add", "insert") or any(keyword is not None for keyword, _ in given):
                return False
            ways.append((node[1], above | {row}))
        elif node[0] != "seq" or not _is_literal(link, Literal(module, row, None)):
            return False
    handed_on = (given for call in facts.calls for _, given in facts.nodes[call.row][2] if given in chain)
    return any(facts.nodes[each][0] == "mutated" for each in chain) and not any(handed_on)


def _is_listed(link: Linker, module: int, node: Row) -> bool:
    """A parameter or variable that is annotated as a dict by the names of an enumeration."""
    annotation = node[1] if node[0] == "typed" else None
    if node[0] == "param":
        params = link.scope(module, node[1]).params
        annotation = next((param.annotation for param in params if param.name == node[2]), None)
    return annotation is not None and hints.is_listed(link, module, annotation)


def _is_ordered(link: Linker, module: int, row: int) -> bool:
    """``OrderedDict([("a", 1), …])``, and one made of the items of another."""
    made = link.value(module, row)
    sites = [atom for atom in made if type(atom) is ExternalObject and atom.name == ORDERED and atom.row >= 0]
    return bool(sites) and len(sites) == len(made) and all(_holds_constants(link, *site[1:]) for site in sites)


def _holds_constants(link: Linker, module: int, row: int) -> bool:
    given = link.node(module, row)[2]
    if len(given) != 1 or given[0][0] is not None:
        return False
    items = link.node(module, given[0][1])
    if items[0] != "comp":
        return items[0] in ("seq", "dict") and is_bounded(link, module, given[0][1])
    below = reached_rows(link.modules[module], given[0][1]).values()
    sources = {node[1] for node in below if node[0] == "iter"}
    return bool(sources) and all(is_bounded(link, module, source) for source in sources)


def _is_class_constant(link: Linker, module: int, row: int) -> bool:
    """``self.STATES`` of a class that binds the name in its body, or once, to a literal, in its constructor."""
    node = link.node(module, row)
    base = link.node(module, node[1]) if node[0] == "attr" else ("none",)
    if base[0] != "param" or base[2] not in ("self", "cls"):
        return False
    cls = link.method_class(module, base[1])
    bound = link.bound(*cls, node[2]) if cls is not None else None
    in_body = bound is not None and (bool(bound.defs) or bound.final is not None)
    return in_body or (cls is not None and is_set_once(link.modules[cls[0]], node[2]))


def _sides(link: Linker, atom: Literal) -> Value:
    """The lists of which one stands behind the other."""
    return link.values(atom.module, link.node(atom.module, atom.row)[2:4], atom.env)


def _size(link: Linker, atom: Literal) -> int:
    node = link.node(atom.module, atom.row)
    if node[0] == "binop":
        return sum(_size(link, part) for part in _sides(link, atom) if type(part) is Literal)
    return len(node[1] if node[0] == "dict" else node[2])


def _holds_code(link: Linker, literals: list[Literal]) -> bool:
    """Steps, handlers, plug-ins: as many as somebody has written."""
    items = link.elements(tuple(literals))
    made = {(atom.module, atom.scope) for atom in items if type(atom) is Instance}
    # Among objects of several classes, what is not known is one more of them
    code = (Instance, ClassRef, FunctionRef, BoundMethod, *([Unknown] if len(made) > 1 else ()))
    return all(type(atom) in code for atom in items)


def _is_number(link: Linker, module: int, row: int) -> bool:
    value = link.value(module, row)
    return bool(value) and all(type(a) is Const for a in value)


def _is_literal(link: Linker, atom: Literal, within: frozenset[Literal] = frozenset()) -> bool:
    """A literal with all its items in the source; not a list that a loop adds to, which is ``within`` itself."""
    node = link.node(atom.module, atom.row)
    if node[0] == "dict":
        return all(key is not None for key, _ in node[1])
    if node[0] == "binop":
        inner = within | {atom}
        return atom not in within and all(
            type(part) is Literal and _is_literal(link, part, inner) for part in _sides(link, atom)
        )
    return node[0] == "seq" and all(link.node(atom.module, r)[0] != "star" for r in node[2])
