"""Ways from a query to the index that serves it, and back."""

from __future__ import annotations

from collections.abc import Iterable

from mongolint.engine.load import Loaded
from mongolint.finding import Span
from mongolint.lsp.features.fitting import fitting
from mongolint.lsp.features.places import Buffer, Location, indexes_at, location_of, named_at
from mongolint.lsp.features.sight import Sight
from mongolint.lsp.features.slots import slot_at
from mongolint.lsp.features.typed import around
from mongolint.project.explained.answer import answer
from mongolint.project.indexes import IndexDeclaration
from mongolint.project.operations import Operation


def definition(loaded: Loaded, path: str, line: int, column: int, text: str | None = None) -> list[Location]:
    """Of a query, the declarations of the indexes that serve it; of a hint, that of the index that it names."""
    buffer = Buffer(loaded, path, text)
    if buffer.module is None:
        return []
    offset = buffer.offset(line, column)
    named = named_at(loaded, buffer, offset)
    if named is not None:
        return _locations(loaded, map(loaded.project.index_span, _serving(loaded, named[0])))
    return _locations(loaded, map(loaded.project.index_span, _hinted(loaded, buffer, offset)))


def references(loaded: Loaded, path: str, line: int, column: int, text: str | None = None) -> list[Location]:
    """Of an index declaration, the queries that it serves."""
    buffer = Buffer(loaded, path, text)
    read = buffer.read(buffer.offset(line, column))
    if buffer.module is None or read is None:
        return []
    served = loaded.project.served
    found = [site.span for index in indexes_at(loaded, buffer.module, read) for site in served.by(index) or ()]
    return sorted(_locations(loaded, found))


def _locations(loaded: Loaded, spans: Iterable[Span]) -> list[Location]:
    return list(dict.fromkeys(location_of(loaded, span) for span in spans))


def _serving(loaded: Loaded, operation: Operation) -> list[IndexDeclaration]:
    """The indexes that serve an operation; of one that asks nothing itself, those that serve the queries inside."""
    found = answer(loaded.project, operation)
    return list(found.asked.indexes) or [index for inner in found.inner for index in inner.indexes]


def _hinted(loaded: Loaded, buffer: Buffer, offset: int) -> list[IndexDeclaration]:
    here = around(buffer.text, offset)
    if here is None or here.string is None or buffer.module is None:
        return []
    sight = Sight(loaded.project, buffer.module, here)
    slot = slot_at(sight, here)
    fit = fitting(here, slot) if slot is not None and slot.role == "hint" else None
    if fit is None or not fit.hints:
        return []
    end = buffer.text.find(here.string.quote, here.string.begin)
    name = buffer.text[here.string.begin : end]
    return [i for i in loaded.project.indexes if i.collection_name in fit.collections and i.name == name]
