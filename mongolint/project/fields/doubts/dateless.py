"""TTL indexes on fields that hold no date: the server deletes nothing by them, and says nothing.

Source: MongoDB manual, "TTL Indexes": a document whose indexed field is no date, and no array with one, stays.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from mongolint.fastclasses import NamedTuple
from mongolint.project.fields.shapes import KnownFields, Use
from mongolint.project.indexes import IndexDeclaration

if TYPE_CHECKING:
    from mongolint.project.fields.known import Fields
    from mongolint.project.model import Project

_DATES = frozenset(["date", "array", "timestamp"])


class Dateless(NamedTuple):
    """A TTL index by which nothing ends; ``kind``: what ``writes`` store, ``inside``: where in it a date is, or ""."""

    declared: IndexDeclaration
    collection: str
    field: str
    kind: str
    writes: tuple[Use, ...]
    inside: str


def dateless(project: Project, fields: Fields) -> Iterator[Dateless]:
    """Only where all that writes the field is in view, and tells its type."""
    for index in project.indexes:
        name, keys = index.collection_name, index.keys or ()
        if name is None or len(keys) != 1 or "expireAfterSeconds" not in index.options or index.source == "snapshot":
            continue
        if index.module in project.tests or not fields.is_complete(name):
            continue
        field, known = keys[0][0], fields.of(name)
        held = known.fields.get(field)
        writes = tuple(use for use in held.written if use.operator != "$unset") if held is not None else ()
        kinds = {kind for use in writes for kind in use.kinds} - {"null"}
        if len(kinds) == 1 and not kinds & _DATES and all(use.exact for use in writes):
            shown = tuple(use for use in writes if use.operation is not None and use.kinds != ("null",))
            if shown:
                yield Dateless(index, name, field, kinds.pop(), shown, _inside(known, field))


def _inside(known: KnownFields, field: str) -> str:
    """The only date inside of an object, by which a TTL index could be."""
    found = [name for name, each in known.fields.items() if name.startswith(f"{field}.") and each.kinds == ("date",)]
    return found[0] if len(found) == 1 else ""
