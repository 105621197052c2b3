"""Pages of results in no order: a skip without a sort before it.

Sources: MongoDB manual, ``cursor.skip()`` and "Sort Consistency": without a sort the order of results is not defined,
and pages that are skipped to may repeat or miss documents.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from mongolint.fastclasses import NamedTuple
from mongolint.link.atoms import NONE, Const, External, const
from mongolint.link.rowtools import reached_rows
from mongolint.project import pipelines, verdicts
from mongolint.project.documents import Place
from mongolint.project.tracing.tracer import Spot

if TYPE_CHECKING:
    from mongolint.project.model import Project
    from mongolint.project.operations import Operation

# Stages behind which documents have an order that says which come first
_ORDERING = frozenset(
    ["$sort", "$sortByCount", "$geoNear", "$search", "$vectorSearch", "$searchBeta", "$bucket", "$bucketAuto"]
)
# Stages that lose it
_MIXING = frozenset(["$group", "$unionWith", "$sample", "$out", "$merge"])
# Calls between a handler and what reads the page for it
_MAX_CALLS = 3


class UnsortedPage(NamedTuple):
    """An operation that skips documents in no order.

    ``form``: how it skips: a step of the cursor, a keyword, a stage. ``place``: the call of the step, the value of the
    keyword, or the stage's value.
    """

    operation: Operation
    form: str
    place: Place


def unsorted_page(project: Project, operation: Operation) -> UnsortedPage | None:
    """How an operation skips documents without a sort; None where it does not, or may sort."""
    if operation.name == "aggregate":
        return _of_pipeline(project, operation)
    if operation.name != "find" or project.link.node(operation.module, operation.row)[0] != "call":
        return None
    if _may_be_sorted(project, operation) or project.names_its_documents(operation):
        return None
    skip = project.results.argument(operation, operation.method.skip)
    if skip is not None:
        return UnsortedPage(operation, "keyword", skip) if _skips(project, skip) else None
    for step in operation.steps:
        args = project.link.node(step.module, step.row)[2]
        if step.name == "skip" and args and _skips(project, Place(step.module, args[0][1], None)):
            return UnsortedPage(operation, "step", Place(step.module, step.row, None))
    return None


def is_sorted_in_memory(project: Project, operation: Operation) -> bool:
    """Whether the index that finds the documents of pages does not give them by ``_id``."""
    if project.verdict(operation).verdict != "served":
        return False
    query = replace(project.query(operation), sort=(("_id", 1),))
    plan = verdicts.judge_query(query, project.declarations().on(query.collection)).plan
    return plan is not None and not plan.orders


def _may_be_sorted(project: Project, operation: Operation) -> bool:
    """Whether a sort is given on some path, or an order by a hint or an unknown argument."""
    args = project.link.node(operation.module, operation.row)[2]
    keywords = {keyword for keyword, _ in args}
    if keywords & {"hint", "cursor_type", "*", "**"} or operation.filter.text:
        return True
    sort = project.results.argument(operation, operation.method.sort)
    if sort is not None and project.link.value(*sort) != (NONE,):
        return True
    return any(step.name in ("sort", "hint", "min", "max") for step in operation.steps) or _is_near(operation)


def _is_near(operation: Operation) -> bool:
    """Whether the filter sorts by distance."""
    return any(kind == "geo" for kind in (*operation.filter.required.values(), *operation.filter.optional.values()))


def _skips(project: Project, place: Place) -> bool:
    """Whether a number of documents is skipped that may be other than 0, and not a random one."""
    value = project.link.value(*place)
    if value and all(type(atom) is Const and atom in (const(0), const(None)) for atom in value):
        return _is_requested(project, Spot(place.module, place.row, None))
    return not _is_random(project, place)


def _is_requested(project: Project, spot: Spot, depth: int = _MAX_CALLS) -> bool:
    """Whether whoever sends a request gives a value, so that the default of the parameter is the first page only."""
    tracer = project.writes.tracer
    for node in reached_rows(project.modules[spot.module], spot.row).values():
        if node[0] != "param":
            continue
        entry = project.reachability.entrypoints.of(spot.module, node[1])
        if entry is not None and entry.kind in ("request", "event"):
            return True
        for module, row, function in project.link.sites.of(spot.module, node[1]) if depth else ():
            frame = tracer.frame(function, Spot(module, row, None))
            passed = tracer.argument(frame, node[2]) if frame else None
            if passed is not None and passed.module == module and _is_requested(project, passed, depth - 1):
                return True
    return False


def _is_random(project: Project, place: Place) -> bool:
    """Whether a random document is picked, for which the order does not matter."""
    for row, node in reached_rows(project.modules[place.module], place.row).items():
        if node[0] in ("attr", "free", "from") and "rand" in str(node[2]).lower():
            return True
        if node[0] == "attr":
            value = project.link.value(place.module, row)
            if any(type(atom) is External and atom.name.startswith(("random.", "secrets.")) for atom in value):
                return True
    return False


def _of_pipeline(project: Project, operation: Operation) -> UnsortedPage | None:
    place = project.results.argument(operation, operation.method.pipeline)
    if place is None:
        return None
    stages, is_open = pipelines.stages_of(project.reader, place)
    if is_open:
        return None
    found = next(_skipping(project, stages, False), None)
    return None if found is None else UnsortedPage(operation, "stage", found)


def _skipping(project: Project, stages: list[pipelines.Stage], is_sorted: bool) -> Iterator[Place]:
    """The values of the ``$skip`` stages before which there is no order, in branches of ``$facet`` too."""
    for stage in stages:
        if stage.name in _ORDERING:
            is_sorted = True
        elif stage.name in _MIXING and stage.certain:
            is_sorted = False
        elif stage.name == "$match" and project.reader.document(*stage.place).text:
            is_sorted = True
        elif stage.name == "$skip" and not is_sorted and stage.certain and _skips(project, stage.place):
            yield stage.place
        elif stage.name == "$facet":
            for _, branch in project.reader.entries(*stage.place):
                inner, is_open = pipelines.stages_of(project.reader, branch)
                if not is_open:
                    yield from _skipping(project, inner, is_sorted)
