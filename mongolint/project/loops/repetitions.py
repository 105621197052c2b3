"""What is repeated: queries, and calls that run queries, once per iteration of a loop that the source does not bound.

Left out, because the number of queries is small, wanted, or not the loop's cost: loops over literals, retries, claims,
polling, queue drains and paced workers, batches, a different collection each round, cached helpers, loops that end
in their first round, searches, which take one question each, and what a loop evaluates only once (its iterable, its
``else``).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, cast

from mongolint.facts.shapes import Call, Context, Loop, ModuleFacts, Row
from mongolint.fastclasses import NamedTuple
from mongolint.link.atoms import ClassRef
from mongolint.link.rowtools import alternatives, depends_on, reached_rows
from mongolint.project.callgraph import CallGraph, Reach
from mongolint.project.catalog.pace import PACING, RECEIVING, STREAMS
from mongolint.project.loops import elsewhere
from mongolint.project.loops.bounds import is_bounded
from mongolint.project.operations import Operation, names_of
from mongolint.project.tracing.narrowing import is_kept, narrowed

if TYPE_CHECKING:
    from mongolint.link.linker import Linker


# What takes many at a time, and its parameter for them
_BATCHES = {"insert_many": "documents", "bulk_write": "requests"}


class Repetition(NamedTuple):
    """A call (``row``) in a loop and the operations it runs each time.

    ``reaches`` has one entry with an empty chain when the call is the query itself. ``elsewhere``: each
    iteration also talks to another system, which costs more than the query. ``few``: the source limits the items to a
    handful. ``recursive``: the call is of the function
    that it stands in. ``inner``: the call in a loop of a helper that all of them come to, which has a finding of its
    own; ``outer``: the calls for which this is that.
    """

    module: int
    row: int
    context: int
    loop: Loop
    reaches: tuple[Reach, ...]
    elsewhere: bool = False
    few: bool = False
    recursive: bool = False
    inner: tuple[int, int] | None = None
    outer: tuple[tuple[int, int], ...] = ()

    @property
    def is_direct(self) -> bool:
        run = self.reaches[0]
        return not run.chain and (run.operation.module, run.operation.row) == (self.module, self.row)


def find_repetitions(
    link: Linker, graph: CallGraph, operation_at: Callable[[int, int], Operation | None], module: int
) -> Iterator[Repetition]:
    """Every repetition in a module, by the order of calls, save for what runs only where something fails."""
    facts, finder = link.modules[module], _Finder(link)

    def direct(row: int) -> Operation | None:
        found = operation_at(module, row)
        return found if found and found.method.kind in ("read", "write") and not found.searches else None

    if module not in link.tests and facts.loops:
        for entry in facts.references:
            # A method handed on, to a thread or an executor, runs there once per iteration
            operation = direct(entry.row)
            loop = finder.repeating(module, entry.context) if operation is not None else None
            if operation is not None and loop is not None:
                yield Repetition(module, entry.row, entry.context, loop, (Reach(operation, ()),))
        for call in facts.calls:
            operation = direct(call.row)
            run = list(graph.run_by_call(module, call.row)) if operation is None else []
            if operation is None and not run:
                continue
            loop = finder.repeating(module, call.context)
            if loop is None or _is_on_error(facts, call.context, loop):
                continue
            if operation is not None:
                if operation.method.kind == "write" and finder.is_no_batch(module, call, loop):
                    continue
                if not finder.is_batch(operation, loop) and not finder.varies_collection(operation, loop):
                    beside = (finder.talks_elsewhere(module, loop), finder.has_few(module, loop))
                    yield Repetition(module, call.row, call.context, loop, (Reach(operation, ()),), *beside)
                continue
            if (
                finder.makes_any_class(module, call.row)
                or is_kept(link, module, call.row)
                or _is_flush(facts, call.context)
                or _is_emptied(facts, call)
                or finder.starts_workers(module, call)
            ):
                continue
            if call.row in finder.fallbacks(module) or finder.is_overridden(module, call):
                continue
            run = [r for r in run if not (r.cached or r.operation.searches)]
            if any(reach.kept for reach in run) and _is_one_object(facts, call.row, loop):
                run = [reach for reach in run if not reach.kept]
            # Where it may be one of many, the way to the operation is not seen, and it may never be come to
            ways = narrowed(link, module, call.row, run)
            reaches = tuple(reach for reach in ways if len(names_of(reach.collections)) <= _MAX_COLLECTIONS)
            if all(finder.is_batch_of_caller(reach.operation) for reach in reaches):
                if not _is_begun_anew(facts, call, loop):
                    continue
            writes_only = all(r.operation.method.kind == "write" for r in reaches)
            if reaches and not (writes_only and finder.is_no_batch(module, call, loop)):
                beside = (finder.talks_elsewhere(module, loop), finder.has_few(module, loop))
                yield Repetition(
                    module, call.row, call.context, loop, reaches, *beside, finder.is_recursive(module, call)
                )


def nested(repetitions: Sequence[Repetition]) -> list[Repetition]:
    """The same, with those that repeat nothing but what a loop of a helper repeats linked to that.

    A function that calls itself for the parts of an item repeats what its loops do: these are told, it is not.
    """
    places = {(found.module, found.row) for found in repetitions}
    inner: dict[tuple[int, int], tuple[int, int]] = {}
    outer: dict[tuple[int, int], list[tuple[int, int]]] = {}
    recursive: set[tuple[int, int]] = set()
    for found in repetitions:
        ways = [[*r.chain, (r.operation.module, r.operation.row)] for r in found.reaches]
        first = [next((place for place in way if place in places), None) for way in ways]
        if found.recursive and None not in first and (found.module, found.row) not in first:
            recursive.add((found.module, found.row))
            continue
        if found.is_direct or None in first or len(set(first)) > 1 or first[0] == (found.module, found.row):
            continue
        inner[found.module, found.row] = cast("tuple[int, int]", first[0])
    for place, within in inner.items():
        outer.setdefault(within, []).append(place)
    return [
        found._replace(inner=inner.get(place), outer=tuple(outer.get(place, ())))
        for found in repetitions
        for place in [(found.module, found.row)]
        if place not in recursive
    ]


def _begins(facts: ModuleFacts, loop: Loop) -> int:
    """The first row that can stand in the body of a loop."""
    return min(c.begins for c in facts.contexts if c.kind in ("loop", "comp") and facts.loops[c.ref] is loop)


def _is_one_object(facts: ModuleFacts, row: int, loop: Loop) -> bool:
    """Whether a method in a loop is called on the same object in each iteration."""
    base = facts.nodes[facts.nodes[row][1]]
    if base[0] != "attr":
        return False
    root = base[1]
    while facts.nodes[root][0] == "attr":
        root = facts.nodes[root][1]
    begins = _begins(facts, loop)
    kind = facts.nodes[root][0]
    return kind in ("param", "free", "from", "module") or (kind in ("call", "await", "ctx") and root < begins)


def _is_on_error(facts: ModuleFacts, context: int, loop: Loop) -> bool:
    """Whether a place in a loop stands in an ``except`` clause within it."""
    for entry in facts.chain(context):
        if entry.kind in ("loop", "comp") and facts.loops[entry.ref] is loop:
            return False
        if entry.kind == "handler":
            return True
    return False


def sends_each(link: Linker, module: int, loop: Loop) -> bool:
    """Whether each iteration of a loop sends something to, or fetches it from, another system."""
    return _Finder(link).talks_elsewhere(module, loop)


class _Finder:
    def __init__(self, link: Linker) -> None:
        self.link = link
        self._per_item: dict[tuple[int, int], bool] = {}
        self._inside: dict[int, dict[int, list[tuple[Call, str]]]] = {}

    def starts_workers(self, module: int, call: Call) -> bool:
        """Functions that go on for good, at a pace of their own: the loop around is not what repeats their queries."""
        called = self.link.functions_called(module, call.row)
        return bool(called) and all(self._goes_on(f.module, f.scope) for f in called)

    def _goes_on(self, module: int, scope: int) -> bool:
        facts = self.link.modules[module]
        if any(facts.nodes[row] != ("const", None) for row, _ in self.link.scope(module, scope).returns):
            return False
        return any(
            loop.scope == scope
            and facts.is_endless(loop)
            and all(kind != "break" for kind, _ in loop.exits)
            and (not loop.exits or self._is_paced(module, number))
            for number, loop in enumerate(facts.loops)
        )

    def is_overridden(self, module: int, call: Call) -> bool:
        """In a method that every class whose own code the call runs replaces by one of its own."""
        own = self.link.method_class(module, call.scope)
        if own is None:
            return False
        name, hierarchy = self.link.scope(module, call.scope).name, self.link.hierarchy
        called = [self.link.method_class(f.module, f.scope) for f in self.link.functions_called(module, call.row)]
        return bool(called) and all(
            cls is not None and cls != own and own in hierarchy.order(cls) and hierarchy.own(cls, name) is not None
            for cls in called
        )

    def is_recursive(self, module: int, call: Call) -> bool:
        called = [(f.module, f.scope) for f in self.link.functions_called(module, call.row)]
        return bool(called) and all(each == (module, call.scope) for each in called)

    def fallbacks(self, module: int) -> set[int]:
        """Calls for what a dict does not hold: ``held[key] if key in held else get(key)``."""
        return self.link.of_module(_fallbacks, module)

    def _calls_inside(self, module: int, loop: Loop) -> list[tuple[Call, str]]:
        """The calls in a loop, each with the part of it (body, comprehension, test) that it stands in."""
        if module not in self._inside:
            found: dict[int, list[tuple[Call, str]]] = {}
            facts = self.link.modules[module]
            for call in facts.calls:
                for entry in facts.chain(call.context):
                    if entry.kind in ("loop", "comp", "while-test"):
                        found.setdefault(id(facts.loops[entry.ref]), []).append((call, entry.kind))
            self._inside[module] = found
        return self._inside[module].get(id(loop), [])

    def repeating(self, module: int, context: int) -> Loop | None:
        """The innermost loop around a place that runs its body once per item of something unbounded."""
        facts = self.link.modules[module]
        if all(entry.kind not in ("loop", "comp") for entry in facts.chain(context)):
            return None
        number = self.link.study(("repeating loop", module, context), partial(self._repeating, module, context))
        return None if number is None else facts.loops[number]

    def _repeating(self, module: int, context: int) -> int | None:
        facts = self.link.modules[module]
        inside: list[Context] = []
        for entry in facts.chain(context):
            if entry.kind in ("loop", "comp"):
                loop = facts.loops[entry.ref]
                left_out = _ends_first(facts, loop, inside) or _is_for_one(facts, loop, inside)
                if self._is_per_item(module, entry.ref, loop) and not left_out:
                    return entry.ref
                if self._takes_batches(module, loop):
                    return None
            inside.append(entry)
        return None

    def _is_per_item(self, module: int, index: int, loop: Loop) -> bool:
        key = (module, index)
        if key not in self._per_item:
            self._per_item[key] = self._judge(module, index, loop)
        return self._per_item[key]

    def _judge(self, module: int, index: int, loop: Loop) -> bool:
        if not loop.repeats:
            return False
        facts = self.link.modules[module]
        if loop.kind == "while":
            return self._is_work_list(facts, loop) and not self._is_paced(module, index)
        if loop.iterable is None or is_bounded(self.link, module, loop.iterable):
            return False
        if self._is_paced(module, index) or self._is_retry(facts, index, loop):
            return False
        return not (self._is_batching(module, loop.iterable) or self._is_stream(module, loop.iterable))

    def _is_paced(self, module: int, index: int) -> bool:
        """The body sleeps, waits for a queue or takes from one: its pace is not that of the database."""
        facts = self.link.modules[module]
        for call, part in self._calls_inside(module, facts.loops[index]):
            node = facts.nodes[facts.nodes[call.row][1]]
            if part != "comp" and node[0] in ("attr", "free", "from") and node[2] in PACING:
                return True
        return False

    def _is_retry(self, facts: ModuleFacts, index: int, loop: Loop) -> bool:
        """Tries again until it works: leaves on success, goes on after a handled error."""
        if not loop.exits or loop.iterable is None:
            return False
        node = facts.nodes[loop.iterable]
        counts = node[0] == "call" and facts.nodes[node[1]][0] == "free" and facts.nodes[node[1]][2] == "range"
        return counts and any(
            any(e.kind == "loop" and e.ref == index for e in facts.chain(entry.context)) for entry in facts.tries
        )

    def _is_batching(self, module: int, row: int) -> bool:
        """``range(0, n, size)``, slices in a list and helpers called chunks or batches: each round takes many."""
        node = self.link.node(module, row)
        if node[0] == "comp":  # [items[i : i + size] for i in range(0, len(items), size)]
            part = self.link.node(module, node[2][0])
            if part[0] != "item" or self.link.node(module, part[2])[0] != "slice":
                return False
            before = [(r, n[1]) for r, n in self.link.modules[module].of_kind("iter") if r < part[2]]
            return bool(before) and self._is_batching(module, max(before)[1])
        if node[0] != "call":
            return False
        function = self.link.node(module, node[1])
        if function[0] not in ("attr", "free", "from"):
            return False
        name = str(function[2]).lower()
        return (name == "range" and len(node[2]) == 3) or any(word in name for word in _BATCH_WORDS)

    def has_few(self, module: int, loop: Loop) -> bool:
        """Whether it is over a handful: ``find(…).limit(5)``, ``to_list(length=3)``, ``ids[:2]``."""
        row = loop.iterable if loop.kind != "while" else None
        while row is not None:
            node = self.link.node(module, row)
            if node[0] == "item" and self.link.node(module, node[2])[0] == "slice":
                return 0 < (self.link.node(module, node[2])[1] or 0) <= _FEW
            if node[0] != "call":
                row = node[1] if node[0] in ("await", "attr") else None
                continue
            function = self.link.node(module, node[1])
            if function[0] == "attr" and function[2] in _LIMITING:
                limits = [self.link.modules[module].constant(given) for name, given in node[2] if name in _LIMITS]
                if any(type(limit) is int and 0 < limit <= _FEW for limit in limits):
                    return True
            row = node[1] if function[0] == "attr" else node[2][0][1] if node[2] else None
        return False

    def _takes_batches(self, module: int, loop: Loop) -> bool:
        """Each round is for a batch, which the loop around this one has many: ``while batch := next_batch(item)``."""
        if loop.iterable is None:
            return False
        if loop.kind != "while":
            return self._is_batching(module, loop.iterable)
        if self.link.node(module, loop.iterable)[0] not in ("call", "await"):
            return False
        facts = self.link.modules[module]
        given = (
            row
            for call, part in self._calls_inside(module, loop)
            if part == "loop"
            for _, row in facts.nodes[call.row][2]
        )
        return any(loop.iterable in reached_rows(facts, row) for row in given)

    def is_no_batch(self, module: int, call: Call, loop: Loop) -> bool:
        """Writes that cannot be collected: tried until one takes, or each the end of other work."""
        return self._is_taken_once(module, call.row, loop) or self._is_unit_of_work(module, loop)

    def _is_taken_once(self, module: int, row: int, loop: Loop) -> bool:
        """A write tried on one after the other until it takes: ``if lock(x): break``."""
        facts = self.link.modules[module]
        for _, place in loop.exits:
            for entry in facts.chain(place):
                if entry.kind == "then" and row in reached_rows(facts, entry.ref):
                    if not _is_failure(facts, entry.ref):
                        return True
        return False

    def makes_any_class(self, module: int, row: int) -> bool:
        """``cls(…)`` of a hierarchy: which constructor runs depends on the class it is called on."""
        callees = self.link.value(module, self.link.node(module, row)[1])
        return sum(type(atom) is ClassRef for atom in callees) > 1

    def _is_stream(self, module: int, row: int) -> bool:
        """Items that arrive at their own pace: a socket, a queue, a change stream, a generator that waits for them."""
        node = self.link.node(module, row)
        if node[0] == "call" and any(self._waits(f.module, f.scope) for f in self.link.functions_called(module, row)):
            return True
        while node[0] in ("call", "await", "attr", "ctx"):
            if node[0] == "attr" and str(node[2]).lower() in STREAMS:
                return True
            node = self.link.node(module, node[1])
        return node[0] in ("param", "free") and str(node[2]).lower() in STREAMS

    def _waits(self, module: int, scope: int) -> bool:
        """Whether a function goes on for good, and waits for one message at a time."""
        facts = self.link.modules[module]
        return any(
            facts.nodes[facts.nodes[call.row][1]][-1] in RECEIVING
            for loop in facts.loops
            if loop.scope == scope and facts.is_endless(loop)
            for call, _ in self._calls_inside(module, loop)
        )

    def talks_elsewhere(self, module: int, loop: Loop) -> bool:
        """Each round sends or fetches something that is not the project's: a message, a request, a file."""
        return elsewhere.talks(self.link, module, self._run_each_time(module, loop))

    def _is_unit_of_work(self, module: int, loop: Loop) -> bool:
        """Each round also calls another system: the queries are not what it waits for."""
        return elsewhere.calls_out(self.link, module, self._run_each_time(module, loop))

    def _run_each_time(self, module: int, loop: Loop) -> list[Call]:
        return [call for call, part in self._calls_inside(module, loop) if part != "while-test"]

    def _is_work_list(self, facts: ModuleFacts, loop: Loop) -> bool:
        """A ``while`` that works through a list of its own: ``while stack:``, ``while i < len(items):``."""
        if loop.iterable is None:
            return False
        node = facts.nodes[loop.iterable]
        if node[0] == "phi":
            return any(facts.nodes[row][0] == "mutated" for row in node[1])
        if node[0] == "compare":
            for row in node[2]:
                part = facts.nodes[row]
                if part[0] == "call" and facts.nodes[part[1]][0] == "free" and facts.nodes[part[1]][2] == "len":
                    return True
        return False

    def is_batch(self, operation: Operation, loop: Loop) -> bool:
        """The operation takes many at a time: ``insert_many(chunk)``, ``{"$in": chunk}`` of the loop's own chunk."""
        facts = self.link.modules[operation.module]
        if operation.name in _BATCHES or operation.name == "execute":
            return True
        if loop.iterable is None:
            return False
        elements = [r for r, n in facts.of_kind("iter") if n[1] == loop.iterable]
        for name, place in operation.filter.places.items():
            if operation.filter.required.get(name) == "in" and place.module == operation.module:
                value = facts.nodes[place.row]
                if value[0] == "dict":
                    return any(v in elements for _, v in value[1])
        return False

    def is_batch_of_caller(self, operation: Operation) -> bool:
        """``insert_many(documents)`` of a helper that is given them: each round writes as many as it has."""
        node = self.link.node(operation.module, operation.row)
        if operation.name not in _BATCHES or node[0] != "call" or not node[2]:
            return False
        facts, (keyword, first) = self.link.modules[operation.module], node[2][0]
        return keyword in (None, *_BATCHES.values()) and all(
            facts.nodes[row][0] == "param" for row in alternatives(facts, first)
        )

    def varies_collection(self, operation: Operation, loop: Loop) -> bool:
        """Another collection each round: ``db[name]`` with the loop's own name."""
        facts = self.link.modules[operation.module]
        function = facts.nodes[facts.nodes[operation.row][1]]
        if loop.iterable is None or function[0] != "attr":
            return False
        return depends_on(facts, function[1], ("iter", loop.iterable))


def _is_failure(facts: ModuleFacts, row: int) -> bool:
    """Whether a test holds where something went wrong: ``not saved``, ``saved is None``, ``is_err(saved)``."""
    node = facts.nodes[row]
    match node[0]:
        case "not":
            return True
        case "compare":
            return node[1] == ("Is",) and facts.nodes[node[2][1]] == ("const", None)
        case "call":
            return _is_failure(facts, node[1])
        case "attr" | "free" | "from":
            return bool(_FAILURE.search(str(node[2])))
    return False


def _fallbacks(facts: ModuleFacts, index: int) -> set[int]:
    return {row for _, node in facts.of_kind("ifexp") if (row := _fallback(facts, node)) is not None}


def _fallback(facts: ModuleFacts, node: Row) -> int | None:
    """The call of a conditional expression that looks into a dict first."""
    if facts.nodes[node[1]][0] != "compare":
        return None
    _, operators, (key, *held) = facts.nodes[node[1]]
    kept = facts.nodes[node[2]]
    if operators != ("In",) or kept[0] != "item" or kept[1] != held[0] or facts.nodes[kept[2]] != facts.nodes[key]:
        return None
    other = facts.nodes[node[3]]
    return int(other[1] if other[0] == "await" else node[3])


def _is_flush(facts: ModuleFacts, context: int) -> bool:
    """Under ``if len(pending) >= 1000:`` within the loop: what is sent then is a batch."""
    for entry in facts.chain(context):
        if entry.kind in ("loop", "comp"):
            return False
        test = facts.nodes[entry.ref] if entry.kind == "then" else ("none",)
        if test[0] == "compare" and test[1][0] in ("GreaterThanEqual", "GreaterThan", "Equal"):
            left, right = (facts.nodes[row] for row in test[2][:2])
            counted = left[0] == "call" and facts.nodes[left[1]][-1] == "len"
            if counted and right not in (("const", 0), ("const", 1)):
                return True
    return False


def _is_emptied(facts: ModuleFacts, call: Call) -> bool:
    """Under an ``if`` within the loop, for what is gathered over the rounds and begun anew after: ``batch = []``."""
    for entry in facts.chain(call.context):
        if entry.kind in ("loop", "comp"):
            return False
        if entry.kind == "then":
            given = (row for _, row in facts.nodes[call.row][2])
            below = (each for row in given for each in reached_rows(facts, row).items())
            return any(row > call.row and node in _EMPTY for row, node in below)
    return False


def _is_begun_anew(facts: ModuleFacts, call: Call, loop: Loop) -> bool:
    """Whether a call gets a list that the round puts together: those of all rounds could go at once."""
    begins = _begins(facts, loop)
    given = (reached_rows(facts, row, _below) for _, row in facts.nodes[call.row][2])
    return any(row >= begins and node[0] == "seq" for rows in given for row, node in rows.items())


def _below(node: Row) -> Iterable[int]:
    """The rows of the same list before something was put into it."""
    return node[1] if node[0] == "phi" else node[1:2] if node[0] in ("mutated", "setitem", "delitem") else ()


def _ends_first(facts: ModuleFacts, loop: Loop, inside: list[Context]) -> bool:
    """The place lies on a path that leaves the loop: an ``if`` that ends in break or return.

    So does a ``try`` that leaves once all in it went well: the next item is for one that failed, an address that
    somebody else has claimed.
    """
    exits = [facts.contexts[place] for _, place in loop.exits]
    for entry in inside:
        if entry.kind in ("then", "otherwise", "handler") and any(entry is each for each in exits):
            return True
        if entry.kind in ("try", "try-else") and _leaves_when_done(facts, entry, exits):
            return True
    return False


def _is_for_one(facts: ModuleFacts, loop: Loop, inside: list[Context]) -> bool:
    """Under a test that the item, or the key of an entry, is a constant: ``if name == "users":``."""
    if loop.iterable is None or loop.kind == "while":
        return False
    for entry in inside:
        node = facts.nodes[entry.ref] if entry.kind == "then" else ("none",)
        if node[0] == "compare" and node[1] == ("Equal",):
            item, constant = sorted((facts.nodes[row] for row in node[2]), key=lambda side: side[0] == "const")
            if item[0] == "unpack" and item[2] == 0:
                item = facts.nodes[item[1]]
            if constant[0] == "const" and item == ("iter", loop.iterable):
                return True
    return False


def _leaves_when_done(facts: ModuleFacts, block: Context, exits: list[Context]) -> bool:
    """Whether a ``try``, or the ``else`` of it, ends in break or return, and no branch in it goes on before."""
    ends = [each for each in exits if each.ref == block.ref and each.kind in (block.kind, "try-else")]
    if not ends:
        return False
    going_on = (c for c, each in enumerate(facts.contexts) if each.leaves and all(each is not end for end in exits))
    return not any(block in facts.chain(c) or ends[0] in facts.chain(c) for c in going_on)


_FAILURE = re.compile(r"(^|_)(is_?)?(err|error|failed|failure)$|^is(Err|Error|Failure|Failed)$", re.I)
_EMPTY = (("dict", ()), ("seq", "list", ()))
_MAX_COLLECTIONS = 4
# How many documents cost a request no more than a few queries
_FEW = 10
_LIMITING = ("limit", "to_list", "find")
_LIMITS = (None, "limit", "length")
_BATCH_WORDS = ("chunk", "batch")
