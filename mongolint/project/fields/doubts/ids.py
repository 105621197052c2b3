"""Keys that a request names: ``ObjectId(book_id)`` raises ``InvalidId`` for a text that is none."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from mongolint.facts.shapes import Call
from mongolint.link.atoms import External, FunctionRef
from mongolint.project.tracing.tracer import Spot
from mongolint.project.writes import inserts, keys

if TYPE_CHECKING:
    from mongolint.project.model import Project
    from mongolint.project.operations import Operation
    from mongolint.project.tracing.tracer import Tracer
    from mongolint.project.writes.inserts import Way

_MAKERS = ("bson.ObjectId", "bson.objectid.ObjectId")
_ERRORS = ("InvalidId", "BSONError")
_NAMING = ("from", "attr")


def unchecked(project: Project) -> list[Operation]:
    """The queries for what the path of a request names, taken for an id with nothing around that catches.

    Of each handler the first: behind it the text is one.
    """
    if any(node[2] in _ERRORS for facts in project.modules for kind in _NAMING for _, node in facts.of_kind(kind)):
        return []  # the project knows the error
    if any(is_for_all(project, module, call) for module, facts in enumerate(project.modules) for call in facts.calls):
        return []
    first: dict[tuple[int, int], tuple[int, Operation]] = {}
    for operation in project.operations:
        if operation.module not in project.tests and (given := _converted(project, operation)) is not None:
            for way in inserts.ways(project.writes.tracer, operation, project.writes.left_out):
                if _is_unchecked(project, way, given._replace(frame=way.frame)):
                    place = (way.point.module, way.scope)
                    first[place] = min(first.get(place, (way.row, operation)), (way.row, operation), key=lambda e: e[0])
    return list({id(operation): operation for _, operation in first.values()}.values())


def is_for_all(project: Project, module: int, call: Call) -> bool:
    """Whether a call sees to it that all errors of requests are caught: a handler of ``Exception``, a middleware."""
    facts = project.modules[module]
    _, function, args = facts.nodes[call.row]
    name = facts.nodes[function][-1]
    if name in ("exception_handler", "add_exception_handler") and args:
        return project.link.value(module, args[0][1]) == (External("builtins.Exception"),)
    return name == "call_next" and any(keys.handlers_around(project.writes.tracer, module, call.context))


def _converted(project: Project, operation: Operation) -> Spot | None:
    """What is made an ObjectId to be looked for as ``_id``."""
    place = operation.filter.places.get("_id")
    node = project.modules[place.module].nodes[place.row] if place is not None else ("none",)
    if place is None or node[0] != "call" or len(node[2]) != 1 or node[2][0][0] is not None:
        return None
    called = project.link.value(place.module, node[1])
    is_made = len(called) == 1 and type(called[0]) is External and called[0].name in _MAKERS
    making = project.writes.tracer.call(place.module, place.row)
    if making is None or any(keys.handlers_around(project.writes.tracer, place.module, making.context)):
        return None
    return Spot(place.module, node[2][0][1], None) if is_made else None


def _is_unchecked(project: Project, way: Way, given: Spot) -> bool:
    tracer = project.writes.tracer
    named = _parameter(tracer, given)
    return named is not None and _is_of_path(project, tracer, way, named) and not any(keys.handlers_on(tracer, way))


def _parameter(tracer: Tracer, spot: Spot) -> Spot | None:
    """The parameter of the outermost function that a value is, handed on as it is."""
    while tracer.node(spot)[0] == "param":
        if spot.frame is None:
            return spot
        passed = tracer.parameter(spot)
        if passed is None:
            return None
        spot = passed
    return None


def _is_of_path(project: Project, tracer: Tracer, way: Way, named: Spot) -> bool:
    """Whether a parameter of a handler is a part of its path that may be any text."""
    _, scope, name = tracer.node(named)
    place = (way.point.module, way.scope)
    path = project.request_path(*place) if (named.module, scope) == place else None
    if path is None or path.calls or path.kind != "request" or path.handler != place or f"{{{name}}}" not in path.route:
        return False
    if any(_asks(project, module) for module in _modules(tracer, way, named)):
        return False
    param = next(each for each in tracer.link.scope(named.module, scope).params if each.name == name)
    hint = tracer.link.value(named.module, param.annotation) if param.annotation is not None else ()
    return param.default is None and hint == (External("builtins.str"),)


def _modules(tracer: Tracer, way: Way, named: Spot) -> Iterator[int]:
    """The modules of all that gets the parameter: of the query, of the handler, and of what that calls with it."""
    yield from (way.operation.module, way.point.module)
    facts, given = tracer.facts(named.module), tracer.node(named)
    for call in facts.calls:
        node = facts.nodes[call.row]
        if call.scope == way.scope and any(facts.nodes[row] == given for _, row in node[2]):
            called = tracer.link.value(named.module, node[1])
            yield from (atom.module for atom in called if type(atom) is FunctionRef)


def _asks(project: Project, module: int) -> bool:
    return any(node[2] == "is_valid" for _, node in project.modules[module].of_kind("attr"))
