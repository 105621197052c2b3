"""Values that are made of a field of a document that was read: which document, which field, and what was done to it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple

from mongolint.facts.shapes import Row
from mongolint.link.atoms import ClassRef, External
from mongolint.link.rowtools import reached_rows
from mongolint.project.operations import Operation
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
_ARITHMETIC = frozenset(["+", "-", "*", "?"])


class Derived(NamedTuple):
    """A value made of a document that was read.

    ``read``: the call that reads it; ``path``: the field, "" for the whole document. ``changes``: what was done to it,
    the last first: an operator, the name of a method, "concat" for lists, "setitem", "delitem", "merge", "filter",
    "not"; "slice" only of what has been changed before.
    """

    read: Spot
    operation: Operation
    path: str
    changes: tuple[str, ...] = ()

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
        case "phi":
            return first(node[1])
        case "ifexp":
            return first(node[2:4])
        case "bool" if node[1] == "or":
            return of(node[2][0])
        case "param":
            passed = tracer.parameter(spot)
            return derived(tracer, passed) if passed else None
        case "mutated":
            return _mutated(tracer, spot.at(node[2]), of(node[1]))
        case "setitem" | "delitem":
            is_key = tracer.facts(spot.module).constant(node[2]) in IDS  # ``doc["_id"] = str(doc["_id"])``
            return of(node[1]) if is_key else _changed(of(node[1]), node[0])
        case "not":
            return _changed(of(node[1]), "not")
        case "binop" if any(type(tracer.facts(spot.module).constant(row)) is str for row in node[2:4]):
            return None  # a text that is made longer
        case "binop" if node[1] == "+" and any(_is_list(tracer, spot.at(row)) for row in node[2:4]):
            return _changed(first(node[2:4]), "concat")
        case "binop" if node[1] in _ARITHMETIC:
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
        case "comp" if node[1] == "list":
            inner = reached_rows(tracer.facts(spot.module), node[2][0]).values()
            return _changed(first(each[1] for each in inner if each[0] == "iter"), "filter")
        case "item" if tracer.node(spot.at(node[2]))[0] in ("slice", "unknown"):
            sliced = of(node[1])
            return _changed(sliced, "slice") if sliced is not None and sliced.changes else sliced
        case "item":
            return _field(tracer, spot.at(node[1]), tracer.facts(spot.module).constant(node[2]))
        case "attr":
            return _field(tracer, spot.at(node[1]), node[2])
        case "call":
            return _call(tracer, spot, node)
    return None


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
    if method == "pop" and args and tracer.node(call.at(args[0][1])) == ("const", "_id"):
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
    given = [row for keyword, row in node[2] if keyword not in IDS]
    if len(given) == 1 and (type(called[0]) is ClassRef if len(called) == 1 else function[-1] in _MODELLING):
        return derived(tracer, spot.at(given[0]))
    if name in _PASSING and len(node[2]) == len(rows) == 1:
        return derived(tracer, spot.at(rows[0]))
    if name in _COMPARING:
        found = [each for row in rows if (each := derived(tracer, spot.at(row))) is not None]
        return _changed(found[0] if found else None, name.rpartition(".")[2])
    frame = tracer.enter(spot)
    if frame is not None:
        for row, _ in tracer.link.scope(frame.module, frame.scope).returns:
            returned = derived(tracer, Spot(frame.module, row, frame))
            if returned is not None:
                return returned
    return None


def _field(tracer: Tracer, base: Spot, key: object) -> Derived | None:
    """``base[key]``: what was put there, else the field of the document that ``base`` is."""
    if not isinstance(key, str):
        return None
    return tracer.once(("derived", base, key), lambda: _field_of(tracer, base, key), None)


def _field_of(tracer: Tracer, base: Spot, key: str) -> Derived | None:
    node = tracer.node(base)
    match node[0]:
        case "phi":
            return _chosen(_field(tracer, base.at(row), key) for row in node[1])
        case "param" if (passed := tracer.parameter(base)) is not None:
            return _field(tracer, passed, key)
        case "typed" if node[2] is not None:
            return _field(tracer, base.at(node[2]), key)
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
