"""Stretches of code that run in a transaction, and the session that they run in."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from mongolint.facts.shapes import Call, ModuleFacts
from mongolint.fastclasses import NamedTuple
from mongolint.link.atoms import UNKNOWN, Client, FunctionRef, Session
from mongolint.link.atoms import Method as BoundMethod
from mongolint.link.states.memory import held_by
from mongolint.project.handlers import is_inside
from mongolint.project.sessions.starts import is_start

if TYPE_CHECKING:
    from mongolint.link.linker import Linker

_MAX_CALLERS = 3


class Region(NamedTuple):
    """A stretch of code in a transaction.

    ``context``: the block that it is; ``rows``: between which rows of it, where no block says so. ``start``: the call
    that begins it, in ``start_module``. ``session``: the parameter that holds the session; "" where it is what
    ``start`` is called on, or what ``with start as name`` binds (``binds``).
    """

    module: int
    scope: int
    context: int
    rows: tuple[int, int]
    start_module: int
    start: int
    session: str = ""
    binds: bool = False
    client: Client | None = None


_ALL_ROWS = (-1, 1 << 30)


def find(link: Linker) -> Iterator[Region]:
    """The transactions of a project, other than those of tests."""
    for region in _begun(link):
        yield region
        if not region.session:
            yield from _handed_on(link, region)


def _begun(link: Linker) -> Iterator[Region]:
    for module in range(len(link.modules)):
        if module not in link.tests:
            yield from _begun_in(link, module)


@held_by
def _begun_in(link: Linker, module: int) -> list[Region]:
    facts, found = link.modules[module], list[Region]()
    for number, entry in enumerate(facts.contexts):
        if entry.kind == "with":
            found.extend(_of_block(link, module, number, unwrapped(facts, entry.ref)))
    for call in facts.calls:
        if is_start(link, module, call.row, ("with_transaction",)):
            found.extend(_of_callback(link, module, call))
        elif call.statement and is_start(link, module, call.row, ("start_transaction",)):
            found.extend(_of_statement(link, module, call))
    return found


def unwrapped(facts: ModuleFacts, row: int) -> int:
    """What ``await`` is put before, else the row itself."""
    node = facts.nodes[row]
    return node[1] if node[0] == "await" else row


def _of_block(link: Linker, module: int, context: int, row: int) -> Iterator[Region]:
    """``with session.start_transaction():``, or a context manager of the project that does so and yields it."""
    facts = link.modules[module]
    if facts.nodes[row][0] != "call":
        return
    scope = scope_of(facts, context)
    if is_start(link, module, row, ("start_transaction",)):
        yield Region(module, scope, context, _ALL_ROWS, module, row, client=client_of(link, module, row))
        return
    for function in link.functions_called(module, row):
        inner = link.modules[function.module]
        yields = inner.scopes[function.scope].yields
        if any(type(atom) is Session for each in yields for atom in link.value(function.module, each)):
            if any(
                _begins(link, function, number) for number, entry in enumerate(inner.contexts) if entry.kind == "with"
            ):
                yield Region(module, scope, context, _ALL_ROWS, module, row, binds=True)
                return


def _begins(link: Linker, function: FunctionRef, context: int) -> bool:
    """Whether a block of a function is a transaction."""
    facts = link.modules[function.module]
    row = unwrapped(facts, facts.contexts[context].ref)
    is_call = facts.nodes[row][0] == "call" and scope_of(facts, context) == function.scope
    return is_call and is_start(link, function.module, row, ("start_transaction",))


def _of_callback(link: Linker, module: int, call: Call) -> Iterator[Region]:
    """``session.with_transaction(callback)``, which calls back with the session."""
    args = link.node(module, call.row)[2]
    given = next((row for keyword, row in args if keyword in (None, "callback", "coro")), None)
    functions = [a for a in link.value(module, given) if type(a) is FunctionRef] if given is not None else []
    for function in functions:
        scope = link.scope(function.module, function.scope)
        names = [param.name for param in scope.params if param.kind == "positional"]
        if function.receiver is not None and not link.hierarchy.is_static(function):
            names = names[1:]
        if names:
            client = client_of(link, module, call.row)
            yield Region(
                function.module, function.scope, scope.context, _ALL_ROWS, module, call.row, names[0], client=client
            )


def _of_statement(link: Linker, module: int, call: Call) -> Iterator[Region]:
    """``session.start_transaction()``, up to the last place of the function where it, or a helper, commits."""
    facts = link.modules[module]
    ends = [c.row for c in facts.calls if c.scope == call.scope and c.row > call.row and _commits(link, module, c.row)]
    if ends:
        rows = (call.row, ends[-1])
        yield Region(module, call.scope, call.context, rows, module, call.row, client=client_of(link, module, call.row))


_COMMITTING = ("commit_transaction",)


def _commits(link: Linker, module: int, row: int) -> bool:
    if is_start(link, module, row, _COMMITTING):
        return True
    return any(
        is_start(link, function.module, each, _COMMITTING)
        for function in link.functions_called(module, row)
        for each in _calls_of(link, function)
    )


def _calls_of(link: Linker, function: FunctionRef) -> list[int]:
    return [call.row for call in link.modules[function.module].calls if call.scope == function.scope]


def _handed_on(link: Linker, region: Region) -> Iterator[Region]:
    """What a project's own ``with_transaction(callback)`` calls back: ``callback(…, session=session)``.

    It may leave the call to a helper that tries again: ``retry(callback, …, session=session)``.
    """
    facts = link.modules[region.module]
    for call in calls_in(facts, region):
        _, callee, args = facts.nodes[call.row]
        named = [keyword for keyword, row in args if keyword and _is_session(link, region.module, row)]
        if len(named) != 1:
            continue
        row = callee if facts.nodes[callee][0] == "param" else _called_back(link, region.module, call.row, named[0])
        for function in link.value(region.module, row) if row is not None else ():
            if type(function) is FunctionRef:
                scope = link.scope(function.module, function.scope)
                if any(param.name == named[0] for param in scope.params):
                    place = (function.module, function.scope, scope.context, _ALL_ROWS)
                    yield Region(*place, region.start_module, region.start, named[0], client=region.client)


def _is_session(link: Linker, module: int, row: int) -> bool:
    return any(type(atom) is Session for atom in link.value(module, row))


def _called_back(link: Linker, module: int, row: int, session: str) -> int | None:
    """The parameter that a call hands to a helper which calls it with the session."""
    facts = link.modules[module]
    for function in link.functions_called(module, row):
        inner, scope = link.modules[function.module], link.scope(function.module, function.scope)
        names = [param.name for param in scope.params if param.kind == "positional"]
        if function.receiver is not None and not link.hierarchy.is_static(function):
            names = names[1:]
        for name, (keyword, given) in zip(names, facts.nodes[row][2], strict=False):
            if keyword is not None:
                break
            if facts.nodes[given][0] == "param" and any(
                inner.nodes[inner.nodes[each][1]] == ("param", function.scope, name)
                and any(keyword in ("**", session) for keyword, _ in inner.nodes[each][2])
                for each in _calls_of(link, function)
            ):
                return int(given)
    return None


def scope_of(facts: ModuleFacts, context: int) -> int:
    """The function, class or module whose code stands in a context."""
    while facts.contexts[context].kind != "root":
        context = facts.contexts[context].parent
    return facts.contexts[context].ref


def client_of(link: Linker, module: int, row: int) -> Client | None:
    """The client whose session a method is called on, where both are made in view."""
    facts = link.modules[module]
    receiver = facts.nodes[row][1]
    while facts.nodes[receiver][0] in ("attr", "ctx", "await"):
        receiver = facts.nodes[receiver][1]
    if facts.nodes[receiver][0] != "call" or not is_start(link, module, receiver, ("start_session",)):
        return None
    function = facts.nodes[facts.nodes[receiver][1]]
    clients = [atom for atom in link.value(module, function[1]) if type(atom) is Client and atom.row >= 0]
    return clients[0] if len(clients) == 1 else None


def calls_in(facts: ModuleFacts, region: Region) -> Iterator[Call]:
    """The calls of a transaction; not those of its ``except`` clauses, which tell of what failed."""
    first, last = region.rows
    for call in facts.calls:
        if call.scope == region.scope and first < call.row < last and is_inside(facts, call.context, region.context):
            around = facts.chain(call.context)
            depth = len(around) - len(facts.chain(region.context))
            if not any(entry.kind == "handler" for entry in around[:depth]):
                yield call


def is_bound(link: Linker, module: int, scope: int, context: int, depth: int = _MAX_CALLERS) -> bool:
    """Whether a place is in a ``with session.bind():`` of its own or of a caller: all that runs has the session."""
    facts = link.modules[module]
    if any(
        entry.kind == "with" and _binds(link, module, unwrapped(facts, entry.ref)) for entry in facts.chain(context)
    ):
        return True
    if depth == 0 or scope == 0:
        return False
    for site, row, _ in link.sites.of(module, scope):
        call = next((c for c in link.modules[site].calls if c.row == row), None)
        if call is not None and is_bound(link, site, call.scope, call.context, depth - 1):
            return True
    return False


def _binds(link: Linker, module: int, row: int) -> bool:
    node = link.node(module, row)
    function = link.node(module, node[1]) if node[0] == "call" else ("none",)
    if function[0] != "attr" or function[2] != "bind":
        return False
    # Of an object that is not known it may be
    return all(
        atom == UNKNOWN or (type(atom) is BoundMethod and type(atom.receiver) is Session)
        for atom in link.value(module, node[1])
    )
