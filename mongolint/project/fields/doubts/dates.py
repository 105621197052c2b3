"""Dates without a time zone that reach the database.

The driver takes a naive datetime for UTC (PyMongo documentation, "Dates and Times"): ``utcnow()`` is stored right,
local time is stored as what it is not.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from mongolint.facts.shapes import ModuleFacts, Row
from mongolint.fastclasses import NamedTuple
from mongolint.link.atoms import ClassRef, External, Instance
from mongolint.link.states.memory import held_by
from mongolint.project.fields.shapes import Use
from mongolint.project.operations import Operation
from mongolint.project.tracing import terms
from mongolint.project.tracing.tracer import Spot
from mongolint.project.writes.expiry import NOW

if TYPE_CHECKING:
    from mongolint.project.fields.known import Fields
    from mongolint.project.model import Project
    from mongolint.project.tracing.tracer import Tracer

# Given no zone they are local time, and with one that zone's; how many arguments go before it
_LOCAL = {"datetime.datetime.now": 0, "datetime.datetime.today": 1, "datetime.datetime.fromtimestamp": 1}
_COMPARING = frozenset(["$lt", "$lte", "$gt", "$gte", "$eq", "$ne", "$in", "$nin"])
_MAX_STEPS = 60


class LocalDate(NamedTuple):
    """Where local time is taken, and the operations that it reaches: (operation, collection, field).

    ``called``: it is a call, and no function that is handed to a model to be called. ``frozen``: it is the default of a
    class, so that it is called once, when the module is imported.
    """

    module: int
    row: int
    name: str
    called: bool
    frozen: bool
    reaches: tuple[tuple[Operation, str, str], ...]


def local_dates(project: Project, fields: Fields) -> list[LocalDate]:
    """The places outside of tests at which local time is taken that is stored or compared with."""
    tracer = project.writes.tracer
    found: dict[tuple[int, int], dict[tuple[int, str], tuple[Operation, str, str]]] = {}
    for collection in fields.collections:
        for spot, operation, name in _stored_in(project, fields, collection):
            _note(found, spot, operation, collection, name)
    for spot, operation, collection, name in _put_on_models(project, fields):
        for source in sources(tracer, spot):
            _note(found, source, operation, collection, name)
    for operation in project.operations:
        if operation.module not in project.tests and operation.collection is not None:
            for name, source in _taken_for(project, operation):
                _note(found, source, operation, str(operation.collection.name), name)
    return [_local(tracer, place, tuple(reaches.values())) for place, reaches in found.items()]


@held_by
def _stored_in(project: Project, fields: Fields, collection: str) -> list[tuple[Spot, Operation, str]]:
    """Where the dates that are stored in a collection are taken, with the operation and the field."""
    tracer = project.writes.tracer
    return [
        (spot, use.operation, name)
        for name, each in fields.of(collection).fields.items()
        for use in each.written
        if use.operation is not None and _may_be_date(use)
        for spot in _stored(tracer, use)
    ]


@held_by
def _taken_for(project: Project, operation: Operation) -> list[tuple[str, Spot]]:
    """Where what an operation compares with is taken, with the field."""
    tracer = project.writes.tracer
    return [(name, source) for name, spot in _compared(tracer, operation) for source in sources(tracer, spot)]


def _put_on_models(project: Project, fields: Fields) -> Iterator[tuple[Spot, Operation, str, str]]:
    """The values that functions put into a field of a model, ``job.started = …``, and then store the model."""
    stored: dict[str, list[tuple[ClassRef, Operation, str, str]]] = {}
    for collection in fields.collections:
        for name, each in fields.of(collection).fields.items():
            for use in each.written:
                if use.declared is not None and use.operation is not None and "date" in use.kinds:
                    stored.setdefault(use.declared[1], []).append((use.declared[0], use.operation, collection, name))
    tracer = project.writes.tracer
    named = [
        module for module in range(len(project.modules)) if project.link.of_module(_stored_names, module) & {*stored}
    ]
    for module in named:
        for store in project.modules[module].stores if module not in project.tests else ():
            there = stored.get(store.name, ()) if isinstance(store.name, str) else ()
            held = tracer.value(Spot(module, store.base, None)) if there else ()
            models = {ClassRef(atom.module, atom.scope) for atom in held if type(atom) is Instance}
            for cls, operation, collection, name in there:
                if cls in models and (operation.module, operation.scope) == (module, store.scope):
                    yield Spot(module, store.value, None), operation, collection, name


def _stored_names(facts: ModuleFacts, index: int) -> frozenset[object]:
    return frozenset(store.name for store in facts.stores)


def _note(
    found: dict[tuple[int, int], dict[tuple[int, str], tuple[Operation, str, str]]],
    spot: Spot,
    operation: Operation | None,
    collection: str,
    name: str,
) -> None:
    if operation is not None:
        found.setdefault((spot.module, spot.row), {})[id(operation), name] = (operation, collection, name)


def _local(tracer: Tracer, place: tuple[int, int], reaches: tuple[tuple[Operation, str, str], ...]) -> LocalDate:
    spot = Spot(*place, None)
    node = tracer.node(spot)
    is_call = node[0] == "call"
    name = tracer.node(spot.at(node[1]))[-1] if is_call else node[-1]
    return LocalDate(*place, str(name), is_call, _is_frozen(tracer, spot), reaches)


def _may_be_date(use: Use) -> bool:
    return not use.exact or "date" in use.kinds


def _stored(tracer: Tracer, use: Use) -> Iterator[Spot]:
    if use.exact and "date" not in use.kinds:
        return
    values = list(use.values)
    if use.declared is not None and not values:
        called = terms.called_default(tracer, *use.declared)
        default = called if called and _is_frozen(tracer, called) else terms.default(tracer, *use.declared)
        values += [default] if default is not None else []
    for spot in values:
        if _is_frozen(tracer, spot):
            yield spot
        else:
            yield from sources(tracer, spot)


def _is_frozen(tracer: Tracer, spot: Spot) -> bool:
    """Whether an expression takes the time in the body of a class."""
    node = tracer.node(spot)
    call = tracer.call(spot.module, spot.row) if node[0] == "call" else None
    if call is None or tracer.link.scope(spot.module, call.scope).kind != "class":
        return False
    return any(type(atom) is External and atom.name in NOW for atom in tracer.value(spot.at(node[1])))


def _compared(tracer: Tracer, operation: Operation) -> Iterator[tuple[str, Spot]]:
    """The values that a filter compares fields with."""
    for name, place in operation.filter.places.items():
        if place.env is not None:
            continue
        yield name, Spot(place.module, place.row, None)
        for operator, at in tracer.reader.entries(*place):
            if operator in _COMPARING and at.env is None:
                yield name, Spot(at.module, at.row, None)


def sources(tracer: Tracer, spot: Spot) -> Iterator[Spot]:
    """The expressions that take local time, of those that a date may come from, with the zone still missing."""
    pending, seen = [spot], {spot}
    while pending and len(seen) < _MAX_STEPS:
        current = pending.pop()
        node = tracer.node(current)
        if _is_local(tracer, current, node):
            yield current
            continue
        for each in _before(tracer, current, node):
            if each not in seen:
                seen.add(each)
                pending.append(each)


def _is_local(tracer: Tracer, spot: Spot, node: Row) -> bool:
    if node[0] == "attr":  # a function that a model calls
        value = tracer.value(spot)
        return value == (External("datetime.datetime.now"),) or value == (External("datetime.datetime.today"),)
    if node[0] != "call":
        return False
    called = tracer.value(spot.at(node[1]))
    name = called[0].name if len(called) == 1 and type(called[0]) is External else ""
    return name in _LOCAL and len(node[2]) <= _LOCAL[name] and not any(key in ("tz", "*", "**") for key, _ in node[2])


def _before(tracer: Tracer, spot: Spot, node: Row) -> list[Spot]:
    match node[0]:
        case "await":
            return [spot.at(node[1])]
        case "typed":
            return [spot.at(node[2])] if node[2] is not None else []
        case "phi":
            return [spot.at(row) for row in node[1]]
        case "ifexp":
            return [spot.at(row) for row in node[2:4]]
        case "bool":
            return [spot.at(row) for row in node[2]]
        case "binop" if node[1] in ("+", "-"):
            return [spot.at(node[2])]
        case "param":
            passed = tracer.parameter(spot)
            return [passed] if passed is not None else []
        case "call":
            function = tracer.node(spot.at(node[1]))
            if function[0] == "attr" and function[2] == "replace":
                # Whoever gives a zone has thought of it
                return [spot.at(function[1])] if all(keyword != "tzinfo" for keyword, _ in node[2]) else []
            if function[0] == "attr" and function[2] in ("astimezone", "isoformat", "strftime", "timestamp", "date"):
                return []
            frame = tracer.enter(spot)
            return list(terms.returns(tracer, frame)) if frame is not None else []
    return []
