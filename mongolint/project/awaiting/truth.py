"""Databases and collections whose truth is asked for, which they refuse to have."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal

from mongolint.facts.shapes import Offsets
from mongolint.fastclasses import NamedTuple
from mongolint.link.atoms import Client, Collection, Database, without_none
from mongolint.link.states.memory import held_by

if TYPE_CHECKING:
    from mongolint.project.awaiting.runtime import Runtime
    from mongolint.project.model import Project


class TruthTest(NamedTuple):
    """``offsets``: the tested expression, or the call of ``bool`` on it."""

    module: int
    offsets: Offsets
    kind: Literal["database", "collection"]
    by_bool: bool = False


def find(project: Project, runtime: Runtime) -> Iterator[TruthTest]:
    if any(operation.method.removed for operation in project.operations):
        return  # written for a driver before 4.0, where all of them were true
    for module in range(len(project.modules)):
        yield from _in_module(project, runtime, module)
    for module, call in project.builtin_calls("bool"):
        facts = project.modules[module]
        args = facts.nodes[call.row][2]
        kind = _kind(project, runtime, module, args[0][1]) if len(args) == 1 and args[0][0] is None else None
        if kind is not None:
            yield TruthTest(module, facts.spans[call.row], kind, by_bool=True)


@held_by
def _in_module(project: Project, runtime: Runtime, module: int) -> list[TruthTest]:
    found = []
    for use in project.modules[module].uses:
        kind = _kind(project, runtime, module, use.row) if use.kind == "test" else None
        if kind is not None:
            found.append(TruthTest(module, use.span, kind))
    return found


def _kind(project: Project, runtime: Runtime, module: int, row: int) -> Literal["database", "collection"] | None:
    """What an expression is, if it is one of them or None and can be nothing else."""
    node = project.link.node(module, row)
    if node[0] not in ("attr", "item", "free", "from", "param", "call", "await", "typed", "phi"):
        return None
    if node[0] == "attr" and module in project.link.tests and _is_of_driver(project, module, node[1]):
        return None  # a fake in its place has attributes of its own: ``client.is_closed``
    if node[0] in ("call", "await", "typed", "phi"):
        kinds: set[str] = {thing.kind for thing in runtime.of(module, row) or ()}
    else:
        if runtime.pending(module, row) or runtime.is_of_pending(module, row):
            return None
        kinds = {_KINDS.get(type(atom), "value") for atom in without_none(project.link.value(module, row))}
    if kinds and kinds <= {"database", "collection"}:
        return "collection" if "collection" in kinds else "database"
    return None


def _is_of_driver(project: Project, module: int, row: int) -> bool:
    return any(type(atom) in (Client, Database) for atom in project.link.value(module, row))


_KINDS: dict[type, str] = {Database: "database", Collection: "collection"}
