"""Changes of a document that was read by another name than the one it is written back by: ``part["n"] = 1``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from mongolint.facts.shapes import MUTATORS, ModuleFacts
from mongolint.link.atoms import External
from mongolint.project.tracing.tracer import Spot
from mongolint.project.updates.derived import Derived, derived
from mongolint.project.writes.inserts import Way

if TYPE_CHECKING:
    from mongolint.project.tracing.tracer import Tracer

# They give what lies in the object, not a copy of it
_INNER = frozenset(["get", "setdefault"])


class _Change(NamedTuple):
    """What is changed, by which method or "setitem", and where."""

    base: int
    how: str
    row: int
    context: int


def changed_in_place(tracer: Tracer, way: Way, made: Derived) -> Derived | None:
    """``made``, a field as it was read, with what the function did to a part of it before it wrote it back."""
    module = way.point.module
    read = made.site
    facts = tracer.facts(module)
    call = tracer.call(module, way.row)
    if call is None or read[0] != module:
        return None
    around = {id(each) for each in facts.chain(call.context)}
    for change in _changes(facts, way.scope):
        if not read[1] < change.row < way.row:
            continue
        if any(each.leaves and id(each) not in around for each in facts.chain(change.context)):
            continue  # this way does not come to the write
        held = _origin(tracer, Spot(module, change.base, None))
        if held is not None and held.site == read and _is_within(held.path, made.path):
            return made.changed(change.how if held.path == made.path and change.how in MUTATORS else "setitem")
    return None


def _changes(facts: ModuleFacts, scope: int) -> Iterator[_Change]:
    first, end = facts.scopes[scope].rows
    rows = {node[1:]: row for row, node in facts.numbered() if first <= row < end and node[0] == "setitem"}
    for store in facts.item_stores:
        row = rows.get((store.base, store.name, store.value)) if store.scope == scope else None
        if row is not None:
            yield _Change(store.base, "setitem", row, store.context)
    for call in facts.calls:
        node = facts.nodes[call.row] if call.scope == scope else ("none", 0)
        function = facts.nodes[node[1]]
        is_id = function[-1] == "pop" and [facts.constant(row) for _, row in node[2]][:1] == ["_id"]
        if function[0] == "attr" and function[2] in MUTATORS and not is_id:
            yield _Change(function[1], function[2], call.row, call.context)


def _is_within(path: str, whole: str) -> bool:
    return not whole or f"{path}.".startswith(f"{whole}.")


def _origin(tracer: Tracer, spot: Spot) -> Derived | None:
    """The field of a document that was read which an object is, or in which it lies: itself, not a copy of it."""
    return tracer.once(("origin", spot), lambda: _origin_of(tracer, spot), None)


def _origin_of(tracer: Tracer, spot: Spot) -> Derived | None:
    node = tracer.node(spot)
    match node[0]:
        case "await" | "mutated" | "setitem" | "delitem" | "iter":
            return _origin(tracer, spot.at(node[1]))
        case "typed" if node[2] is not None:
            return _origin(tracer, spot.at(node[2]))
        case "phi":
            return next((each for row in node[1] if (each := _origin(tracer, spot.at(row)))), None)
        case "bool" if node[1] == "or":
            return _origin(tracer, spot.at(node[2][0]))
        case "unpack" if tracer.node(spot.at(node[1]))[0] == "iter":
            return _second(tracer, spot.at(tracer.node(spot.at(node[1]))[1])) if node[2:] == (1, 2) else None
        case "item":
            return _inner(tracer, spot.at(node[1]), spot.at(node[2]))
        case "call":
            return _called(tracer, spot)
    return None


def _called(tracer: Tracer, spot: Spot) -> Derived | None:
    node = tracer.node(spot)
    function = tracer.node(spot.at(node[1]))
    if function[0] == "attr" and function[2] in _INNER and node[2]:
        return _inner(tracer, spot.at(function[1]), spot.at(node[2][0][1]))
    if function[0] == "attr" and function[2] == "values" and not node[2]:
        return _origin(tracer, spot.at(function[1]))
    if tracer.operation(spot.module, spot.row) is None and tracer.enter(spot) is None:
        return None
    found = derived(tracer, spot)
    return found if found is not None and not found.changes else None


def _second(tracer: Tracer, spot: Spot) -> Derived | None:
    """What the second of each pair lies in: of ``enumerate(found)``, ``found.items()``."""
    node = tracer.node(spot)
    if node[0] != "call":
        return None
    function = tracer.node(spot.at(node[1]))
    if function[0] == "attr" and function[2] == "items" and not node[2]:
        return _origin(tracer, spot.at(function[1]))
    called = tracer.value(spot.at(node[1]))
    if called == (External("builtins.enumerate"),) and node[2]:
        return _origin(tracer, spot.at(node[2][0][1]))
    return None


def _inner(tracer: Tracer, base: Spot, key: Spot) -> Derived | None:
    held = _origin(tracer, base)
    name = tracer.facts(key.module).constant(key.row)
    if held is None or not isinstance(name, str):
        return held
    return held._replace(path=f"{held.path}.{name}" if held.path else name)
