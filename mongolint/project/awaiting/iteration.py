"""Cursors of an asynchronous driver that are gone through as if they were not."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from mongolint.facts.shapes import ModuleFacts, Offsets
from mongolint.fastclasses import NamedTuple
from mongolint.link.rowtools import alternatives
from mongolint.link.states.memory import held_by
from mongolint.mongo.methods import TABLES
from mongolint.project.entrypoints import words
from mongolint.project.reach.uses import builtin_calls, own_name

if TYPE_CHECKING:
    from mongolint.project.awaiting.runtime import Runtime, Thing
    from mongolint.project.model import Project

BUILTINS = words(
    "list tuple set frozenset dict sorted reversed enumerate sum min max any all zip map filter iter next len"
)
_CURSORS = ("cursor", "command-cursor")
_GIVING = frozenset(n for table in TABLES.values() for n, m in table.items() if m.returns in _CURSORS)


class Iteration(NamedTuple):
    """``row`` is the cursor, ``offsets`` where it stands; ``builtin`` what the call ``call`` gives it to."""

    module: int
    row: int
    offsets: Offsets
    thing: Thing
    builtin: str = ""
    call: int = -1


def find(project: Project, runtime: Runtime) -> Iterator[Iteration]:
    for module in range(len(project.modules)):
        yield from _in_module(project, runtime, module)


@held_by
def _in_module(project: Project, runtime: Runtime, module: int) -> list[Iteration]:
    facts, names, found = project.modules[module], _names(project), []
    for use in facts.uses:
        if use.kind == "iterate" and _may_be_cursor(facts, use.row, names):
            thing = _cursor(runtime, module, use.row)
            if thing is not None:
                offsets = facts.tokens.get(use.row) if facts.nodes[use.row][0] == "call" else use.span
                found.append(Iteration(module, use.row, offsets or use.span, thing))
    for name in sorted(BUILTINS):
        for call in builtin_calls(project.link, module, name):
            rows = [row for keyword, row in facts.nodes[call.row][2] if keyword is None]
            for row in rows[1:] if name in ("map", "filter") else rows:
                thing = _cursor(runtime, module, row) if _may_be_cursor(facts, row, names) else None
                if thing is not None:
                    found.append(Iteration(module, row, facts.tokens[call.row], thing, name, call.row))
    return found


def _cursor(runtime: Runtime, module: int, row: int) -> Thing | None:
    """The cursor of an asynchronous driver that an expression is, if it is nothing else."""
    made = runtime.of(module, row) or ()
    flavours = {thing.flavour for thing in made}
    if made and all(thing.kind in _CURSORS for thing in made) and len(flavours) == 1 and flavours <= {"async", "motor"}:
        return made[0]
    return None


def _may_be_cursor(facts: ModuleFacts, row: int, names: frozenset[str]) -> bool:
    """Whether it is worth asking, by the names alone."""
    return any(facts.nodes[each][0] == "param" or _called(facts, each) in names for each in alternatives(facts, row))


def _called(facts: ModuleFacts, row: int) -> str:
    """The last name of the function that gives a value, be it awaited or entered."""
    node = facts.nodes[row]
    while node[0] in ("await", "typed", "ctx") and node[-1] is not None:
        node = facts.nodes[node[-1]]
    return own_name(facts, node[1]) if node[0] == "call" else ""


def _returned(facts: ModuleFacts, index: int) -> list[tuple[str, set[str]]]:
    """Of each function, the last names of what gives what it returns."""
    return [
        (scope.name, {_called(facts, each) for row, _ in scope.returns for each in alternatives(facts, row)})
        for scope in facts.scopes
    ]


@held_by
def _names(project: Project) -> frozenset[str]:
    """Last names of the methods that give cursors, and of functions that return what they give."""
    found = set(_GIVING)
    link = project.link
    returned = [each for module in range(len(project.modules)) for each in link.of_module(_returned, module)]
    for _ in range(3):
        found.update(name for name, called in returned if called & found)
    return frozenset(found)
