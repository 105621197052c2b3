"""Whether a loop also calls another system each time: a message, a request, a file. The queries cost less than that."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from mongolint.facts.shapes import Call, ModuleFacts
from mongolint.link.atoms import External, ExternalObject, FunctionRef
from mongolint.project.catalog.pace import CLIENTS, IN_MEMORY, OTHER_SYSTEMS, TALKING

if TYPE_CHECKING:
    from mongolint.link.linker import Linker

_MAX_WORK_DEPTH = 3
_MAX_SENDING_DEPTH = 2


def talks(link: Linker, module: int, calls: Sequence[Call]) -> bool:
    """Whether one of the calls sends or fetches something that is not the project's."""
    if calls_out(link, module, calls):
        return True
    return any(_sends(link, module, call, 0) for call in calls)


def calls_out(link: Linker, module: int, calls: Sequence[Call]) -> bool:
    """Whether one of the calls is of another system, or runs functions that call one."""
    rows = tuple(call.row for call in calls)
    return link.study(("calls out", module, rows), lambda: any(_calls_out(link, module, row, 0) for row in rows))


def _sends(link: Linker, module: int, call: Call, depth: int) -> bool:
    """Whether a call sends something, or runs functions that do."""
    if _is_sent(link, module, call):
        return True
    called = link.functions_called(module, call.row) if depth < _MAX_SENDING_DEPTH else ()
    return any(_runs_sending(link, function, depth + 1) for function in called)


def _runs_sending(link: Linker, function: FunctionRef, depth: int) -> bool:
    module, scope = function.module, function.scope

    def sends() -> bool:
        _ = link.modules[module]  # all of which may matter
        calls = link.of_module(_calls_by_scope, module).get(scope, ())
        return any(_sends(link, module, call, depth) for call in calls)

    return link.study(("runs sending", module, scope, depth), sends)


def _is_sent(link: Linker, module: int, call: Call) -> bool:
    """``await channel.send(…)`` of what is not the project's; ``await gather(channel.send(…), …)``, too."""
    function = link.node(module, link.node(module, call.row)[1])
    if function[0] != "attr" or function[2] not in TALKING:
        return False
    _ = link.modules[module]  # all of which may matter
    if not (call.awaited or call.row in link.of_module(_gathered, module)):
        return False
    return not any(True for _ in link.functions_called(module, call.row))


def _calls_out(link: Linker, module: int, row: int, depth: int) -> bool:
    function = link.node(module, row)[1]
    for atom in _values_along(link, module, function):
        if type(atom) is External and not atom.name.startswith(IN_MEMORY):
            if atom.name.partition(".")[0] in OTHER_SYSTEMS:
                return True
        if type(atom) is ExternalObject and atom.name.partition(".")[0] in OTHER_SYSTEMS:
            if atom.name.rpartition(".")[2].endswith(CLIENTS):  # else it may be an answer that was got before
                return True
        if type(atom) is FunctionRef and depth < _MAX_WORK_DEPTH and _runs_out(link, atom, depth + 1):
            return True
    return False


def _runs_out(link: Linker, function: FunctionRef, depth: int) -> bool:
    module, scope = function.module, function.scope

    def runs_out() -> bool:
        _ = link.modules[module]  # all of which may matter
        calls = link.of_module(_calls_by_scope, module).get(scope, ())
        return any(_calls_out(link, module, call.row, depth) for call in calls)

    return link.study(("runs out", module, scope, depth), runs_out)


def _values_along(link: Linker, module: int, row: int) -> Iterator[Any]:
    """What a callee is, and what made the global that it belongs to: ``engine = docker.from_env()``."""
    yield from link.value(module, row)
    node = link.node(module, row)
    while node[0] == "attr":
        node = link.node(module, node[1])
    made = link.bound(module, 0, node[2]).final if node[0] == "free" else None
    if made is not None and link.node(module, made)[0] == "call":
        yield from link.value(module, link.node(module, made)[1])


def _gathered(facts: ModuleFacts, index: int) -> set[int]:
    """The calls that are awaited together, each by its row."""
    found: set[int] = set()
    for call in facts.calls:
        _, function, args = facts.nodes[call.row]
        if call.awaited and facts.nodes[function][-1] == "gather":
            found.update(row for _, row in args)
    return found


def _calls_by_scope(facts: ModuleFacts, index: int) -> dict[int, list[Call]]:
    """The calls in each function, with those of its lambdas: ``run_in_executor(None, lambda: fetch(url))``."""
    found: dict[int, list[Call]] = {}
    for call in facts.calls:
        scope = call.scope
        found.setdefault(scope, []).append(call)
        while facts.scopes[scope].kind == "lambda":
            scope = facts.scopes[scope].parent
            found.setdefault(scope, []).append(call)
    return found
