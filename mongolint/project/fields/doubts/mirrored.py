"""Arrays of keys that grow with another collection: what names a document goes in and out together with it.

A ``$pull`` bounds an array if members leave it while what they name lives on. Where each stands beside the delete of
the document that it names, the array is as long as there are such documents. It is said only where these name the
owner of the array themselves, so that nothing would be lost without it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from mongolint.fastclasses import NamedTuple
from mongolint.project.fields.doubts import growth
from mongolint.project.fields.shapes import KnownField, KnownFields, Use
from mongolint.project.operations import Operation
from mongolint.project.references.links import Reference, same_id
from mongolint.project.tracing import stored
from mongolint.project.tracing.tracer import Spot, Term
from mongolint.project.writes import inserts, lookups

if TYPE_CHECKING:
    from mongolint.project.model import Project

_ADDING = ("$push", "$addToSet")
_DELETING = frozenset(["delete_one", "delete_many", "find_one_and_delete"])

Function = tuple[int, int]


class Mirrored(NamedTuple):
    """``added`` and ``pulled``: the places; ``reference``: the field by which what is named names the owner."""

    collection: str
    field: str
    added: tuple[Use, ...]
    pulled: tuple[Use, ...]
    reference: Reference


def mirrored(project: Project, known: KnownFields) -> Iterator[Mirrored]:
    """The arrays of a collection that hold a key for each document of another one."""
    if growth.may_set_any(known):
        return
    finder = _Finder(project)
    for name, field in known.fields.items():
        found = finder.of(known.collection, name, field)
        if found is not None and not growth.is_trimmed(finder.tracer, known, name, found.pulled):
            yield found


class _Finder:
    def __init__(self, project: Project) -> None:
        self.project = project
        self.tracer = project.writes.tracer

    def of(self, collection: str, name: str, field: KnownField) -> Mirrored | None:
        added = tuple(use for use in field.written if use.operator in _ADDING)
        pulled = tuple(use for use in field.written if use.operator == "$pull")
        if not added or not pulled or growth.is_counted(self.project, name):
            return None
        if any(growth.is_bounded(self.tracer, use, name) for use in added):
            return None
        for reference in self.project.fields.references:
            if reference.parent == collection and self._is_pushed_with(added, reference):
                if all(self._is_deleted_with(use, reference.child) for use in pulled):
                    return Mirrored(collection, name, added, pulled, reference)
        return None

    def _is_pushed_with(self, added: tuple[Use, ...], reference: Reference) -> bool:
        """Whether each place adds to the document that ``reference`` names, where one that refers to it is made."""
        made = {function for each in self._on(reference.child, inserts.INSERTING) for function, _ in self._runs(each)}
        return all(
            use.operation is not None
            and use.operation.filter.required.get(reference.key) == "equality"
            and bool(use.values)
            and all(self._function(use.operation, spot) in made for spot in use.values)
            for use in added
        )

    def _is_deleted_with(self, use: Use, child: str) -> bool:
        """Whether what one place takes out is the key of a document that is deleted there."""
        if use.operation is None or not use.values:
            return False
        deleted = {ran for each in self._on(child, _DELETING) for ran in self._runs(each)}
        return all((self._function(use.operation, spot), self._pulled(spot)) in deleted for spot in use.values)

    def _pulled(self, spot: Spot) -> Term | None:
        """The key that is taken out: by itself, or as one field of objects."""
        content = stored.read(self.tracer, spot)
        if len(content.fields) == 1 and not content.open:
            return same_id(next(iter(content.fields.values())).term)
        return same_id(self.tracer.term(spot))

    def _on(self, collection: str, names: frozenset[str]) -> Iterator[Operation]:
        for operation in self.project.operations:
            if operation.name in names and operation.module not in self.project.tests:
                if operation.runs_on(collection):
                    yield operation

    def _runs(self, operation: Operation) -> Iterator[tuple[Function, Term | None]]:
        """The functions that run an operation, and the ``_id`` that it looks for, as each knows it."""
        for way in inserts.ways(self.tracer, operation, self.project.tests):
            ids = [each["_id"] for each in lookups.equalities(self.tracer, operation, way.frame) if "_id" in each]
            yield (way.point.module, way.scope), same_id(ids[0].term) if len(ids) == 1 else None

    def _function(self, operation: Operation, spot: Spot) -> Function:
        """The function that begins the way on which a value is met."""
        frame = spot.frame
        if frame is None:
            return operation.module, operation.scope
        while frame.outer is not None:
            frame = frame.outer
        call = self.tracer.call(frame.site_module, frame.site)
        return frame.site_module, call.scope if call is not None else -1
