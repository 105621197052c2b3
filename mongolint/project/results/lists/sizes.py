"""Pages whose size a request says, as large as it likes: ``limit: int = 20`` of a handler, which reaches the query.

Source: FastAPI, "Query Parameters" and "Numeric Validations" (``le``, ``lt``): an ``int`` alone takes any number.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from mongolint.fastclasses import NamedTuple
from mongolint.link.atoms import External
from mongolint.project import pipelines
from mongolint.project.documents import Place
from mongolint.project.tracing.tracer import Spot
from mongolint.project.writes import inserts

if TYPE_CHECKING:
    from mongolint.link.atoms import Collection
    from mongolint.project.model import Project
    from mongolint.project.operations import Operation
    from mongolint.project.tracing.tracer import Tracer

_BOUNDS = frozenset(["le", "lt", "*", "**"])
# What describes a parameter of the query, as an ``int`` alone does
_DESCRIBING = ("fastapi.Query", "fastapi.params.Query", "fastapi.param_functions.Query")


class AskedSize(NamedTuple):
    """A page of which a request says how many documents it holds.

    ``handler``: module and scope of the function that takes ``parameter`` from it. ``collection``: the one that it
    reads then, if that is known.
    """

    operation: Operation
    handler: tuple[int, int]
    parameter: str
    collection: Collection | None = None


def asked_sizes(project: Project, operation: Operation) -> list[AskedSize]:
    """The parameters of handlers that say how many documents an operation reads, and that nothing bounds."""
    if operation.name not in ("find", "aggregate") or operation.module in project.tests:
        return []
    found: dict[tuple[tuple[int, int], str], AskedSize] = {}
    for each in _asked_sizes(project, operation):
        found.setdefault((each.handler, each.parameter), each)
    return list(found.values())


def _asked_sizes(project: Project, operation: Operation) -> Iterator[AskedSize]:
    tracer = project.writes.tracer
    for place in _limits(project, operation):
        for way in inserts.ways(tracer, operation, project.writes.left_out):
            found = _parameter(tracer, Spot(place.module, place.row, way.frame))
            if found is None or (found.module, tracer.node(found)[1]) != (way.point.module, way.scope):
                continue
            path = project.request_path(way.point.module, way.scope)
            if path is None or path.calls or path.kind != "request" or path.handler != (way.point.module, way.scope):
                continue
            if _is_any_number(tracer, found) and not _is_compared(tracer, found):
                collection = inserts.collection_of(tracer, operation, way.frame)
                yield AskedSize(operation, path.handler, tracer.node(found)[2], collection)


def _limits(project: Project, operation: Operation) -> Iterator[Place]:
    """The numbers that say how many documents come back at most."""
    if operation.name == "aggregate":
        pipeline = project.results.argument(operation, operation.method.pipeline)
        stages, is_open = pipelines.stages_of(project.reader, pipeline) if pipeline is not None else ([], True)
        yield from () if is_open else _of_stages(project, stages)
        return
    limit = project.results.argument(operation, operation.method.limit)
    if limit is not None:
        yield limit
    for step in operation.steps:
        args = project.link.node(step.module, step.row)[2]
        if step.name == "limit" and args:
            yield Place(step.module, args[0][1], None)


def _of_stages(project: Project, stages: list[pipelines.Stage]) -> Iterator[Place]:
    for stage in stages:
        if stage.name == "$limit":
            yield stage.place
        elif stage.name == "$facet":
            for _, branch in project.reader.entries(*stage.place):
                yield from _of_stages(project, pipelines.stages_of(project.reader, branch)[0])


def _parameter(tracer: Tracer, spot: Spot) -> Spot | None:
    """The parameter of the outermost function that a value is, handed on as it is and compared with nothing."""
    while tracer.node(spot)[0] == "param":
        if spot.frame is None:
            return spot
        passed = tracer.parameter(spot)
        if passed is None or _is_compared(tracer, spot):
            return None
        spot = passed
    return None


def _is_any_number(tracer: Tracer, spot: Spot) -> bool:
    """Whether a parameter is an ``int`` that its default does not bound either."""
    _, scope, name = tracer.node(spot)
    param = next(each for each in tracer.link.scope(spot.module, scope).params if each.name == name)
    if param.annotation is None or param.default is None:
        return False
    hint = tracer.link.value(spot.module, param.annotation)
    if not any(type(atom) is External and atom.name == "builtins.int" for atom in hint):
        return False
    given = tracer.link.node(spot.module, param.default)
    if given[0] != "call":
        return True
    called = tracer.link.value(spot.module, given[1])
    is_query = any(type(atom) is External and atom.name in _DESCRIBING for atom in called)
    return is_query and not any(keyword in _BOUNDS for keyword, _ in given[2])


def _is_compared(tracer: Tracer, spot: Spot) -> bool:
    """Whether a function asks how large a parameter is."""
    return any(spot.row in node[2] for _, node in tracer.facts(spot.module).of_kind("compare"))
