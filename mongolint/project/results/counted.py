"""Documents that are read only to be counted: ``len(list(find(…)))``, also of a list that a helper gives."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from mongolint.fastclasses import NamedTuple
from mongolint.link.rowtools import comprehension_through
from mongolint.project.results.flow import flow
from mongolint.project.results.helpers import listed
from mongolint.project.results.partial import is_call_of

if TYPE_CHECKING:
    from mongolint.facts.shapes import ModuleFacts
    from mongolint.project.model import Project
    from mongolint.project.operations import Operation


class Counted(NamedTuple):
    """A list of documents of which a function uses the number alone.

    ``row``: the call that reads them there, of the operation or of its helper ``function``. ``chosen``: those are
    counted for which a condition in Python holds.
    """

    operation: Operation
    module: int
    row: int
    function: str
    chosen: bool


def counted(project: Project, operation: Operation) -> Iterator[Counted]:
    """The places that read what an operation finds only to count it."""
    if operation.name != "find" or _is_small(project, operation):
        return
    row = listed(project, operation)
    if row is None:
        return
    module = operation.module
    ways = counts_of(project, module, row)
    if ways:
        yield Counted(operation, module, operation.row, "", "sum" in ways)
        return
    found = flow(project, module, row)
    if not found.returned or found.kept or found.users or found.tested:
        return
    if project.link.scope(module, operation.scope).decorators:
        return
    name = project.function_name(module, operation.scope)
    for use in project.reachability.uses.of(module, operation.scope):
        if use.called and use.certain and project.reached(use.module, use.scope).runner != "script":
            ways = counts_of(project, use.module, use.row)
            if ways:
                yield Counted(operation, use.module, use.row, name, "sum" in ways)


def _is_small(project: Project, operation: Operation) -> bool:
    """Whether a limit or a list of keys bounds what is read."""
    if operation.bounded or any(step.name in ("limit", "skip") for step in operation.steps):
        return True
    node = project.modules[operation.module].nodes[operation.row]
    if node[0] != "call" or any(keyword in ("*", "**", "limit", "skip") for keyword, _ in node[2]):
        return True
    return "_id" in operation.filter.required or project.names_its_documents(operation)


def counts_of(project: Project, module: int, row: int) -> set[str]:
    """How a list is counted, "len" or "sum"; nothing where something else is done with it, too."""
    facts = project.modules[module]
    found = flow(project, module, row)
    if found.leaves or found.tested or not found.users or _is_used_apart(facts, found.rows):
        return set()
    ways: set[str] = set()
    for user, used in found.users:
        node = facts.nodes[user]
        if is_call_of(facts, "len", user, used):
            ways.add("len")
        elif node[0] == "iter" and _is_summed(project, module, user):
            ways.add("sum")
        elif node[0] == "call" and facts.nodes[node[1]][-1] == "gather":
            inner = _of_several(project, module, user, used)
            if not inner:
                return set()
            ways |= inner
        else:
            return set()
    return ways


def _is_used_apart(facts: ModuleFacts, rows: set[int]) -> bool:
    return any(use.kind == "other" and use.row in rows for use in facts.uses)


def _of_several(project: Project, module: int, call: int, given: int) -> set[str]:
    """How that is counted which one of several gives: ``one, found = await gather(first(), read())``."""
    facts = project.modules[module]
    args = facts.nodes[call][2]
    place = next((n for n, (keyword, row) in enumerate(args) if keyword is None and row == given), None)
    found = flow(project, module, call)
    if place is None or any(keyword == "*" for keyword, _ in args[:place]) or found.leaves or found.tested:
        return set()
    parts = [user for user, _ in found.users if facts.nodes[user][0] == "unpack"]
    if not parts or len(parts) != len(found.users):
        return set()
    own = [part for part in parts if facts.nodes[part][2] == place]
    every = [counts_of(project, module, part) for part in own]
    return set().union(*every) if every and all(every) else set()


def _is_summed(project: Project, module: int, element: int) -> bool:
    """Whether a list is gone through to add up 1 for each element, or for those that a condition takes."""
    facts = project.modules[module]
    comp = comprehension_through(facts, element)
    if comp is None or facts.nodes[comp][1] not in ("generator", "list"):
        return False
    users = flow(project, module, comp).users
    return [facts.constant(row) for row in facts.nodes[comp][2]] == [1] and all(
        is_call_of(facts, "sum", user, comp) for user, _ in users
    )
