"""Values that are made of a field of a document that was read: which document, which field, and what was done to it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from mongolint.facts.shapes import Row
from mongolint.fastclasses import NamedTuple
from mongolint.link.atoms import ClassRef, External, Super
from mongolint.link.rowtools import reached_rows
from mongolint.project.operations import Operation
from mongolint.project.tracing import guards, stored
from mongolint.project.tracing.terms import DUMPING, returns
from mongolint.project.tracing.tracer import Spot

if TYPE_CHECKING:
    from mongolint.project.tracing.tracer import Tracer

# They give the document as it is in the collection
_READING = frozenset(["find_one", "find_one_or_404"])
# They give what they are given, or a copy of it
_PASSING = frozenset(
    [
        *("builtins.list", "builtins.dict", "builtins.set", "builtins.sorted", "builtins.int", "builtins.float"),
        *("copy.copy", "copy.deepcopy", "collections.OrderedDict"),
    ]
)
# They make a model of a document
_MODELLING = frozenset(["from_dict", "parse_obj", "model_validate", "from_mongo", "from_document"])
# How a document's own key is renamed and rewritten for those who take it
IDS = ("_id", "id")
_COMPARING = frozenset(["builtins.max", "builtins.min"])
# Values that are not what a field begins with
_MADE = frozenset(["binop", "call", "await", "attr", "item", "param", "free"])
ARITHMETIC = frozenset(["+", "-", "*", "?"])


class Derived(NamedTuple):
    """A value made of a document that was read.

    ``read``: the call that reads it; ``path``: the field, "" for the whole document. ``changes``: what was done to it,
    the last first: an operator, the name of a method, "concat" for lists, "setitem", "delitem", "merge", "filter",
    "map" where the items are changed, "not"; "slice" only of what has been changed before; "else" where on some path
    it is made of something else.
    ``model``: the call that makes the object, whose attributes the fields are; None for the document itself.
    ``also``: where else a helper may read it, of several collections.
    """

    read: Spot
    operation: Operation
    path: str
    changes: tuple[str, ...] = ()
    model: Spot | None = None
    also: tuple[tuple[Spot, Operation], ...] = ()

    def each(self) -> Iterator[Derived]:
        """This, and the same as read elsewhere."""
        yield self
        for read, operation in self.also:
            yield self._replace(read=read, operation=operation)

    @property
    def site(self) -> tuple[int, int]:
        """The call, in the function that asks, that leads to where it is read."""
        place, frame = (self.read.module, self.read.row), self.read.frame
        while frame is not None:
            place, frame = (frame.site_module, frame.site), frame.outer
        return place

    def changed(self, how: str) -> Derived:
        return self._replace(changes=(how, *self.changes))


def derived(tracer: Tracer, spot: Spot) -> Derived | None:
    """What a value is made of, on some path; None where it comes from no field of a document."""
    return tracer.once(("derived", spot), lambda: _derived(tracer, spot), None)


def _derived(tracer: Tracer, spot: Spot) -> Derived | None:
    node = tracer.node(spot)

    def of(row: int) -> Derived | None:
        return derived(tracer, spot.at(row))

    def first(rows: Iterable[int]) -> Derived | None:
        return _chosen(of(row) for row in rows)

    match node[0]:
        case "await":
            return of(node[1])
        case "typed" if node[2] is not None:
            return of(node[2])
        case "phi" | "ifexp":
            return _one_of(tracer, spot, node[1] if node[0] == "phi" else node[2:4])
        case "bool" if node[1] == "or":
            return of(node[2][0])
        case "param":
            return first_of(tracer, passed(tracer, spot))
        case "mutated":
            return _mutated(tracer, spot.at(node[2]), of(node[1]))
        case "setitem" if (source := _copied(tracer, spot, *node[2:4])) is not None:
            return derived(tracer, source)
        case "setitem" | "delitem":
            is_key = tracer.facts(spot.module).constant(node[2]) in IDS  # ``doc["_id"] = str(doc["_id"])``
            return of(node[1]) if is_key else _changed(of(node[1]), node[0])
        case "not":
            return _changed(of(node[1]), "not")
        case "binop" if any(type(tracer.facts(spot.module).constant(row)) is str for row in node[2:4]):
            return None  # a text that is made longer
        case "binop" if node[1] == "+" and any(_is_list(tracer, spot.at(row)) for row in node[2:4]):
            return _changed(first(node[2:4]), "concat")
        case "binop" if node[1] in ARITHMETIC:
            return _changed(first(node[2:4]), node[1])
        case "binop" if node[1] == "|":
            return _changed(first(node[2:4]), "merge")
        case "dict":
            spread = [value for key, value in node[1] if key is None]
            # Defaults that a document is spread over change nothing of it
            is_last = bool(node[1]) and node[1][-1][0] is None
            found = first(spread[-1:]) if is_last else None
            return found or _changed(first(spread), "merge")
        case "seq":
            starred = (tracer.node(spot.at(row)) for row in node[2])
            return _changed(first(each[1] for each in starred if each[0] == "star"), "merge")
        case "comp":
            return _comprehension(tracer, spot, node)
        case "item" if tracer.node(spot.at(node[2]))[0] in ("slice", "unknown"):
            sliced = of(node[1])
            return _changed(sliced, "slice") if sliced is not None and sliced.changes else sliced
        case "item":
            return _field(tracer, spot.at(node[1]), tracer.facts(spot.module).constant(node[2]))
        case "unpack":
            return _of_each(tracer, _positions(tracer, spot.at(node[1]), node[2]))
        case "attr":
            return _field(tracer, spot.at(node[1]), node[2])
        case "call":
            return _call(tracer, spot, node)
    return None


def _comprehension(tracer: Tracer, spot: Spot, node: Row) -> Derived | None:
    if node[1] == "dict":
        source = _copied(tracer, spot, *node[2])
        return derived(tracer, source) if source is not None else None
    if node[1] != "list":
        return None
    inner = reached_rows(tracer.facts(spot.module), node[2][0]).values()
    how = "filter" if tracer.node(spot.at(node[2][0]))[0] == "iter" else "map"
    iterated = (derived(tracer, spot.at(each[1])) for each in inner if each[0] == "iter")
    return _changed(_chosen(iterated), how)


def _copied(tracer: Tracer, spot: Spot, key: int, value: int) -> Spot | None:
    """The document whose fields are put into another one by one, each as it is or rewritten: ``made[k] = plain(v)``."""
    unpacked = tracer.node(spot.at(key))
    pair = tracer.node(spot.at(unpacked[1])) if unpacked[0] == "unpack" and unpacked[2:] == (0, 2) else ("none",)
    items = tracer.node(spot.at(pair[1])) if pair[0] == "iter" else ("none",)
    function = tracer.node(spot.at(items[1])) if items[0] == "call" and not items[2] else ("none",)
    if function[0] != "attr" or function[2] != "items":
        return None
    held = reached_rows(tracer.facts(spot.module), value).values()
    return spot.at(function[1]) if ("unpack", unpacked[1], 1, 2) in held else None


def _one_of(tracer: Tracer, spot: Spot, rows: Iterable[int]) -> Derived | None:
    """What one of several values is made of.

    What the code begins with counts for none: a constant, or what else is added, ``n if new else doc["n"] + n``.
    """
    every = {row: derived(tracer, spot.at(row)) for row in rows}
    chosen = _chosen(every.values())
    if chosen is None or not chosen.changes:
        return chosen
    facts = tracer.facts(spot.module)
    parts = {part for row, each in every.items() if each is not None for part in reached_rows(facts, row)}
    others = [row for row, each in every.items() if each is None and facts.nodes[row][0] in _MADE]
    begins = (row in parts or spot.row in reached_rows(facts, row) for row in others)
    return chosen if all(begins) else chosen.changed("else")


def _is_list(tracer: Tracer, spot: Spot) -> bool:
    """Whether what is added is a list, as far as the expression shows: ``[x]``, ``found or []``, ``get(name, [])``."""
    node = tracer.node(spot)
    match node[0]:
        case "seq" | "comp":
            return True
        case "bool":
            return any(_is_list(tracer, spot.at(row)) for row in node[2])
        case "call" if tracer.node(spot.at(node[1]))[-1] == "list":
            return True
        case "call" if tracer.node(spot.at(node[1]))[-1] == "get":
            return any(_is_list(tracer, spot.at(row)) for keyword, row in node[2][1:] if keyword is None)
    return False


def _mutated(tracer: Tracer, call: Spot, found: Derived | None) -> Derived | None:
    _, function, args = tracer.node(call)
    method = tracer.node(call.at(function))[2]
    if method == "pop" and args and tracer.facts(call.module).constant(args[0][1]) in IDS:
        return found
    return _changed(found, method)


def _changed(found: Derived | None, how: str) -> Derived | None:
    return found.changed(how) if found is not None else None


def _call(tracer: Tracer, spot: Spot, node: Row) -> Derived | None:
    operation = tracer.operation(spot.module, spot.row)
    if operation is not None:
        return Derived(spot, operation, "") if operation.name in _READING else None
    function = tracer.node(spot.at(node[1]))
    rows = [row for keyword, row in node[2] if keyword is None]
    if function[0] == "attr" and function[2] in ("get", "pop", "setdefault") and rows:
        return _field(tracer, spot.at(function[1]), tracer.facts(spot.module).constant(rows[0]))
    if function[0] == "attr" and function[2] == "copy":
        return derived(tracer, spot.at(function[1]))
    called = tracer.value(spot.at(node[1]))
    name = called[0].name if len(called) == 1 and type(called[0]) is External else ""
    given = [(keyword, row) for keyword, row in node[2] if keyword not in IDS]
    if len(given) == 1 and (type(called[0]) is ClassRef if len(called) == 1 else function[-1] in _MODELLING):
        made = derived(tracer, spot.at(given[0][1])) if given[0][0] in (None, "**") else None
        return made._replace(model=spot) if made is not None else None
    if (dumped := _dumped(tracer, spot)) is not None:
        return derived(tracer, dumped)
    if name in _PASSING and len(node[2]) == len(rows) == 1:
        return derived(tracer, spot.at(rows[0]))
    if name == "builtins.round" and rows:
        return derived(tracer, spot.at(rows[0]))
    if name in _COMPARING:
        found = [each for row in rows if (each := derived(tracer, spot.at(row))) is not None]
        return _changed(found[0] if found else None, name.rpartition(".")[2])
    frame = tracer.enter(spot)
    if frame is not None:
        returned = tracer.link.scope(frame.module, frame.scope).returns
        return _of_each(tracer, (Spot(frame.module, row, frame) for row, _ in returned))
    return None


def _listed(tracer: Tracer, spot: Spot) -> Derived | None:
    """One of the documents in a list that a cursor gives: ``(await find(…).to_list(100))[0]``."""
    node = tracer.node(spot)
    match node[0]:
        case "await":
            return _listed(tracer, spot.at(node[1]))
        case "typed" if node[2] is not None:
            return _listed(tracer, spot.at(node[2]))
        case "call":
            function = tracer.node(spot.at(node[1]))
            found = guards.of_cursor(tracer, spot.at(function[1])) if function[-1] == "to_list" else []
            if len(node[2]) == 1 and tracer.value(spot.at(node[1])) == (External("builtins.list"),):
                found = guards.of_cursor(tracer, spot.at(node[2][0][1]))
            return Derived(found[0].spot, found[0].operation, "") if found else None
    return None


def _positions(tracer: Tracer, spot: Spot, index: int) -> Iterator[Spot]:
    """What stands at a place of the tuples that a helper returns: ``return found, "v2"``."""
    frame = tracer.enter(spot) if tracer.node(spot)[0] == "call" else None
    if frame is None:
        return
    for row, _ in tracer.link.scope(frame.module, frame.scope).returns:
        returned = Spot(frame.module, row, frame)
        node = tracer.node(returned)
        if node[0] == "seq" and index < len(node[2]):
            yield returned.at(node[2][index])


def _of_each(tracer: Tracer, spots: Iterable[Spot]) -> Derived | None:
    """What a helper returns, as the first of its returns shows it: others read it in the same way from elsewhere."""
    found = [made for spot in spots if (made := derived(tracer, spot)) is not None]
    if not found:
        return None
    first = found[0]
    others = (made for made in found[1:] if made.path == first.path and made.changes == first.changes)
    also = {made.read: made.operation for made in others if made.read != first.read}
    return first._replace(also=(*first.also, *also.items())) if also else first


def passed(tracer: Tracer, spot: Spot) -> Iterator[Spot]:
    """What the parameter at ``spot`` is: what the caller passes, or what a framework injects."""
    if (frame := tracer.injected(spot)) is not None:
        yield from (Spot(frame.module, row, frame) for row, _ in tracer.link.scope(frame.module, frame.scope).returns)
    elif (given := tracer.parameter(spot)) is not None:
        yield given


def first_of(tracer: Tracer, spots: Iterable[Spot]) -> Derived | None:
    """Of several expressions the first that is made of a document."""
    return next((found for spot in spots if (found := derived(tracer, spot)) is not None), None)


def _dumped(tracer: Tracer, spot: Spot) -> Spot | None:
    """The object of which a call makes a dict that holds all of it: ``user.model_dump()``."""
    found = _dumping(tracer, spot)
    return found[0] if found is not None and found[1] is None else None


def _dumping(tracer: Tracer, spot: Spot) -> tuple[Spot, Spot | None] | None:
    """The object of which a library's method makes a dict, and what it names to be in it."""
    node = tracer.node(spot)
    function = tracer.node(spot.at(node[1]))
    if function[0] != "attr" or function[2] not in DUMPING or tracer.enter(spot) is not None:
        return None
    chosen = dict(stored.options(tracer, spot, node[2])).get("include")
    return _receiver(tracer, spot.at(function[1])), chosen


def _receiver(tracer: Tracer, base: Spot) -> Spot:
    """The object that ``super()`` is; any other is itself."""
    if tracer.node(base)[0] == "call" and any(type(atom) is Super for atom in tracer.value(base)):
        params = tracer.link.scope(base.frame.module, base.frame.scope).params if base.frame else ()
        found = tracer.argument(base.frame, params[0].name) if base.frame and params else None
        return found or base
    return base


def included(tracer: Tracer, spot: Spot) -> Iterator[tuple[str, Derived]]:
    """The fields of an object that ``user.model_dump(include={"name"})`` holds, each as it was read."""
    node = tracer.node(spot)
    match node[0]:
        case "await" | "setitem" | "mutated" | "delitem":
            yield from included(tracer, spot.at(node[1]))
        case "call" if (frame := tracer.enter(spot)) is not None:
            for returned in returns(tracer, frame):
                yield from included(tracer, returned)
        case "call" if (found := _dumping(tracer, spot)) is not None and found[1] is not None:
            held = derived(tracer, found[0])
            if held is not None and held.model is not None and not held.changes:
                for name in _named(tracer, found[1]):
                    yield name, held._replace(path=f"{held.path}.{name}".lstrip("."))


def _named(tracer: Tracer, chosen: Spot) -> list[str]:
    """The names that are written out in ``{"a", "b"}`` or ``{"a": True}``."""
    node = tracer.node(chosen)
    rows = node[2] if node[0] == "seq" else [key for key, _ in node[1] if key is not None] if node[0] == "dict" else ()
    return [name for row in rows if type(name := tracer.facts(chosen.module).constant(row)) is str]


def _field(tracer: Tracer, base: Spot, key: object) -> Derived | None:
    """``base[key]``: what was put there, else the field of the document that ``base`` is; one of a list of them."""
    if type(key) is int:
        return _listed(tracer, base)
    if not isinstance(key, str):
        return None
    return tracer.once(("derived", base, key), lambda: _field_of(tracer, base, key), None)


def _field_of(tracer: Tracer, base: Spot, key: str) -> Derived | None:
    node = tracer.node(base)
    match node[0]:
        case "phi":
            return _chosen(_field(tracer, base.at(row), key) for row in node[1])
        case "param" if (given := tracer.parameter(base)) is not None:
            return _field(tracer, given, key)
        case "typed" if node[2] is not None:
            return _field(tracer, base.at(node[2]), key)
        case "call" if (set_to := dict(node[2]).get(key)) is not None and _is_object(tracer, base):
            return derived(tracer, base.at(set_to))
        case "setitem" if tracer.facts(base.module).constant(node[2]) == key:
            return derived(tracer, base.at(node[3]))
        case "setitem" | "mutated" | "delitem":
            return _field(tracer, base.at(node[1]), key)
        case "item" if (put := _put(tracer, base.at(node[1]), tracer.facts(base.module).constant(node[2]))) is not None:
            return _field(tracer, put, key)
    held = derived(tracer, base)
    if held is None or held.changes:
        return None
    return held._replace(path=f"{held.path}.{key}" if held.path else key)


def _is_object(tracer: Tracer, call: Spot) -> bool:
    """Whether a call makes an object of one class."""
    called = tracer.value(call.at(tracer.node(call)[1]))
    return len(called) == 1 and type(called[0]) is ClassRef


def _put(tracer: Tracer, base: Spot, key: object) -> Spot | None:
    """What the code has put into ``base[key]`` last."""
    node = tracer.node(base)
    while key is not None and node[0] in ("setitem", "mutated"):
        if node[0] == "setitem" and tracer.facts(base.module).constant(node[2]) == key:
            return base.at(node[3])
        node = tracer.node(base.at(node[1]))
    return None


def _chosen(found: Iterable[Derived | None]) -> Derived | None:
    """Of the ways on which a variable gets its value, one on which it is changed."""
    every = [each for each in found if each is not None]
    return next((each for each in every if each.changes), every[0] if every else None)
