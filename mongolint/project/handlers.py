"""``except`` clauses around driver calls: what they catch, and whether the error goes any further."""

from __future__ import annotations

import builtins
import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from mongolint.facts.shapes import Call, Handler, ModuleFacts, Raise, Row
from mongolint.fastclasses import NamedTuple
from mongolint.link.atoms import DRIVER_ATOMS, Bulk, ClassRef, Cursor, External, ExternalObject
from mongolint.link.atoms import Method as BoundMethod
from mongolint.link.rowtools import reached_rows
from mongolint.mongo.drivers import ERRORS
from mongolint.mongo.methods import BULK, TABLES
from mongolint.project.callgraph import CallGraph
from mongolint.project.health import is_health_check
from mongolint.project.tracing.narrowing import entered, is_come_to

if TYPE_CHECKING:
    from mongolint.link.linker import Linker


class DriverCall(NamedTuple):
    """A call in a ``try`` body that may raise a driver error; ``chain`` leads to it through helpers."""

    module: int
    row: int
    chain: tuple[tuple[int, int], ...] = ()


class ExceptSite(NamedTuple):
    """One ``except`` clause.

    ``catches``: bare, broad (Exception, BaseException), driver (an error class of the driver), other.
    ``raises``, ``logs``, ``prints``, ``uses_error``: what its body does with the error. ``vague``: the log calls, as
    rows, where they are all that tells of it, and tell that something failed but not what. ``asks_again``: its body
    always talks to the database, which fails there too if it is out of reach. ``stoppable``: what ends a program never
    comes to it, because a clause before it raises that again. ``refusals``: it catches what a server refuses
    to do, not that there is none.
    """

    module: int
    scope: int
    handler: Handler
    catches: str
    calls: tuple[DriverCall, ...]
    raises: bool
    logs: bool
    prints: bool
    uses_error: bool
    waits: bool
    answers_failure: bool
    asks_again: bool
    vague: tuple[int, ...] = ()
    stoppable: bool = False
    refusals: bool = False

    @property
    def is_answered(self) -> bool:
        """The error is raised, logged, waited out, or told to whoever asked."""
        return self.raises or self.logs or self.waits or self.answers_failure


def find_handlers(link: Linker, graph: CallGraph, module: int) -> Iterator[ExceptSite]:
    """Every ``except`` clause of a module, in order."""
    facts = link.modules[module]
    if facts.tries:
        by_context = link.of_module(calls_by_context, module)
        for attempt in facts.tries:
            named = [caught_names(link, module, handler) for handler in attempt.handlers]
            calls: tuple[DriverCall, ...] | None = None
            let_through: frozenset[str] = frozenset()
            for handler, names in zip(attempt.handlers, named, strict=True):
                catches = _catches(names)
                if catches != "other" and calls is None:
                    body = calls_under(facts, attempt.context, by_context)
                    if _EVERYTHING not in named:  # through which a stop goes on, that a bare one ends
                        body = [each for each in body if not _is_caught(link, module, each.context, attempt.context)]
                    calls = tuple(_driver_calls(link, graph, module, body))
                answered = calls if catches != "other" and calls else ()
                always = by_context.get(handler.context, []) if answered else []
                asked = _driver_calls(link, graph, module, always, _SILENT - {"find"})  # whoever finds reads it, too
                asks_again = any(len(call.chain) < 2 for call in asked)
                site = _site(link, module, attempt.scope, handler, names, answered, by_context, asks_again)
                ends = _endings(facts, attempt.scope)
                yield site._replace(
                    stoppable=ends <= let_through or "builtins.BaseException" in let_through,
                    refusals=bool(names) and all(name.rpartition(".")[2] in _REFUSALS | _ANSWERS for name in names),
                    asks_again=asks_again or _is_made_again(link, module, attempt.context, handler, answered),
                )
                if names & _ALL:
                    calls = ()  # nothing of the driver comes to the clauses behind it
                if any(each.context == handler.context and each.value is None for each in facts.raises):
                    let_through |= names


def _endings(facts: ModuleFacts, scope: int) -> frozenset[str]:
    """The errors that end a program, or the task that runs a coroutine."""
    return _STOPS | {"asyncio.CancelledError"} if facts.scopes[scope].is_async else _STOPS


def calls_by_context(facts: ModuleFacts, index: int) -> dict[int, list[Call]]:
    """The calls of a module by the context they stand in."""
    found: dict[int, list[Call]] = {}
    for call in facts.calls:
        found.setdefault(call.context, []).append(call)
    return found


def calls_under(facts: ModuleFacts, context: int, by_context: dict[int, list[Call]]) -> list[Call]:
    """Calls in a context and the contexts inside it, nested functions excepted."""
    inside = {context}
    for number, entry in enumerate(facts.contexts[context + 1 :], context + 1):
        if entry.parent in inside and entry.kind != "root":
            inside.add(number)
    return [call for inner, calls in by_context.items() if inner in inside for call in calls]


def is_inside(facts: ModuleFacts, context: int, outer: int) -> bool:
    """Whether a context is another or stands inside it, nested functions excepted."""
    while context != outer:
        entry = facts.contexts[context]
        if entry.kind == "root" or context < outer:
            return False
        context = entry.parent
    return True


_STOPS = frozenset(["builtins.KeyboardInterrupt", "builtins.SystemExit"])
# What a bare ``except`` catches
_EVERYTHING = frozenset([""])
_BROAD = frozenset(["builtins.Exception", "builtins.BaseException"])
# Classes that all errors of the driver are of; a narrower one says what failed
_ALL = _EVERYTHING | _BROAD | {"pymongo.errors.PyMongoError"}


def caught_names(link: Linker, module: int, handler: Handler) -> frozenset[str]:
    """The qualified names of the classes that a clause catches; one empty name of a bare one."""
    if handler.types is None:
        return _EVERYTHING
    rows = [handler.types]
    node = link.node(module, handler.types)
    if node[0] == "seq":
        rows = list(node[2])
    return frozenset(a.name for row in rows for a in link.value(module, row) if type(a) is External)


def _catches(names: frozenset[str]) -> str:
    if names == _EVERYTHING:
        return "bare"
    if names & _BROAD:
        return "broad"
    outages = [name for name in names if name in ERRORS and name.rpartition(".")[2] not in _ANSWERS]
    return "driver" if outages else "other"


# Errors that say something of the data, not of the database
_ANSWERS = frozenset(
    [
        "DuplicateKeyError",
        "InvalidId",
        "InvalidDocument",
        "InvalidName",
        "CollectionInvalid",
        "DocumentTooLarge",
        "NoFile",
        "FileExists",
        "InvalidBSON",
        "InvalidStringData",
        "BSONError",
        "BulkWriteError",
        "WriteError",
    ]
)


# Errors that a server answers with, which is there
_REFUSALS = frozenset(["OperationFailure", "CursorNotFound"])
_OF_INDEXES = frozenset(["create_index", "create_indexes", "ensure_index", "drop_index", "drop_indexes"])


def _is_made_again(link: Linker, module: int, context: int, handler: Handler, calls: tuple[DriverCall, ...]) -> bool:
    """Whether what is tried with indexes is followed by more of it in any case, which fails as well in an outage."""
    facts = link.modules[module]
    clause = facts.contexts[handler.context]
    tried = [link.node(each.module, each.row)[1] for each in calls]
    if not tried or clause.leaves or not all(link.node(module, row)[-1] in _OF_INDEXES for row in tried):
        return False
    around = facts.contexts[context].parent
    while facts.contexts[around].kind == "loop":  # for each name that the index once had
        around = facts.contexts[around].parent
    behind = [link.node(module, call.row)[1] for call in facts.calls if call.context == around]
    return any(
        row > clause.begins and facts.nodes[row][-1] in _OF_INDEXES and _is_driver_call(link, module, row, _SILENT)
        for row in behind
    )


def _driver_calls(
    link: Linker, graph: CallGraph, module: int, calls: list[Call], silent: frozenset[str] | None = None
) -> Iterator[DriverCall]:
    """The driver calls among ``calls``, and those that run one through helpers; not those of the ``silent`` names."""
    facts = link.modules[module]
    for call in calls:
        function = facts.nodes[call.row][1]
        node = facts.nodes[function]
        if (
            node[0] == "attr"
            and node[2] in _DRIVER_NAMES
            and _is_driver_call(link, module, function, silent or _SILENT)
        ):
            yield DriverCall(module, call.row)
            continue
        read = _cursor_read(link, module, call, node) if silent is None else None
        if read is not None:
            yield DriverCall(module, read)
            continue
        for reach in graph.run_by_call(module, call.row):
            operation = reach.operation
            caught = _is_caught(link, operation.module, operation.context)
            if not caught and not any(is_caught(link, *place) for place in reach.chain):
                yield DriverCall(module, call.row, reach.chain or ((module, call.row),))
                break


def _cursor_read(link: Linker, module: int, call: Call, function: Row) -> int | None:
    """The ``find`` whose documents ``list(cursor)`` fetches: it sends nothing before."""
    args = link.node(module, call.row)[2]
    if function[0] != "free" or function[2] not in _FETCHING or not args:
        return None
    value = link.value(module, args[0][1])
    cursor = value[0] if len(value) == 1 else None
    return cursor.row if type(cursor) is Cursor and cursor.module == module and cursor.row >= 0 else None


_FETCHING = frozenset(["list", "tuple", "set", "sorted", "next"])


def is_caught(link: Linker, module: int, row: int, within: int = -1) -> bool:
    """Whether a driver error of a call goes no further than its own function, which catches all and does not raise.

    ``within``: no further than a ``try`` statement inside that context.
    """
    return _is_caught(link, module, link.of_module(_contexts, module)[row], within)


def _is_caught(link: Linker, module: int, context: int, within: int = -1) -> bool:
    facts = link.modules[module]
    for attempt in facts.tries:
        if within >= 0 and (attempt.context == within or not is_inside(facts, attempt.context, within)):
            continue
        if is_inside(facts, context, attempt.context):
            for handler in attempt.handlers:
                if caught_names(link, module, handler) & _ALL:
                    if not any(is_inside(facts, each.context, handler.context) for each in facts.raises):
                        return True
                    break
    return False


def _contexts(facts: ModuleFacts, index: int) -> dict[int, int]:
    """The context of each call."""
    return {call.row: call.context for call in facts.calls}


_DRIVER_NAMES = frozenset(name for table in (*TABLES.values(), BULK) for name in table)


def _is_driver_call(link: Linker, module: int, function: int, silent: frozenset[str]) -> bool:
    for atom in link.value(module, function):
        if type(atom) is BoundMethod and isinstance(atom.receiver, DRIVER_ATOMS):
            return atom.name not in silent if type(atom.receiver) is not Bulk else atom.name == "execute"
    return False


# Methods that only build or configure, and never talk to the server
_SILENT = frozenset(
    [
        "find",
        "sort",
        "limit",
        "skip",
        "get_collection",
        "get_database",
        "get_default_database",
        "with_options",
        "close",
        "hint",
        "batch_size",
        "max_time_ms",
        "start_session",
    ]
)


def _site(
    link: Linker,
    module: int,
    scope: int,
    handler: Handler,
    caught: frozenset[str],
    calls: tuple[DriverCall, ...],
    by_context: dict[int, list[Call]],
    asks_again: bool,
) -> ExceptSite:
    facts = link.modules[module]
    inner = calls_under(facts, handler.context, by_context)
    names = [last_name(facts, call) for call in inner]
    uses_error = _uses_error(link, module, scope, handler, inner)
    is_vague = bool(caught & _ALL and calls and not uses_error and not is_health_check(facts, scope, calls))
    return ExceptSite(
        module,
        scope,
        handler,
        _catches(caught),
        calls,
        raises=any(is_inside(facts, r.context, handler.context) for r in facts.raises)
        or any(name in _LEAVING for name in names)
        or any(_ends(link, module, call.row) for call in by_context.get(handler.context, [])),
        logs=any(is_logging(facts, call, name) for call, name in zip(inner, names, strict=True))
        or any(name in _RENDERING for name in names),
        prints=any(name in ("print", "print_exc", "pprint") for name in names),
        uses_error=uses_error,
        waits="sleep" in names,
        answers_failure=_answers_failure(facts, scope, handler) or is_health_check(facts, scope, calls),
        asks_again=asks_again,
        vague=_vague(link, module, handler, list(zip(inner, names, strict=True))) if is_vague else (),
    )


def _ends(link: Linker, module: int, row: int) -> bool:
    """Whether the call at ``row`` never returns: it runs a function that surely raises or leaves the program."""
    for function, env in entered(link, module, row, None):
        facts = link.modules[function.module]
        places = [each.context for each in facts.raises if each.scope == function.scope]
        places += [c.context for c in facts.calls if c.scope == function.scope and last_name(facts, c) in _LEAVING]
        if any(is_come_to(link, function.module, context, env) for context in places):
            return True
    return False


def _answers_failure(facts: ModuleFacts, scope: int, handler: Handler) -> bool:
    """Whether the body returns an HTTP status of 400 or more, or puts into an answer that something failed."""
    stores = [store for store in (*facts.item_stores, *facts.stores) if store.scope == scope]
    for store in stores:
        if is_inside(facts, store.context, handler.context) and _tells_failure(facts, store.name, store.value):
            return True
    begins = facts.contexts[handler.context].begins
    for call in facts.calls:
        if (
            call.scope == scope
            and last_name(facts, call) == "flash"
            and is_inside(facts, call.context, handler.context)
        ):
            given = facts.nodes[call.row][2]
            if given and not _blames_data(facts, given[0][1]):
                return True
    for row, context in facts.scopes[scope].returns:
        if is_inside(facts, context, handler.context):
            for made, node in reached_rows(facts, row).items():
                if made >= begins and node[0] == "dict" and _is_told(facts, node[1]):
                    return True
                if node[0] == "const" and type(node[1]) is int and 400 <= node[1] < 600:
                    return True
                if node[0] == "attr" and node[2].startswith(("HTTP_4", "HTTP_5")):
                    return True
    return False


def _tells_failure(facts: ModuleFacts, name: str | int | None, value: int) -> bool:
    """Whether a field of an answer says that something failed: ``result["errors"] = ["search"]``."""
    text = facts.constant(name) if isinstance(name, int) else name
    node = facts.nodes[value]
    is_empty = (node[0] == "const" and not node[1]) or (node[0] == "seq" and not node[2])
    is_named = isinstance(text, str) and _FAILURE.search(text) is not None
    return is_named and not is_empty


_FAILURE = re.compile(r"error|failure|failed", re.IGNORECASE)


def _is_told(facts: ModuleFacts, pairs: Sequence[tuple[int | None, int]]) -> bool:
    """Whether an answer that is written out says that something failed, and not what was wrong with the question."""
    return any(_tells_failure(facts, key, value) and not _blames_data(facts, value) for key, value in pairs)


def _blames_data(facts: ModuleFacts, value: int) -> bool:
    """Whether a text says that something is wrong with what was given or looked for, as it is not in an outage."""
    texts = [node[1] for node in reached_rows(facts, value).values() if node[0] == "const"]
    return any(isinstance(text, str) and _BLAMING.search(text) for text in texts)


_BLAMING = re.compile(
    r"already|exist|duplicate|invalid|incorrect|wrong|found|find|no such|missing|unknown|denied|allowed|expired|"
    r"^no |must |should |please (?:enter|check|give|provide)",
    re.IGNORECASE,
)


def last_name(facts: ModuleFacts, call: Call) -> str:
    """The last name of what a call calls; "" for what has none."""
    node = facts.nodes[facts.nodes[call.row][1]]
    return str(node[2]) if node[0] in ("attr", "free", "from") else ""


_LEAVING = frozenset(["exit", "_exit", "abort", "fail", "skip"])
# The traceback as text or data: somebody is going to show it
_RENDERING = ("format_exc", "format_exception", "exc_info")
_LOGGING = frozenset(
    [
        "exception",
        "error",
        "critical",
        "warning",
        "warn",
        "info",
        "debug",
        "log",
        "fatal",
        "capture_exception",
        "capture_message",
        "captureException",
        "print_exception",
        "notice_error",
        "record_exception",
        "set_status",
    ]
)


def is_logging(facts: ModuleFacts, call: Call, name: str) -> bool:
    """Whether a call, of that last name, tells a log."""
    node = facts.nodes[facts.nodes[call.row][1]]
    if name in _LOGGING and node[0] == "attr":
        return True
    lowered = name.lower()
    return lowered.startswith(("log_", "_log", "report_", "send_error", "notify")) or lowered in (
        "log",
        "logger",
    )


def _uses_error(link: Linker, module: int, scope: int, handler: Handler, inner: list[Call]) -> bool:
    """Whether the caught error is handed on: returned, stored, or passed to something other than print."""
    if handler.name is None:
        return False
    facts = link.modules[module]
    caught = ("exc", handler.types)
    for call in inner:
        if last_name(facts, call) in ("print", "str", "repr", "type", "print_exc") or _is_unraised(link, module, call):
            continue
        for _, arg in facts.nodes[call.row][2]:
            if caught in reached_rows(facts, arg).values():
                return True
    # In the clause, or behind it, by a variable that holds what was made of the error
    if any(caught in reached_rows(facts, row).values() for row, _ in facts.scopes[scope].returns):
        return True
    for name, rows in facts.scopes[scope].defs.items():
        if name != handler.name and any(facts.nodes[row] == caught for row in rows):
            return True
    return any(
        is_inside(facts, store.context, handler.context) and caught in reached_rows(facts, store.value).values()
        for store in facts.stores
    )


def _is_unraised(link: Linker, module: int, call: Call) -> bool:
    """Whether a statement makes an exception and nothing else, where ``raise`` was forgotten: it tells nobody."""
    if not call.statement:
        return False
    value = link.value(module, link.node(module, call.row)[1])
    return bool(value) and all(_is_exception(link, atom) for atom in value)


def _is_exception(link: Linker, atom: object) -> bool:
    if type(atom) is ClassRef:
        return any(_is_error_class(base) for base in link.hierarchy.external_bases(atom))
    return type(atom) is External and _is_error_class(atom.name)


def _is_error_class(name: str) -> bool:
    found = getattr(builtins, name.removeprefix("builtins."), None)
    return name in ERRORS or (isinstance(found, type) and issubclass(found, BaseException))


_LEVELS = frozenset(["critical", "fatal", "error", "warning", "warn", "info", "debug"])
_TELLING = frozenset(["exc_info", "exception", "error", "err", "exc", "stack_info", "extra"])


def _vague(link: Linker, module: int, handler: Handler, inner: list[tuple[Call, str]]) -> tuple[int, ...]:
    """The log calls of a clause that tell nothing of the error, which goes no further."""
    facts = link.modules[module]
    found = []
    for call, name in inner:
        _, function, args = facts.nodes[call.row]
        if name in _RENDERING or name == "sleep" or any(keyword in _TELLING for keyword, _ in args):
            return ()
        if any(_reaches_error(facts, row, handler) for _, row in args):
            return ()
        if is_logging(facts, call, name):
            if name not in _LEVELS or not _is_logger(facts, function) or any(k in ("*", "**") for k, _ in args):
                return ()  # it may well ask which error it is
            found.append(call.row)
    for each in facts.raises:
        if is_inside(facts, each.context, handler.context) and not _is_lost(link, module, each, handler):
            return ()
    return tuple(found)


def _is_logger(facts: ModuleFacts, function: int) -> bool:
    """Whether a method is one of something that is called a log: not ``messages.error(request, …)``."""
    node = facts.nodes[function]
    owner = facts.nodes[node[1]] if node[0] == "attr" else ("none",)
    if owner[0] == "call":
        owner = facts.nodes[owner[1]]
    name = owner[1] if owner[0] == "module" else owner[2] if owner[0] in ("free", "from", "attr", "param") else ""
    return "log" in str(name).lower()


def _reaches_error(facts: ModuleFacts, row: int, handler: Handler) -> bool:
    return ("exc", handler.types) in reached_rows(facts, row).values()


def _is_lost(link: Linker, module: int, each: Raise, handler: Handler) -> bool:
    """Whether what is raised in a clause no longer tells of the error: a response, which no framework logs.

    Any other exception has the error as its context, unless it is raised ``from None``.
    """
    if each.value is None or _reaches_error(link.modules[module], each.value, handler):
        return False
    if each.cause is not None:
        return link.node(module, each.cause) == ("const", None)
    return any(_is_response(atom) for atom in link.value(module, each.value))


def _is_response(atom: object) -> bool:
    name = atom.name if isinstance(atom, External | ExternalObject) else ""
    return name.partition(".")[0] in _FRAMEWORKS and name.rpartition(".")[2].startswith("HTTP")


# Their HTTPException, HTTPError, HTTPServiceUnavailable … are answered without a line in the log
_FRAMEWORKS = frozenset(["fastapi", "starlette", "werkzeug", "aiohttp", "litestar", "falcon", "bottle", "tornado"])


def caught_by_callers(link: Linker, module: int, scope: int, depth: int) -> set[str]:
    """The last names of the classes that callers of a function catch around their call, ``depth`` calls up."""
    found: set[str] = set()
    for caller, row, _ in link.sites.of(module, scope) if depth else ():
        facts = link.modules[caller]
        call = next((c for c in facts.calls if c.row == row), None)
        if call is None:
            continue
        for entry in facts.chain(call.context):
            if entry.kind == "try":
                for handler in facts.tries[entry.ref].handlers:
                    found |= _class_names(facts, handler.types)
        found |= caught_by_callers(link, caller, call.scope, depth - 1)
    return found


def _class_names(facts: ModuleFacts, row: int | None) -> set[str]:
    """The last names of what an ``except`` clause names."""
    node = facts.nodes[row] if row is not None else ("none",)
    rows = node[2] if node[0] == "seq" else (row,)
    nodes = [facts.nodes[each] for each in rows if each is not None]
    return {str(each[2]) for each in nodes if each[0] in ("free", "from", "attr")}
