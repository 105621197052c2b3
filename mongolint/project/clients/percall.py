"""Clients that are made anew each time: by a request, a message, a task, an invocation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from mongolint.facts.shapes import Call
from mongolint.fastclasses import NamedTuple
from mongolint.link.atoms import UNKNOWN, External
from mongolint.link.rowtools import reached_rows
from mongolint.project.reach.once import is_each_time

if TYPE_CHECKING:
    from mongolint.project.clients.sites import ClientSite
    from mongolint.project.entrypoints import Kind
    from mongolint.project.model import Project

_KINDS: tuple[Kind, ...] = ("request", "event", "task")
# Functions that a serverless platform runs by name, with an event and a context
_HANDLERS = ("handler", "lambda_handler", "main")
_GIVEN = frozenset(["event", "context"])
# Airflow starts a process for each run of a task, and reads the file with all that stands outside of tasks again and
# again (its documentation, "Best Practices": top level code)
_OWN_PROCESS = ("airflow.",)


class PerCall(NamedTuple):
    """A client that its function makes at each call.

    ``by``: what runs the function each time: a request, an event (a command of a bot), a task, an invocation of a
    serverless function. ``route``: the path of the request, where it is spelled out. ``calls``: those that lead from
    what handles it to the function, outermost first, as (module, row). ``handler``: what handles it. ``own_loop``: an
    asynchronous client of a task that is no coroutine: each run has an event loop of its own, and a client is bound to
    the loop in which it is used first.
    """

    site: ClientSite
    scope: int
    by: Kind | Literal["invocation"]
    route: str
    calls: tuple[tuple[int, int], ...]
    handler: tuple[int, int]
    own_loop: bool = False


def per_call(project: Project, site: ClientSite) -> PerCall | None:
    """How a client is made anew each time; None where that is not certain, or has a reason."""
    call = next((call for call in project.modules[site.module].calls if call.row == site.row), None)
    if call is None or site.module in project.tests or not _function(project, site.module, call.scope):
        return None
    if project.is_script(site.module) or project.reachability.loading.is_for_hand(site.module):
        return None
    if not is_each_time(project.link, site.module, call.scope, site.row, call.context):
        return None
    if _is_kept_by_key(project, site) or _varies(project, site, call):
        return None
    return _runner(project, site, call.scope)


def _function(project: Project, module: int, scope: int) -> bool:
    return project.modules[module].scopes[scope].kind == "function"


def _runner(project: Project, site: ClientSite, scope: int) -> PerCall | None:
    path = project.reachability.request_path(site.module, scope, each=True, kinds=_KINDS)
    if path is not None:
        runs = project.modules[path.handler[0]].scopes[path.handler[1]]
        own_loop = path.kind == "task" and site.flavour != "sync" and not runs.is_async
        per_call = PerCall(site, scope, path.kind, path.route, path.calls, path.handler, own_loop)
        return None if _has_own_process(project, *path.handler) else per_call
    found = project.modules[site.module].scopes[scope]
    if found.name in _HANDLERS and _GIVEN.issubset(param.name for param in found.params) and not found.decorators:
        return PerCall(site, scope, "invocation", "", (), (site.module, scope))
    return None


def _has_own_process(project: Project, module: int, scope: int) -> bool:
    """Whether a task runs once in a process made for it: no client could wait there for the next."""
    nodes = project.modules[module].nodes
    for row in project.modules[module].scopes[scope].decorators:
        made = nodes[row][1] if nodes[row][0] == "call" else row
        if any(
            type(atom) is External and atom.name.startswith(_OWN_PROCESS) for atom in project.link.value(module, made)
        ):
            return True
    return False


def _is_kept_by_key(project: Project, site: ClientSite) -> bool:
    """Whether the client goes into a dict or list that outlives the call: one for each tenant."""
    facts = project.modules[site.module]
    for store in facts.item_stores:
        base = facts.nodes[store.base]
        if site.row in reached_rows(facts, store.value) and base[0] in ("free", "from", "attr"):
            return True
    return False


def _varies(project: Project, site: ClientSite, call: Call) -> bool:
    """Whether the arguments may differ from call to call: another server for each is a reason for a new client."""
    facts = project.modules[site.module]
    for _, given in facts.nodes[site.row][2]:
        for row, node in reached_rows(facts, given).items():
            if node[0] == "param" and not _is_receiver(project, site.module, node):
                value = project.link.value(site.module, row)
                if not value or UNKNOWN in value or len(value) > 1:
                    return True
            if node[0] in ("iter", "unpack", "exc", "unknown"):
                return True
    return False


def _is_receiver(project: Project, module: int, node: tuple[object, ...]) -> bool:
    """``self`` or ``cls``: what an object was given may vary, too, but then so does the object."""
    return node[2] in ("self", "cls")
