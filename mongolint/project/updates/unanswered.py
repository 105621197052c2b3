"""Writes of a request that a unique index refuses, with nothing on the way that catches ``DuplicateKeyError``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from mongolint.facts.shapes import ModuleFacts
from mongolint.fastclasses import NamedTuple
from mongolint.link.atoms import ClassRef, External, FunctionRef
from mongolint.link.rowtools import reached_rows
from mongolint.link.states.memory import held_by
from mongolint.project.fields.doubts.ids import is_for_all
from mongolint.project.indexes import IndexDeclaration
from mongolint.project.operations import Operation
from mongolint.project.tracing import models
from mongolint.project.tracing.stored import Content
from mongolint.project.tracing.tracer import Spot
from mongolint.project.updates import lost
from mongolint.project.updates.numbers import numbered
from mongolint.project.writes import inserts, keys
from mongolint.project.writes.inserts import Way

if TYPE_CHECKING:
    from mongolint.project.model import Project
    from mongolint.project.tracing.tracer import Tracer

_WRITING = frozenset([*inserts.INSERTING, "update_one", "find_one_and_update"])
# By which frameworks are told what to do about errors of one class
_REGISTERING = frozenset(
    [
        *("exception_handler", "add_exception_handler", "errorhandler", "app_errorhandler", "register_error_handler"),
        *("error_handler", "add_error_handler", "exception"),
    ]
)
# What frameworks call by name when a request fails
_HOOKS = frozenset(["process_exception", "write_error", "handle_exception", "handle_error", "log_exception"])


class Unanswered(NamedTuple):
    """A write of a handler, and the index that refuses it when another document has the same key."""

    operation: Operation
    collection: str
    refusing: IndexDeclaration


def find(project: Project, tracer: Tracer) -> Iterator[Unanswered]:
    """Each such write once; none where something may catch the errors of all requests."""
    if _answers_all(project):
        return
    wanted = (each for each in project.operations if each.name in _WRITING)
    unmade = [index for setup in project.idle_setups() for index in setup.indexes]
    for found in lost.found_once(project, tracer, wanted, lambda way: _of_way(project, tracer, way)):
        if not any(index == found.refusing for index in unmade):
            yield found


def _answers_all(project: Project) -> bool:
    return any(_answers(project, module, facts) for module, facts in enumerate(project.modules))


def _answers(project: Project, module: int, facts: ModuleFacts) -> bool:
    """Whether a module may say what is answered when the database refuses something."""
    if module in project.tests:
        return False
    for number, scope in enumerate(facts.scopes):
        if scope.kind == "function" and (scope.name in _HOOKS or _is_catching_middleware(project, module, number)):
            return True
    for call in facts.calls:
        _, function, args = facts.nodes[call.row]
        if is_for_all(project, module, call) or any(keyword == "exception_handlers" for keyword, _ in args):
            return True
        if facts.nodes[function][-1] in _REGISTERING and args and _may_be_refusal(project, module, args[0][1]):
            return True
    return False


def _is_catching_middleware(project: Project, module: int, scope: int) -> bool:
    facts = project.modules[module]
    names = project.link.hierarchy.decorators(FunctionRef(module, scope))
    around = (entry for call in facts.calls if call.scope == scope for entry in facts.chain(call.context))
    return any("middleware" in name for name in names) and any(entry.kind == "try" for entry in around)


def _may_be_refusal(project: Project, module: int, row: int) -> bool:
    """Whether a class of errors may be one of those that a refused write raises."""
    value = project.link.value(module, row)
    if not value or any(type(atom) is not External for atom in value):
        is_own = bool(value) and all(type(atom) is ClassRef for atom in value)
        return project.modules[module].nodes[row][0] != "const" and not is_own
    return any(atom.name.rpartition(".")[2] in numbered.CATCHING for atom in value if type(atom) is External)


@held_by
def _of_way(project: Project, tracer: Tracer, way: Way) -> Unanswered | None:
    operation = way.operation
    collection = inserts.collection_of(tracer, operation, way.frame)
    path = project.request_path(way.point.module, way.scope)
    if collection is None or collection.name is None or path is None or path.kind != "request":
        return None
    refusing = [each for each in project.indexes_of(collection.name) or () if _is_plain(each)]
    if not refusing:
        return None
    is_insert = operation.name in inserts.INSERTING
    parts = [inserts.content_of(tracer, way)] if is_insert else [part for part, _ in inserts.changes_of(tracer, way)]
    for each in refusing:
        if any(_may_repeat(tracer, operation, part, each) for part in parts):
            return None if _is_caught(project, tracer, way) else Unanswered(operation, collection.name, each)
    return None


def _is_plain(index: IndexDeclaration) -> bool:
    """Whether an index surely refuses the second document with its keys."""
    is_unique = index.options.get("unique") is True and not index.open
    return is_unique and bool(index.keys) and "partialFilterExpression" not in index.options


def _may_repeat(tracer: Tracer, operation: Operation, part: Content, index: IndexDeclaration) -> bool:
    """Whether a write surely stores all keys of an index, as they were given, and looks for none of them itself."""
    for name, _ in index.keys or ():
        value = part.fields.get(name)
        if value is None or not value.sure or name in operation.filter.required:
            return False
        if not value.spots and (value.declared is None or models.has_default(tracer, *value.declared)):
            return False
        if any(keys.maker(tracer, spot) or _may_be_made(tracer, spot) for spot in value.spots):
            return False
    return True


def _may_be_made(tracer: Tracer, spot: Spot) -> bool:
    """Whether a function has a part in a value, which may be another one at each call; methods of texts have none."""
    while tracer.node(spot)[0] == "param" and (passed := tracer.parameter(spot)) is not None:
        spot = passed
    inner = reached_rows(tracer.facts(spot.module), spot.row).values()
    called = [tracer.value(spot.at(node[1])) for node in inner if node[0] == "call"]
    return any(type(atom) in (External, FunctionRef, ClassRef) for atoms in called for atom in atoms)


def _is_caught(project: Project, tracer: Tracer, way: Way) -> bool:
    """Whether a clause on the way catches the error, or a decorator of the project may."""
    names = project.link.hierarchy.decorators(FunctionRef(way.point.module, way.scope))
    wraps = any(word in name.lower() for name in names for word in ("error", "exception", "catch", "handle", "try"))
    return wraps or numbered.is_caught(tracer, way)
