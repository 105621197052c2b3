"""Dates read without a time zone, by a client that is not told otherwise, beside dates that have one.

Source: PyMongo documentation, "Dates and Times": without ``tz_aware=True`` a client reads dates as naive ones in UTC.
Python: comparing or subtracting a naive and an aware date raises TypeError.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from mongolint.fastclasses import NamedTuple
from mongolint.link.atoms import NONE, ClassRef, External, const
from mongolint.project.results.flow import flow

if TYPE_CHECKING:
    from mongolint.facts.shapes import ModuleFacts
    from mongolint.project.clients.sites import ClientSite
    from mongolint.project.model import Project
    from mongolint.project.operations import Operation

_NOW = ("datetime.datetime.now", "datetime.datetime.fromtimestamp")
_AWARE = ("django.utils.timezone.now",)
_ORDER = frozenset(["LessThan", "GreaterThan", "LessThanEqual", "GreaterThanEqual"])
_DOCUMENT = ("find_one", "find_one_and_update", "find_one_and_replace", "find_one_and_delete")


class AwareUse(NamedTuple):
    """A place where a date read by ``operation`` needs a time zone.

    ``date``: which, as "expires of sessions", or "them" for those of a whole document. ``by``: the function that gives
    it a time zone by hand; "" where it meets a date that has one.
    """

    operation: Operation
    date: str
    by: str = ""


def find(project: Project) -> dict[ClientSite, AwareUse]:
    """The first such place for each client that is not made with ``tz_aware``; those that raise come first."""
    found: dict[ClientSite, AwareUse] = {}
    for site in project.clients:
        if site.module in project.tests or not _reads_naive(project, site):
            continue
        uses = [use for operation in project.operations_of(site) for use in _uses(project, operation)]
        if uses:
            found[site] = min(uses, key=lambda use: use.by != "")
    return found


def _reads_naive(project: Project, site: ClientSite) -> bool:
    options = project.made_clients.options(site)
    given = options.find("tz_aware")
    if options.open or options.uri == "nothing" or options.find("tzinfo") or options.find("datetime_conversion"):
        return False
    return given is None or given.value in ((const(False),), (NONE,))


def _uses(project: Project, operation: Operation) -> Iterator[AwareUse]:
    module, facts = operation.module, project.modules[operation.module]
    if operation.name not in _DOCUMENT or facts.nodes[operation.row][0] != "call":
        return
    for user, used in flow(project, module, operation.row).users:
        node = facts.nodes[user]
        if node[0] == "call" and ("**", used) in node[2]:
            yield from _patching_models(project, operation, node[1])
        key, taken = _taken(project, module, user, used)
        if key is None:
            continue
        date = f"{key} of {operation.target}"
        for row, value in flow(project, module, taken).users:
            if _meets_aware(project, module, row, value):
                yield AwareUse(operation, date)
            elif _is_patched(project, module, row):
                yield AwareUse(operation, date, project.function_name(module, operation.scope) or "code")


def _taken(project: Project, module: int, user: int, used: int) -> tuple[str | None, int]:
    """The field that is taken out of a document, and the row of its value."""
    facts = project.modules[module]
    node, key, taken = facts.nodes[user], None, user
    if node[0] == "item" and node[1] == used:
        key = facts.constant(node[2])
    elif node[0] == "attr" and node[2] == "get":
        call = next((row for row, _ in flow(project, module, user).users if facts.nodes[row][0] == "call"), None)
        if call is not None and facts.nodes[call][2]:
            key, taken = facts.constant(facts.nodes[call][2][0][1]), call
    return (key if isinstance(key, str) else None), taken


def _patching_models(project: Project, operation: Operation, callee: int) -> Iterator[AwareUse]:
    """The methods of a model made of the document that give dates a time zone."""
    for atom in project.link.value(operation.module, callee):
        if type(atom) is not ClassRef:
            continue
        facts = project.modules[atom.module]
        for scope in facts.scopes:
            if scope.kind == "function" and scope.parent == atom.scope:
                calls = [call.row for call in facts.calls if call.scope == scope.index]
                if any(_gives_zone(facts, row) for row in calls):
                    yield AwareUse(operation, "them", project.function_name(atom.module, scope.index))


def _is_patched(project: Project, module: int, row: int) -> bool:
    """``value.replace``, called with a time zone."""
    facts = project.modules[module]
    if facts.nodes[row][0] != "attr":
        return False
    return any(_gives_zone(facts, call) for call, _ in flow(project, module, row).users)


def _gives_zone(facts: ModuleFacts, row: int) -> bool:
    """``….replace(tzinfo=…)``, but for ``tzinfo=None``."""
    node = facts.nodes[row]
    if node[0] != "call" or facts.nodes[node[1]][0] != "attr" or facts.nodes[node[1]][2] != "replace":
        return False
    return any(keyword == "tzinfo" and facts.nodes[given] != ("const", None) for keyword, given in node[2])


def _meets_aware(project: Project, module: int, row: int, value: int) -> bool:
    """Whether an expression orders or subtracts a value and a date that has a time zone."""
    node = project.link.node(module, row)
    if node[0] == "compare" and all(operator in _ORDER for operator in node[1]):
        return any(each != value and _is_aware(project, module, each) for each in node[2])
    if node[0] == "binop" and node[1] == "-":
        return any(each != value and _is_aware(project, module, each) for each in node[2:4])
    return False


def _is_aware(project: Project, module: int, row: int, depth: int = 4) -> bool:
    """Whether a date surely has a time zone."""
    node = project.link.node(module, row)
    if node[0] == "binop" and node[1] in ("+", "-") and depth:
        return _is_aware(project, module, node[2], depth - 1)
    if node[0] != "call":
        return False
    function = project.link.node(module, node[1])
    if function[0] == "attr" and function[2] == "astimezone":
        return True
    names = {atom.name for atom in project.link.value(module, node[1]) if type(atom) is External}
    if names & set(_NOW):
        given = dict(node[2])
        zone = given.get("tz", given.get(None) if "datetime.datetime.now" in names else None)
        return zone is not None and project.link.value(module, zone) != (NONE,)
    return bool(names & set(_AWARE))
