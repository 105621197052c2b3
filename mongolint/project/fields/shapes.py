"""What is known of the fields of a collection, as data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import TYPE_CHECKING

from mongolint.fastclasses import NamedTuple, dataclass
from mongolint.finding import Span

if TYPE_CHECKING:
    from mongolint.link.atoms import ClassRef
    from mongolint.project.operations import Operation
    from mongolint.project.tracing.tracer import Frame, Spot

# How a field is used, as `Use.how` says
WRITES = frozenset(["insert", "replace", "update"])
READS = frozenset(["filter", "sort", "projection", "distinct", "lookup", "value"])
# The way in which a document that an upsert makes gets what its filter compares
UPSERT = "upsert"


@dataclass(frozen=True, slots=True)
class Use:
    """One place that names a field.

    Attributes:
        how: insert, replace, update; filter, sort, projection, distinct, lookup, value (of a document that was read);
            index.
        span: the method of the operation, or where the index is spelled out, or the expression that reads the value.
        operator: of an update (``$set``; "upsert" for what the filter of an upsert makes), or the operator class of
            a filter (equality, range …), "get" for a value that may be missing, or "".
        kinds: the types that it has there, by the names of ``$type``, "number" for all numbers; none where unknown.
        sure: whether each document that is inserted there has it. True for all other uses.
        model: the field of the class that declares it, ``BookDocument.title``, or "".
        exact: ``kinds`` are all types that it may have there.
        closed: the fields inside of it are all named by other uses.
        values: the expressions that give a written value.
        declared: the class and name of ``model``.
        operation: the one that writes or asks; None for values and indexes.
        astray: which of several collections is written there, the way to it does not tell.
        frame: the calls that lead to the operation, for a field that is written there.
    """

    how: str
    span: Span
    operator: str = ""
    kinds: tuple[str, ...] = ()
    sure: bool = True
    model: str = ""
    exact: bool = False
    closed: bool = False
    values: tuple[Spot, ...] = field(default=(), compare=False, repr=False)
    declared: tuple[ClassRef, str] | None = field(default=None, compare=False, repr=False)
    operation: Operation | None = field(default=None, compare=False, repr=False)
    astray: bool = field(default=False, compare=False, repr=False)
    frame: Frame | None = field(default=None, compare=False, repr=False)


class KnownField(NamedTuple):
    """A field by its dotted path, without positions in arrays, and all that names it."""

    name: str
    uses: tuple[Use, ...]

    @property
    def written(self) -> tuple[Use, ...]:
        return tuple(use for use in self.uses if use.how in WRITES)

    @property
    def read(self) -> tuple[Use, ...]:
        return tuple(use for use in self.uses if use.how in READS)

    @property
    def kinds(self) -> tuple[str, ...]:
        """The types that writes give it; where none tells, those that filters compare it with."""
        told = self.written if any(use.kinds for use in self.written) else self.uses
        return tuple(dict.fromkeys(kind for use in told for kind in use.kinds))

    @property
    def models(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(use.model for use in self.uses if use.model))


@dataclass(frozen=True, slots=True)
class KnownFields:
    """The fields of a collection: those that are written first, in the order met.

    ``opened``: where documents, or parts of them, are written of which the code does not show all fields.
    """

    collection: str
    fields: Mapping[str, KnownField] = field(default_factory=dict)
    opened: tuple[Use, ...] = ()

    @property
    def open(self) -> bool:
        return bool(self.opened)


def plain_path(name: str) -> str:
    """A path without what chooses elements of arrays: ``items.$[].sku`` and ``items.0.sku`` are ``items.sku``."""
    parts = [part for part in name.split(".") if part and not part.isdigit() and not part.startswith("$")]
    return ".".join(parts)
