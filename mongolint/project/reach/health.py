"""The requests by which an application is asked whether it is well, and whether they ask the database."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from mongolint.fastclasses import NamedTuple
from mongolint.link.atoms import Client, Database, Instance
from mongolint.project.entrypoints import words
from mongolint.project.reach.uses import own_name

if TYPE_CHECKING:
    from mongolint.project.model import Project

_NAMES = words(
    """
    health healthz healthcheck health_check check_health ready readyz readiness readiness_check live livez liveness
    liveness_check alive is_alive good_to_go startupz
    """
)
# These names mean other things deeper in an application
_AT_THE_ROOT = ("/status", "/ping", "/up", "/heartbeat")
# Methods of clients and databases that ask the server
_ASKING = ("command", "server_info", "list_collection_names", "list_database_names")
_MAX_DEPTH = 5


class HealthCheck(NamedTuple):
    """``handler``: module and row of its decorator; ``asks``: of the call that asks the database, None without one."""

    handler: tuple[int, int]
    asks: tuple[int, int] | None


def health_checks(project: Project) -> Iterator[HealthCheck]:
    """Every handler of the application that is named, or whose path ends, like a health check."""
    for module, facts in enumerate(project.modules):
        if module in project.tests:
            continue
        for scope in facts.scopes:
            entry = project.reachability.entrypoints.of(module, scope.index) if scope.decorators else None
            if entry is None or entry.kind != "request":
                continue
            if _is_named(scope.name, project.reachability.routes.of(module, scope.index) or f"GET {entry.route}"):
                yield HealthCheck((module, scope.decorators[0]), _asks(project, module, scope.index))


def _is_named(function: str, route: str) -> bool:
    """By its path, or by the name of the function; one that takes something, or a part of the path, asks for more."""
    verbs, _, path = route.partition(" ")
    if not {"GET", "HEAD"} & {*verbs.split("/")} or any(mark in path for mark in "{<:"):
        return False
    last = path.rstrip("/").rpartition("/")[2].strip("_").replace("-", "_").lower()
    return last in _NAMES or path in _AT_THE_ROOT or function.lower().strip("_") in _NAMES


def _asks(project: Project, module: int, scope: int) -> tuple[int, int] | None:
    """The first call that asks the database, in the function, in those that it calls, or in properties it reads."""
    level, seen = [(module, scope), *_properties(project, module, scope)], {(module, scope)}
    for _ in range(_MAX_DEPTH):
        following = []
        for at, index in level:
            for call in project.modules[at].calls:
                if call.scope != index:
                    continue
                if _is_asking(project, at, call.row):
                    return at, call.row
                for function in project.link.functions_called(at, call.row):
                    if (function.module, function.scope) not in seen:
                        seen.add((function.module, function.scope))
                        following.append((function.module, function.scope))
        level = following
    return None


def _properties(project: Project, module: int, scope: int) -> list[tuple[int, int]]:
    """The properties of the project's objects that a function reads: ``if db.is_alive:``."""
    facts, hierarchy = project.modules[module], project.link.hierarchy
    found = dict[tuple[int, int], None]()
    for node in facts.body(facts.scopes[scope]):
        if node[0] != "attr":
            continue
        for atom in project.link.value(module, node[1]):
            if type(atom) is Instance:
                methods = hierarchy.methods(atom, node[2])
                found.update(dict.fromkeys((m.module, m.scope) for m in methods if hierarchy.is_property(m)))
    return list(found)


def _is_asking(project: Project, module: int, row: int) -> bool:
    operation = project.operation_at(module, row)
    if operation is not None:
        return operation.method.kind in ("read", "write")
    facts = project.modules[module]
    function = facts.nodes[facts.nodes[row][1]]
    if function[0] != "attr" or own_name(facts, facts.nodes[row][1]) not in _ASKING:
        return False
    return any(type(atom) in (Client, Database) for atom in project.link.value(module, function[1]))
