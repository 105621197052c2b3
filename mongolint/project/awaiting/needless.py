"""``await`` on what cannot be awaited: cursors, sessions, collections, whatever the synchronous driver gives."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from mongolint.fastclasses import NamedTuple
from mongolint.link.states.memory import held_by
from mongolint.mongo.methods import TABLES
from mongolint.project.reach.uses import own_name

if TYPE_CHECKING:
    from mongolint.facts.shapes import ModuleFacts
    from mongolint.project.awaiting.runtime import Runtime, Thing
    from mongolint.project.model import Project

_METHODS = frozenset(name for table in TABLES.values() for name in table)
_KNOWN = ("sync", "async", "motor")
_CURSORS = ("cursor", "command-cursor")


class Needless(NamedTuple):
    """An ``await`` at ``row`` on ``inner``, which is ``thing``.

    ``is_function``: the thing is what a function of the project returns. ``wants_documents``: a cursor is used as if
    it were the documents.
    """

    module: int
    row: int
    inner: int
    thing: Thing
    is_function: bool
    wants_documents: bool


def find(project: Project, runtime: Runtime) -> Iterator[Needless]:
    for module in range(len(project.modules)):
        yield from _in_module(project, runtime, module)


@held_by
def _names(project: Project) -> frozenset[str]:
    """Last names of the driver's methods, and of the functions of the project that are not to be awaited."""
    every = range(len(project.modules))
    return _METHODS.union(*(project.link.of_module(_plain_functions, module) for module in every))


def _plain_functions(facts: ModuleFacts, index: int) -> set[str]:
    return {scope.name for scope in facts.scopes if scope.kind == "function" and not scope.is_async}


@held_by
def _in_module(project: Project, runtime: Runtime, module: int) -> list[Needless]:
    facts, names, found = project.modules[module], _names(project), []
    for row, node in facts.of_kind("await"):
        if not _is_candidate(facts, node[1], names):
            continue
        made = runtime.of(module, node[1])
        if made and not any(thing.is_pending or thing.flavour not in _KNOWN for thing in made):
            kinds = {(thing.kind, thing.flavour, thing.method) for thing in made}
            if len(kinds) == 1:
                found.append(_needless(project, module, row, node[1], made[0]))
    return found


def _is_candidate(facts: ModuleFacts, row: int, names: frozenset[str] | set[str]) -> bool:
    node = facts.nodes[row]
    if node[0] == "call":
        return own_name(facts, node[1]) in names
    return node[0] in ("attr", "item") and facts.nodes[node[1]][0] in ("attr", "item", "free", "from", "param", "call")


def _needless(project: Project, module: int, row: int, inner: int, thing: Thing) -> Needless:
    facts = project.modules[module]
    node = facts.nodes[inner]
    is_function = node[0] == "call" and own_name(facts, node[1]) != thing.method
    wants = thing.kind in _CURSORS and thing.flavour != "sync" and not _is_read_as_cursor(project, module, row)
    return Needless(module, row, inner, thing, is_function, wants)


def _is_read_as_cursor(project: Project, module: int, row: int) -> bool:
    """Whether all that is done with it is what cursors are for."""
    facts = project.modules[module]
    parents = project.reachability.uses.parents(module)
    methods = TABLES["cursor"].keys() | TABLES["command-cursor"].keys()
    users = list(parents.of.get(row, ()))
    if any(use.row == row for use in facts.uses) or any(True for _ in parents.anchored(row)):
        return False
    loops = any(loop.iterable == row and loop.is_async for loop in facts.loops)
    steps = [parent for parent in users if facts.nodes[parent][0] == "attr" and facts.nodes[parent][2] in methods]
    other = [p for p in users if p not in steps and facts.nodes[p][0] != "iter"]
    return bool(loops or steps) and not other
