"""Whether the code shows all that writes to a collection, so that a field which nothing writes is in no document.

Older documents, and those of other programs, no source shows: a project that makes documents of a collection itself,
whole ones and all fields in view, is taken for the one that makes them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from mongolint.facts.shapes import ModuleFacts
from mongolint.link.atoms import FunctionRef, strings
from mongolint.link.states.memory import held, held_by
from mongolint.mongo import mappers
from mongolint.project import pipelines
from mongolint.project.fields import written
from mongolint.project.operations import Operation, argument
from mongolint.project.writes import inserts

if TYPE_CHECKING:
    from mongolint.project.fields.known import Fields
    from mongolint.project.model import Project

_OBJECT_MAPPERS = frozenset({*mappers.PACKAGES, "odmantic", "umongo", "mongokit", "pymodm", "aiodocument", "mongox"})
_DOCUMENTS = ("dict", "setitem", "mutated", "delitem", "phi", "typed", "param")
_INTO = ("$out", "$merge")


class Complete:
    """Answers for the collections of one project."""

    def __init__(self, project: Project, fields: Fields) -> None:
        self.project = project
        self.fields = fields

    def holds(self, collection: str) -> bool:
        """Whether no other field than the written ones can be in a document of the collection."""
        known = self.fields.of(collection)
        return (
            not known.open
            and bool(self.fields.documents(collection))
            and not self._is_written_elsewhere
            and collection not in self._outputs
            and None not in self._outputs
            and collection not in self._handed_on
            and collection not in self.fields.edited
            and len(self._databases.get(collection, ())) < 2
        )

    @held
    def _databases(self) -> dict[str, set[str]]:
        """The databases in which code knows a collection of a name: one may be filled, and the other one read."""
        found: dict[str, set[str]] = {}
        for operation in self.project.operations:
            for each in operation.collections if operation.module not in self.project.tests else ():
                if each.name is not None and each.database.name is not None:
                    found.setdefault(each.name, set()).add(each.database.name)
        return found

    @held
    def _is_written_elsewhere(self) -> bool:
        """Whether an object mapper, or an operation on a collection that the model cannot name, writes documents."""
        project = self.project
        if self.fields.has_unplaced_bulks:
            return True
        for module, facts in enumerate(project.modules):
            if module not in project.tests and any(
                name.partition(".")[0] in _OBJECT_MAPPERS for name in _imported(facts)
            ):
                return True
        return any(not operation.collections or self._is_unplaced(operation) for operation in self._writing)

    @held_by
    def _is_unplaced(self, operation: Operation) -> bool:
        if operation.collection_names:
            return False
        tracer = self.project.writes.tracer
        ways = inserts.ways(tracer, operation, self.project.tests)
        return not any(inserts.collection_of(tracer, operation, way.frame) is not None for way in ways)

    @property
    def _writing(self) -> Iterator[Operation]:
        for operation in self.project.operations:
            if operation.module not in self.project.tests and written.writes(operation):
                yield operation

    @held
    def _outputs(self) -> set[str | None]:
        """The collections that pipelines write into; None among them where one is not known."""
        found: set[str | None] = set()
        project = self.project
        for operation in project.operations:
            if operation.module in project.tests or operation.method.pipeline is None:
                continue
            if project.link.node(operation.module, operation.row)[0] != "call":
                continue
            place = argument(project.link, operation.module, operation.row, operation.method, operation.method.pipeline)
            stages = pipelines.stages_of(project.reader, place)[0] if place is not None else []
            for stage in stages:
                if stage.name in _INTO:
                    names = strings(project.link.value(*stage.place))
                    for key, at in project.reader.entries(*stage.place):
                        names += strings(project.link.value(*at)) if key in ("into", "coll") else []
                    found.update(names or [None])
        return found

    @held
    def _handed_on(self) -> set[str]:
        """The collections whose documents are handed to functions that put more into them."""
        found: set[str] = set()
        for operation in self._writing:
            if operation.method.document and self._is_handed_on(operation):
                found.update(operation.collection_names)
        return found

    @held_by
    def _is_handed_on(self, operation: Operation) -> bool:
        project = self.project
        if project.link.node(operation.module, operation.row)[0] != "call":
            return False
        place = argument(
            project.link, operation.module, operation.row, operation.method, str(operation.method.document)
        )
        if place is None:
            return False
        facts = project.modules[operation.module]
        own = set(_versions(facts, place.row))
        for call in facts.calls:
            if call.row == operation.row:
                continue
            node = facts.nodes[call.row]
            for position, (keyword, row) in enumerate(node[2]):
                if row in own and self._changes(operation.module, node[1], keyword, position):
                    return True
        return False

    def _changes(self, module: int, function: int, keyword: str | None, position: int) -> bool:
        """Whether a function puts keys into what it is given."""
        for atom in self.project.link.value(module, function):
            if type(atom) is not FunctionRef:
                continue
            scope = self.project.link.scope(atom.module, atom.scope)
            names = [param.name for param in scope.params if param.kind == "positional"]
            offset = 1 if atom.receiver is not None else 0
            given = keyword or (names[position + offset] if position + offset < len(names) else None)
            facts = self.project.modules[atom.module]
            for node in facts.body(scope):
                if node[0] in ("setitem", "mutated") and _parameter(facts, node[1]) == given:
                    return True
        return False


def _imported(facts: ModuleFacts) -> Iterator[str]:
    return (name for name, _, level in facts.imports if not level)


def _versions(facts: ModuleFacts, row: int) -> Iterator[int]:
    """The rows that stand for one document while it is put together."""
    pending, seen = [row], {row}
    while pending:
        current = pending.pop()
        node = facts.nodes[current]
        if node[0] not in _DOCUMENTS:
            continue
        yield current
        before = node[1] if node[0] == "phi" else (node[1],) if node[0] in ("setitem", "mutated", "delitem") else ()
        for each in before:
            if each not in seen:
                seen.add(each)
                pending.append(each)


def _parameter(facts: ModuleFacts, row: int) -> str | None:
    """The parameter that a row stands for, changed or not."""
    node = facts.nodes[row]
    while node[0] in ("setitem", "mutated", "delitem"):
        node = facts.nodes[node[1]]
    return node[2] if node[0] == "param" else None
