"""Numbers that are only tested to be some, and stored as they came: ``float(price)`` in a ``try``, and then ``price``.

``$avg`` and ``$sum`` leave out what is no number, texts of digits too. Source: MongoDB manual, "$avg" and "$sum".
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from mongolint.fastclasses import NamedTuple
from mongolint.link.atoms import External
from mongolint.link.rowtools import reached_rows
from mongolint.project.operations import Operation
from mongolint.project.writes import inserts

if TYPE_CHECKING:
    from mongolint.facts.shapes import ModuleFacts
    from mongolint.project.fields.known import Fields
    from mongolint.project.model import Project
    from mongolint.project.writes.inserts import Way

_ADDING = frozenset(["$avg", "$sum"])
_NUMBERS = ("builtins.float", "builtins.int")


class TestedNumber(NamedTuple):
    """A field of which only a test says that numbers are in it.

    ``operation``: the insert; ``test``: the call, as module and row; ``added``: the aggregations that add it up.
    """

    collection: str
    field: str
    operation: Operation
    test: tuple[int, int]
    added: tuple[Operation, ...]


def tested_numbers(project: Project, fields: Fields) -> Iterator[TestedNumber]:
    """Each such field once."""
    added: dict[tuple[str, str], list[Operation]] = {}
    for operation in project.operations:
        if operation.name == "aggregate" and operation.module not in project.tests:
            for name in operation.collection_names if len(operation.collection_names) == 1 else ():
                for field in _added_up(project, operation):
                    added.setdefault((name, field), []).append(operation)
    for (name, field), aggregations in added.items():
        known = fields.of(name).fields.get(field)
        if known is None or {*known.kinds} == {"number"}:
            continue
        for operation in project.operations_on(name):
            test = _tested(project, operation, field) if operation.name in inserts.INSERTING else None
            if test is not None:
                yield TestedNumber(name, field, operation, test, tuple(aggregations))
                break


def _added_up(project: Project, operation: Operation) -> list[str]:
    """The fields that a pipeline adds up, at the top of documents."""
    place = project.results.argument(operation, operation.method.pipeline)
    if place is None:
        return []
    facts = project.modules[place.module]
    found: dict[str, None] = {}
    for node in reached_rows(facts, place.row).values():
        for key, value in node[1] if node[0] == "dict" else ():
            if key is not None and facts.constant(key) in _ADDING:
                path = _path(facts, value)
                if path.startswith("$") and not path.startswith("$$"):
                    found[path[1:].partition(".")[0]] = None
    return list(found)


def _path(facts: ModuleFacts, row: int) -> str:
    """How the path of a field begins, as far as that is a constant."""
    node = facts.nodes[row]
    text = facts.constant(node[1][0] if node[0] == "fstr" and node[1] else row)
    return text if isinstance(text, str) and (node[0] != "fstr" or "." in text) else ""


def _tested(project: Project, operation: Operation, field: str) -> tuple[int, int] | None:
    """The call that only tests what an insert stores in a field, or in a part of it."""
    if operation.module in project.tests or project.is_script(operation.module):
        return None
    tracer = project.writes.tracer
    for way in inserts.ways(tracer, operation, project.writes.left_out):
        value = inserts.content_of(tracer, way).fields.get(field)
        spots = [spot for spot in value.spots if spot.frame is None] if value is not None else []
        if len(spots) == 1 and spots[0].module == way.point.module:
            row = next(_tests(project, way, spots[0].row), None)
            if row is not None:
                return spots[0].module, row
    return None


def _tests(project: Project, way: Way, stored: int) -> Iterator[int]:
    """The calls before an insert that make a number of it, in a ``try``, and of which it is not made itself."""
    module, facts = way.point.module, project.modules[way.point.module]
    held = reached_rows(facts, stored)
    for call in facts.calls:
        node = facts.nodes[call.row]
        if call.scope != way.scope or call.row >= way.row or call.row in held or len(node[2]) != 1:
            continue
        called = project.link.value(module, node[1])
        is_number = len(called) == 1 and type(called[0]) is External and called[0].name in _NUMBERS
        if is_number and stored in reached_rows(facts, node[2][0][1]):
            if any(each.kind == "try" for each in facts.chain(call.context)):
                yield call.row
