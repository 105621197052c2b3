"""The operations a project runs on collections: what, on which collection, with which filter, under which limits."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from mongolint.facts.shapes import Call, ModuleFacts
from mongolint.fastclasses import dataclass
from mongolint.link import functions, handed
from mongolint.link.atoms import (
    NONE,
    Client,
    Collection,
    Configured,
    Cursor,
    Env,
    External,
    Partial,
    Value,
    strings,
)
from mongolint.link.atoms import Method as BoundMethod
from mongolint.link.rowtools import alternatives
from mongolint.mongo import drivers
from mongolint.mongo.methods import BULK, TABLES
from mongolint.mongo.methods import Method as Spec
from mongolint.project import pipelines, queued
from mongolint.project.documents import EMPTY, OPEN, Document, Place, Reader, either
from mongolint.project.untraced import receivers

if TYPE_CHECKING:
    from mongolint.link.linker import Linker

COLLECTION_METHODS: dict[str, Spec] = TABLES["collection"]
_COUNTED = frozenset(("read", "write", "queued", "index", "command"))
# Collections that a message names one by one
_MAX_SHOWN = 3


@dataclass(slots=True)
class Step:
    """A method called on the cursor of an operation: ``sort``, ``limit``, ``to_list`` …"""

    name: str
    module: int
    row: int
    certain: bool


@dataclass(slots=True)
class Operation:
    """One call of a collection method. ``row`` is the call, or the bare reference when it is called elsewhere.

    ``selectors``: of a write that is queued, the calls of ``find`` that say which documents it is for.
    """

    module: int
    row: int
    token: int
    scope: int
    context: int
    method: Spec
    collections: tuple[Collection, ...]
    confidence: str
    selectors: tuple[Place, ...] = ()
    filter: Document = EMPTY
    sort: list[tuple[str, Any]] = field(default_factory=list)
    in_loop: bool = False
    time_limit: bool = False
    bounded: bool = False
    session: bool = False
    # Of a pipeline: what the planner makes of it, and what it asks of other collections
    head: pipelines.Head | None = None
    lookups: list[pipelines.Lookup] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)
    _names: tuple[str, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        self._names = tuple(names_of(self.collections))

    @property
    def name(self) -> str:
        return self.method.name

    @property
    def planned(self) -> Document:
        """The filter as the planner takes it: of a pipeline what its first stages come down to."""
        return self.filter if self.head is None else self.head.filter

    @property
    def searches(self) -> bool:
        """Whether it is a pipeline that begins with a search for what comes nearest to one text, vector or point."""
        return self.head is not None and self.head.searches

    @property
    def collection(self) -> Collection | None:
        """The one collection it runs on; None when there are several, or the name is not known."""
        return the_one(self.collections)

    @property
    def flavour(self) -> str:
        """Of the driver: sync, async or motor; unknown where the collection is."""
        return self.collection.database.flavour if self.collection is not None else "unknown"

    @property
    def target(self) -> str:
        """The collections in words: "users", "users or orders", "users or orders or 4 others", "a collection"."""
        return in_words(self.collections)

    @property
    def collection_names(self) -> list[str]:
        return list(self._names)

    def runs_on(self, collection: str | None) -> bool:
        """Whether a collection of this name is one of those that it may run on."""
        return collection in self._names


# What `OperationFinder` finds out about an operation after it has found it
_READ = ("filter", "sort", "in_loop", "time_limit", "bounded", "session", "head", "lookups")
# An operation: its row, token, scope and context, its method's name, its collections, how sure they are
_Found = tuple[tuple[int, int, int, int], str, tuple[Collection, ...], str]
_Arguments = tuple[tuple[str | None, int], ...]
_TIME_LIMITS = frozenset(("max_time_ms", "maxTimeMS"))


class OperationFinder:
    """Finds the operations of a project."""

    def __init__(self, link: Linker, reader: Reader, uses_driver: bool) -> None:
        self.link = link
        self.reader = reader
        self.uses_driver = uses_driver
        # What looks like an operation and could not be traced: module, row of the call, row of the receiver
        self.unresolved: list[tuple[int, int, int]] = []
        self._called: set[tuple[int, int]] = set()

    def find(self) -> list[Operation]:
        found: list[Operation] = []
        for module in range(len(self.link.modules)):
            found.extend(self._calls(module))
            found.extend(self._kept_calls(module))
        for module in range(len(self.link.modules)):
            found.extend(self._references(module))
        for module in range(len(self.link.modules)) if queued.starts_any(self.link) else ():
            found.extend(self._queued(module))
        self._attach_steps(found)
        for operation in found:
            self._finish(operation)
        return found

    def _calls(self, module: int) -> Iterator[Operation]:
        if not self.link.of_module(_has_methods, module):
            return
        question = ("calls of operations", module, self.uses_driver)
        found, unresolved = self.link.study(question, lambda: self._found_calls(module))
        self.unresolved += unresolved
        for place, name, collections, confidence in found:
            yield self._operation(module, place, COLLECTION_METHODS[name], collections, confidence)

    def _found_calls(self, module: int) -> tuple[list[_Found], list[tuple[int, int, int]]]:
        """What makes the operations among the calls of a module, and what is not traced."""
        found: list[_Found] = []
        unresolved: list[tuple[int, int, int]] = []
        facts = self.link.modules[module]
        for entry in facts.calls:
            function = facts.nodes[entry.row][1]
            node = facts.nodes[function]
            if node[0] != "attr" or node[2] not in COLLECTION_METHODS:
                continue
            method = COLLECTION_METHODS[node[2]]
            if method.kind not in _COUNTED:
                continue
            receiver = self.link.value(module, node[1])
            collections, confidence = self._receiver(module, entry.row, node[1], receiver, method)
            if collections is None:
                collections, confidence = self._kept_method(module, function, method), "known"
            if not collections and method.name in _TELLING_NAMES and receivers.is_untraced(receiver):
                unresolved.append((module, entry.row, node[1]))
            if collections:
                place = (entry.row, entry.row, entry.scope, entry.context)
                found.append((place, method.name, collections, confidence))
        return found, unresolved

    def _queued(self, module: int) -> Iterator[Operation]:
        for call, method, bulks in queued.found_in(self.link, module):
            place = (call.row, call.row, call.scope, call.context)
            collections = preferred(tuple(bulk.collection for bulk in bulks))
            operation = self._operation(module, place, method, collections, "known")
            operation.selectors = tuple(Place(bulk.module, bulk.row, bulk.env) for bulk in bulks if bulk.row >= 0)
            yield operation

    def _kept_method(self, module: int, function: int, method: Spec) -> tuple[Collection, ...]:
        """The collections of a driver method kept on an object: ``self.find = collection.find``."""
        return preferred(
            tuple(
                atom.receiver
                for atom in self.link.value(module, function)
                if type(atom) is BoundMethod and type(atom.receiver) is Collection and atom.name == method.name
            )
        )

    # Bound methods kept in a variable or handed on: ``run = coll.find_one``, ``to_thread(coll.find_one, {…})``

    def _references(self, module: int) -> Iterator[Operation]:
        """Driver methods handed to a function that will call them."""
        facts = self.link.modules[module]
        kept = {store.value for store in facts.stores}
        for entry in facts.references:
            if entry.row in kept or (module, entry.row) in self._called:
                continue  # its calls are the operations
            node = facts.nodes[entry.row]
            collections = tuple(a for a in self.link.value(module, node[1]) if type(a) is Collection)
            if collections:
                place = (entry.row, entry.row, entry.scope, entry.context)
                method = COLLECTION_METHODS[node[2]]
                operation = self._operation(module, place, method, preferred(collections), "known")
                given = handed.given(facts, entry, self.link.of_module(handed.calls_of_calls, module))
                operation.filter = self._filter_of_reference(module, given, method)
                operation.time_limit = any(keyword in _TIME_LIMITS for keyword, _ in given or ())
                operation.session = any(keyword == method.session for keyword, _ in given or ())
                yield operation

    def _filter_of_reference(self, module: int, given: _Arguments | None, method: Spec) -> Document:
        role = method.filter
        if role is None or role not in method.params:
            return OPEN if method.pipeline else EMPTY
        if given is None or any(keyword in ("*", "**") for keyword, _ in given):
            return OPEN
        positional = [row for keyword, row in given if keyword is None]
        index = method.params.index(role)
        rows = [*positional[index : index + 1], *(row for keyword, row in given if keyword == role)]
        return self.reader.document(module, rows[0]) if rows else EMPTY

    @cached_property
    def _kept(self) -> tuple[dict[int, dict[int, int]], dict[str, list[tuple[int, int]]]]:
        """References kept in variables: the rows of each module that stand for them, and the global names they have."""
        rows: dict[int, dict[int, int]] = {}
        names: dict[str, list[tuple[int, int]]] = {}
        for module, facts in enumerate(self.link.modules):
            if not facts.references:
                continue
            own = rows[module] = {}
            for entry in facts.references:
                own[entry.row] = entry.row
                if entry.call is not None and entry.position == 0:
                    own[entry.call] = entry.row  # partial(coll.find_one, …)
            for name, bound in facts.scopes[0].final.items():
                for row in alternatives(facts, bound):
                    if row in own:
                        names.setdefault(name, []).append((module, own[row]))
        return rows, names

    def _kept_calls(self, module: int) -> Iterator[Operation]:
        """Calls of driver methods that a variable holds."""
        facts = self.link.modules[module]
        rows, names = self._kept
        own = rows.get(module, {})
        if not own and names.keys().isdisjoint(self.link.of_module(_called_names, module)):
            return
        for call, function, each in self.link.of_module(_called_rows, module):
            held = [(module, own[r]) for r in each if r in own]
            node = facts.nodes[function]
            if not held and node[0] in ("free", "from"):
                held = names.get(node[2], [])
            if node[0] == "attr":  # the method itself: its call is an operation already
                self._called.update(held)
                continue
            if not held:
                continue
            for atom in self.link.value(module, function):
                target = atom.function if type(atom) is Partial else atom
                if type(target) is BoundMethod and type(target.receiver) is Collection:
                    self._called.update(held)
                    place = (call.row, call.row, call.scope, call.context)
                    yield self._operation(module, place, COLLECTION_METHODS[target.name], (target.receiver,), "known")

    def _operation(
        self,
        module: int,
        place: tuple[int, int, int, int],
        method: Spec,
        collections: tuple[Collection, ...],
        confidence: str,
    ) -> Operation:
        row, token, scope, context = place
        return Operation(module, row, token, scope, context, method, collections, confidence)

    def _receiver(
        self, module: int, call: int, row: int, value: Value, method: Spec
    ) -> tuple[tuple[Collection, ...] | None, str]:
        """The collections a method is called on, and the confidence; None when it is not an operation."""
        collections = tuple(atom for atom in value if type(atom) is Collection)
        if collections:
            found = preferred(collections)
            is_configured = any(type(each.name) is Configured for each in found)
            return found, "inferred" if is_configured else "known"
        if not self.uses_driver or not receivers.is_untraced(value):
            return None, ""
        if not receivers.asks_collection(self.link, module, row, method.name):
            return None, ""
        if receivers.asks_mapper(self.link, module, call):
            return None, ""
        return receivers.guessed(self.link, module, row), "inferred"

    # Cursor steps

    def _attach_steps(self, operations: list[Operation]) -> None:
        """Note on each operation what is called on its cursor, wherever that happens."""
        by_call = {(o.module, o.row): o for o in operations if o.method.returns in ("cursor", "command-cursor")}
        for module in range(len(self.link.modules)):
            for entry, receiver, name in self.link.of_module(_cursor_calls, module):
                for atom in self.link.value(module, receiver):
                    operation = by_call.get((atom.module, atom.row)) if type(atom) is Cursor else None
                    if operation is not None:
                        certain = self._is_certain(operation, module, entry.context)
                        operation.steps.append(Step(name, module, entry.row, certain))
        for operation in (each for each in by_call.values() if each.confidence == "inferred" and not each.steps):
            module = operation.module
            calls = self.link.of_module(_cursor_calls, module)
            for entry, name in receivers.chained(self.link.modules[module], calls, operation.row):
                certain = self._is_certain(operation, module, entry.context)
                operation.steps.append(Step(name, module, entry.row, certain))

    def _is_certain(self, operation: Operation, module: int, context: int) -> bool:
        """Whether a step runs whenever the operation does, as far as their contexts tell."""
        if module != operation.module:
            return True
        facts = self.link.modules[module]
        around = {id(entry) for entry in facts.chain(operation.context)}
        return all(
            id(entry) in around or entry.kind not in ("then", "otherwise", "handler") for entry in facts.chain(context)
        )

    # Roles

    def argument(self, operation: Operation, parameter: str | None) -> Place | None:
        """The argument of a call that plays ``parameter`` of its method; None when it is not given."""
        if parameter is None or self.link.node(operation.module, operation.row)[0] != "call":
            return None
        return argument(self.link, operation.module, operation.row, operation.method, parameter)

    def _finish(self, operation: Operation) -> None:
        steps = tuple((step.name, step.module, step.row, step.certain) for step in operation.steps)
        place = (operation.module, operation.row, operation.context, operation.method.name)
        question = ("operation's documents", *place, operation.collections, operation.selectors, steps)
        read = self.link.study(question, lambda: self._read(operation))
        for name in _READ:
            setattr(operation, name, getattr(read, name))

    def _read(self, operation: Operation) -> Operation:
        """The operation with what its arguments and its surroundings say."""
        operation = replace(operation)
        link, method = self.link, operation.method
        facts = link.modules[operation.module]
        chain = facts.chain(operation.context)
        operation.in_loop = any(entry.kind in ("loop", "comp") for entry in chain)
        if link.node(operation.module, operation.row)[0] != "call":
            operation.bounded = not method.many
            operation.time_limit = operation.time_limit or self._is_limited_around(operation, chain)
            return operation
        self._read_filter(operation)
        operation.sort = sort_of(self.reader, operation)
        operation.session = self._has_session(operation)
        operation.time_limit = self._is_time_limited(operation, chain)
        operation.bounded = self._is_bounded(operation)
        return operation

    def _read_filter(self, operation: Operation) -> None:
        if operation.method.pipeline is not None:
            self._read_pipeline(operation)
            return
        if operation.selectors:
            operation.filter = either(self._selected(selector) for selector in operation.selectors)
            return
        place = self.argument(operation, operation.method.filter)
        if place is not None:
            operation.filter = self.reader.document(*place)
            if operation.filter == OPEN and self._names_id(place):
                operation.filter = Document({"_id": "equality"}, {}, False, False, {"_id": place})
        elif self._spreads(operation) and operation.method.filter:
            operation.filter = OPEN

    def _selected(self, selector: Place) -> Document:
        """The filter that the ``find`` of a bulk operation is given."""
        place = argument(self.link, selector.module, selector.row, BULK["find"], "selector", selector.env)
        return OPEN if place is None else self.reader.document(*place)

    def _names_id(self, place: Place) -> bool:
        """An untyped value that is called an id: as a filter it means ``{"_id": value}``."""
        node = self.link.node(place.module, place.row)
        while node[0] in ("await", "typed") and node[1] is not None:
            node = self.link.node(place.module, node[1] if node[0] == "await" else node[2])
        if node[0] == "item":
            key = self.link.node(place.module, node[2])
            name = str(key[1]) if key[0] == "const" else ""
        else:
            name = str(node[2]) if node[0] in ("param", "attr", "free") else ""
        return name in ("id", "_id", "oid", "pk") or name.endswith(("_id", "Id"))

    def _spreads(self, operation: Operation) -> bool:
        return any(k in ("*", "**") for k, _ in self.link.node(operation.module, operation.row)[2])

    def _read_pipeline(self, operation: Operation) -> None:
        place = self.argument(operation, operation.method.pipeline)
        if place is None:
            return
        stages, is_open = pipelines.stages_of(self.reader, place)
        operation.filter = pipelines.leading(self.reader, stages, is_open)
        operation.head = pipelines.head_of(self.reader, stages, is_open)
        operation.sort = operation.head.sort
        operation.lookups = list(pipelines.lookups_of(self.reader, stages))
        operation.bounded = operation.bounded or any(s.name == "$limit" and s.certain for s in stages)

    def _has_session(self, operation: Operation) -> bool:
        place = self.argument(operation, operation.method.session)
        return place is not None and self.link.value(*place) != (NONE,)

    def _is_time_limited(self, operation: Operation, chain: list[Any]) -> bool:
        if any(step.name == "max_time_ms" and step.certain for step in operation.steps):
            return True
        keywords = {keyword for keyword, _ in self.link.node(operation.module, operation.row)[2]}
        if keywords & _TIME_LIMITS:
            return True
        return self._is_limited_around(operation, chain)

    def _is_limited_around(self, operation: Operation, chain: list[Any]) -> bool:
        for entry in chain:
            if entry.kind == "with" and self._is_timeout(operation.module, entry.ref):
                return True
        return any(self._client_has_limit(c.database.client) for c in operation.collections)

    def _is_timeout(self, module: int, row: int) -> bool:
        node = self.link.node(module, row)
        return node[0] == "call" and any(
            type(a) is External and a.name in drivers.TIMEOUT_CONTEXTS for a in self.link.value(module, node[1])
        )

    def _client_has_limit(self, client: Client | None) -> bool:
        """Whether the client was made with ``timeoutMS``, as a keyword or in its connection string."""
        if client is None or client.row < 0:
            return False
        for keyword, row in self.link.node(client.module, client.row)[2]:
            if keyword == "timeoutMS":
                return self.link.value(client.module, row) != (NONE,)
            if keyword in (None, "host"):
                texts = self._texts(client.module, row)
                if any(_has_timeout(text) for text in texts):
                    return True
        return False

    def _texts(self, module: int, row: int) -> list[str]:
        node = self.link.node(module, row)
        if node[0] == "fstr":
            return [text for part in node[1] for text in strings(self.link.value(module, part))]
        return strings(self.link.value(module, row))

    def _is_bounded(self, operation: Operation) -> bool:
        method = operation.method
        if not method.many:
            return True
        if operation.bounded:
            return True
        place = self.argument(operation, method.limit)
        if place is not None and not self._may_be(place, (0, None)):
            return True
        return any(self._bounds(step) for step in operation.steps if step.certain)

    def _bounds(self, step: Step) -> bool:
        if step.name in ("distinct", "count", "explain"):
            return True
        if step.name not in ("limit", "to_list", "next"):
            return False
        args = self.link.node(step.module, step.row)[2]
        if step.name == "next":
            return False
        if not args:
            return False
        none_or_zero = (0, None) if step.name == "limit" else (None,)
        return not self._may_be(Place(step.module, args[0][1], None), none_or_zero)

    def _may_be(self, place: Place, values: tuple[object, ...]) -> bool:
        """Whether the argument is written as one of ``values``."""
        node = self.link.node(place.module, place.row)
        return node[0] == "const" and node[1] in values


def sort_of(reader: Reader, operation: Operation, env: Env | None = None) -> list[tuple[str, Any]]:
    """The sort of an operation; ``env``: what its function is given."""
    link, method, sort = reader.link, operation.method, operation.sort
    place = argument(link, operation.module, operation.row, method, method.sort, env) if method.sort else None
    if place is not None and link.value(*place) != (NONE,):
        sort = reader.key_pattern(place) or []
    for step in operation.steps:
        if step.name == "sort":
            places = [Place(step.module, row, env) for _, row in link.node(step.module, step.row)[2][:2]]
            sort = (reader.key_pattern(*places) if places else None) or []
    return sort


def argument(link: Linker, module: int, row: int, method: Spec, parameter: str, env: Env | None = None) -> Place | None:
    """The argument of the call at ``row`` that plays ``parameter`` of ``method``; None of a bare reference."""
    if link.node(module, row)[0] != "call":
        return None
    args, _ = functions.arguments(link, module, row, env)
    for arg in args:
        if arg.row is not None and arg.keyword is not None:
            if arg.keyword == parameter or (arg.keyword, parameter) in method.aliases:
                return Place(module, arg.row, env)
    positional = [arg for arg in args if arg.keyword is None]
    if parameter in method.params:
        index = method.params.index(parameter)
        if index < len(positional):
            row_given = positional[index].row
            return None if row_given is None else Place(module, row_given, env)
    return None


def _called_rows(facts: ModuleFacts, index: int) -> list[tuple[Call, int, list[int]]]:
    """The calls, what each calls, and the rows that this may stand for."""
    functions = ((call, facts.nodes[call.row][1]) for call in facts.calls)
    return [(call, function, alternatives(facts, function)) for call, function in functions]


def _called_names(facts: ModuleFacts, index: int) -> set[str]:
    """The names of what is called that is bound in no function around the call."""
    functions = (facts.nodes[facts.nodes[call.row][1]] for call in facts.calls)
    return {node[2] for node in functions if node[0] in ("free", "from")}


def _has_methods(facts: ModuleFacts, index: int) -> bool:
    """Whether it calls anything that is named like a method of collections."""
    functions = (facts.nodes[facts.nodes[call.row][1]] for call in facts.calls)
    return any(node[0] == "attr" and node[2] in COLLECTION_METHODS for node in functions)


def _cursor_calls(facts: ModuleFacts, index: int) -> list[tuple[Call, int, str]]:
    """The calls of methods that cursors have, with their receivers and names."""
    found = []
    for call in facts.calls:
        node = facts.nodes[facts.nodes[call.row][1]]
        if node[0] == "attr" and node[2] in _STEPS:
            found.append((call, node[1], node[2]))
    return found


_STEPS = TABLES["cursor"].keys() | TABLES["command-cursor"].keys()


def _has_timeout(text: str) -> bool:
    """Whether a connection string sets ``timeoutMS`` (and not only ``socketTimeoutMS`` and the like)."""
    return any(part.lower().startswith("timeoutms=") for part in text.replace("?", "&").split("&"))


def the_one(collections: Sequence[Collection]) -> Collection | None:
    """The collection, if there is just one, and its name is known."""
    return collections[0] if len(collections) == 1 and collections[0].name else None


def names_of(collections: Sequence[Collection]) -> list[str]:
    return list(dict.fromkeys(c.name for c in collections if c.name))


def in_words(collections: Sequence[Collection]) -> str:
    """Collections as messages name them."""
    names = names_of(collections)
    shown = names if len(names) <= _MAX_SHOWN else [*names[: _MAX_SHOWN - 1], f"{len(names) - _MAX_SHOWN + 1} others"]
    return " or ".join(shown) or "a collection"


def preferred(collections: tuple[Collection, ...]) -> tuple[Collection, ...]:
    """Collections with a name before those without, each name once: of a database that is known, if it is one."""
    named = [c for c in collections if c.name is not None]
    if not named:
        return tuple(collections[:1])
    best: dict[str | None, Collection] = {}
    several: set[str | None] = set()
    for collection in named:
        held = best.get(collection.name)
        if held is None or (held.database.name is None and collection.database.name is not None):
            best[collection.name] = collection
        elif held.database._replace(client=collection.database.client) == collection.database:
            best[collection.name] = held if held.database.client is not None else collection
        elif collection.database.name not in (None, held.database.name):
            several.add(collection.name)
    for name in several:
        best[name] = best[name]._replace(database=best[name].database._replace(name=None))
    return tuple(best.values())


_TELLING_NAMES = frozenset(["aggregate", "find", "update_one", "insert", "create_index", "bulk_write", "distinct"])
