"""The question: which fields of a collection does the code know, and from where?

Answered for one collection at a time, and kept: an editor asks for the one collection that is being typed about.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from mongolint.link.states.memory import held, held_by
from mongolint.project.fields import asked, computed, oldbulks, values, written
from mongolint.project.fields.complete import Complete
from mongolint.project.fields.doubts import ids
from mongolint.project.fields.doubts.dateless import Dateless, dateless
from mongolint.project.fields.doubts.dates import LocalDate, local_dates
from mongolint.project.fields.doubts.empty import EmptyField, empty
from mongolint.project.fields.doubts.growth import Growing, growing, rewritten
from mongolint.project.fields.doubts.mirrored import Mirrored, mirrored
from mongolint.project.fields.doubts.mixed import MixedField, mixed
from mongolint.project.fields.doubts.textdates import TextDate, text_dates
from mongolint.project.fields.doubts.unknown import Unknown, UnknownField
from mongolint.project.fields.doubts.untyped import UntypedField, untyped
from mongolint.project.fields.edited import edited
from mongolint.project.fields.shapes import KnownField, KnownFields, Use
from mongolint.project.operations import Operation
from mongolint.project.references.links import Reference, references
from mongolint.project.schema.validated import time_series
from mongolint.project.tracing.stored import Content

if TYPE_CHECKING:
    from mongolint.project.model import Project

_Named = tuple[str, Use]


class Fields:
    """Answers for one project; tests tell nothing."""

    def __init__(self, project: Project) -> None:
        self.project = project

    @held_by
    def of(self, collection: str) -> KnownFields:
        """What is known of the fields of a collection; no fields where the code names none."""
        return self._find(collection)

    @held
    def collections(self) -> list[str]:
        """The names of all collections that code outside of tests knows, sorted."""
        names = {name for operation in self._operations for name in operation.collection_names}
        names.update(index.collection_name for index in self.project.indexes if index.collection_name)
        names.update(lookup.collection for operation in self._operations for lookup in operation.lookups)
        return sorted(names)

    def _find(self, collection: str) -> KnownFields:
        found: dict[str, dict[Use, None]] = {}
        for name, use in self._uses(collection):
            found.setdefault(name, {})[use] = None
        opened = found.pop("", {})
        # Every document has one
        if found:
            found.setdefault("_id", {})
        fields = {name: KnownField(name, tuple(uses)) for name, uses in found.items()}
        return KnownFields(collection, fields, tuple(opened))

    def _uses(self, collection: str) -> Iterable[_Named]:
        own = [each for each in self.project.operations_on(collection) if each.module not in self.project.tests]
        for operation in own:
            if operation.collection is not None and written.writes(operation):
                for each in self._written_by(operation):
                    if each.collection == collection:
                        yield each.name, each.use
        yield from self._unplaced_on(collection)
        for operation in own:
            yield from asked.asked_by(self.project, operation)
        yield from self._told_elsewhere(collection)

    @held_by
    def documents(self, collection: str) -> tuple[Content, ...]:
        """The whole documents that the code makes in a collection, by inserts, replacements and upserts."""
        return tuple(self._documents.get(collection, ()))

    @held
    def _documents(self) -> dict[str, list[Content]]:
        found: dict[str, list[Content]] = {}
        for operation in self._operations:
            if written.writes(operation):
                for collection, content in self._documents_of(operation):
                    found.setdefault(collection, []).append(content)
        return found

    @held_by
    def _documents_of(self, operation: Operation) -> list[tuple[str, Content]]:
        return [each for writing in self._writings(operation) for each in writing.documents()]

    @held_by
    def _written_by(self, operation: Operation) -> list[written.Named]:
        return [named for writing in self._writings(operation) for named in writing.written()]

    @held_by
    def _writings(self, operation: Operation) -> list[written.Writing]:
        return list(written.writings(self.project, operation))

    @held
    def unknown(self) -> list[UnknownField]:
        """The places that ask for fields which nothing writes."""
        return self._unknown.all

    @cached_property
    def _unknown(self) -> Unknown:
        return Unknown(self.project, self)

    @held_by
    def unknown_of(self, operation: Operation) -> set[str]:
        """The fields that an operation asks for and that nothing writes."""
        return {each.name for each in self._unknown_in.get(id(operation), ())}

    @held_by
    def finds_nothing(self, operation: Operation) -> bool:
        """Whether an operation filters by a field that no document has: it needs the right name, and no index."""
        return any(each.use.how == "filter" for each in self._unknown_in.get(id(operation), ()))

    @held
    def _unknown_in(self) -> dict[int, list[UnknownField]]:
        """They, by the operation that asks, as its id."""
        found: dict[int, list[UnknownField]] = {}
        for each in self.unknown:
            found.setdefault(id(each.use.operation), []).append(each)
        return found

    @held
    def mixed(self) -> list[MixedField]:
        """The fields that are written as two types."""
        return list(mixed(self.project, self))

    @held
    def local_dates(self) -> list[LocalDate]:
        """Where local time is taken that reaches the database without its zone."""
        return local_dates(self.project, self)

    @held
    def text_dates(self) -> list[TextDate]:
        """The fields that hold dates as text, and by which documents are ordered or compared."""
        return list(text_dates(self.project, self))

    @held
    def dateless(self) -> list[Dateless]:
        """The TTL indexes on fields that hold no date."""
        return list(dateless(self.project, self))

    @held
    def time_series(self) -> frozenset[str | None]:
        """The collections that the code makes as time series; None among them for one whose name is not known."""
        return time_series(self.project)

    @held
    def empty(self) -> list[EmptyField]:
        """The fields that are null in every document."""
        return list(empty(self.project, self))

    @held
    def untyped(self) -> list[UntypedField]:
        """The fields of stored models that may hold any object."""
        return list(untyped(self.project, self))

    @held_by
    def growing(self, collection: str) -> list[Growing]:
        """The places that add to arrays of a collection which nothing bounds."""
        return list(growing(self.project, self.of(collection)))

    def mirrored(self, collection: str) -> list[Mirrored]:
        """The arrays of a collection that hold a key for each document of another one."""
        return list(mirrored(self.project, self.of(collection)))

    def named_after(self, operation: Operation) -> list[str]:
        """The fields in the filter of an operation that are named after a value."""
        return computed.named_after(self.project, operation)

    @held
    def unchecked_ids(self) -> list[Operation]:
        """The queries by an ``_id`` that a request names in its path, and of which nothing asks whether it is one."""
        return ids.unchecked(self.project)

    def unlike(self, operation: Operation) -> list[str]:
        """Those of which any value but one fits, and none as well."""
        return computed.unlike(self.project, operation)

    @held
    def references(self) -> list[Reference]:
        """The fields that hold the key of a document of another collection."""
        return references(self.project, [each for each in self._operations if each.method.kind in ("read", "write")])

    def rewritten(self, collection: str) -> Iterator[tuple[str, tuple[Use, ...]]]:
        """The fields that are read, added to inside, and set as a whole, with the places that set them."""
        return rewritten(self.project, self.of(collection))

    @held
    def has_unplaced_bulks(self) -> bool:
        """Whether an old bulk write is on a collection that the code does not show."""
        return any(name == oldbulks.ANY for name, _, _ in oldbulks.written(self.project))

    @held_by
    def is_complete(self, collection: str) -> bool:
        """Whether the code shows all fields that a document of a collection can have."""
        return self._complete.holds(collection)

    @held
    def edited(self) -> set[str]:
        """The collections of which people add, change and delete documents by the views of a library."""
        return edited(self.project)

    @cached_property
    def _complete(self) -> Complete:
        return Complete(self.project, self)

    @held
    def _operations(self) -> list[Operation]:
        return [operation for operation in self.project.operations if operation.module not in self.project.tests]

    @held_by
    def _unplaced_on(self, collection: str) -> Sequence[_Named]:
        return self._unplaced.get(collection, ())

    @held_by
    def _told_elsewhere(self, collection: str) -> Sequence[_Named]:
        return self._elsewhere.get(collection, ())

    @held
    def _unplaced(self) -> dict[str, list[_Named]]:
        """What operations write of which only the way to them tells the collection."""
        found: dict[str, list[_Named]] = {}
        for operation in self._operations:
            if operation.collection is None and written.writes(operation):
                for each in self._written_by(operation):
                    found.setdefault(each.collection, []).append((each.name, each.use))
        return found

    @held
    def _elsewhere(self) -> dict[str, list[_Named]]:
        """What look-ups, values, indexes and old bulk writes tell."""
        found: dict[str, list[_Named]] = {}
        for source in (asked.looked_up, values.taken, asked.indexed, oldbulks.written):
            for collection, name, use in source(self.project):
                found.setdefault(collection, []).append((name, use))
        return found
