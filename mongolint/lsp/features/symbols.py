"""The outline of a file by collection: what is done with each, and which indexes are declared on it."""

from __future__ import annotations

from mongolint.engine.load import Loaded
from mongolint.fastclasses import dataclass
from mongolint.lsp.features.places import Buffer, Range, operations_of
from mongolint.lsp.features.shapes import shape_text
from mongolint.lsp.features.words import index_keys, served_text
from mongolint.project.operations import Operation

_UNKNOWN = "known only at run time"


@dataclass(frozen=True, slots=True)
class Symbol:
    """``kind``: collection, operation or index. ``range``: all of it; ``selection``: its name, inside of that."""

    name: str
    kind: str
    detail: str
    range: Range
    selection: Range
    children: tuple[Symbol, ...] = ()


def symbols(loaded: Loaded, path: str, text: str | None = None) -> list[Symbol]:
    """The collections of a file in the order in which they are met, with operations and indexes."""
    buffer = Buffer(loaded, path, text)
    if buffer.module is None:
        return []
    found: dict[str, list[Symbol]] = {}
    for operation in operations_of(loaded, buffer.module):
        if operation.name not in ("create_index", "create_indexes", "ensure_index"):
            symbol = _of_operation(loaded, buffer, operation)
            if symbol is not None:
                found.setdefault(operation.target if operation.collection_names else _UNKNOWN, []).append(symbol)
    for name, symbol in _indexes(loaded, buffer):
        found.setdefault(name, []).append(symbol)
    return [_group(name, sorted(held, key=lambda symbol: symbol.range)) for name, held in found.items()]


def _group(name: str, held: list[Symbol]) -> Symbol:
    last = max((symbol.range.end_line, symbol.range.end_column) for symbol in held)
    whole = Range(held[0].range.line, held[0].range.column, *last)
    return Symbol(name, "collection", "", whole, held[0].selection, tuple(held))


def _of_operation(loaded: Loaded, buffer: Buffer, operation: Operation) -> Symbol | None:
    facts = loaded.project.modules[operation.module]
    token = facts.tokens.get(operation.token)
    whole = facts.spans.get(operation.row) or token
    if token is None or whole is None:
        return None
    selection = buffer.shown_range(token)
    place = buffer.shown_range((min(whole[0], token[0]), max(whole[1], token[1])))
    if selection is None or place is None:
        return None
    verdict = loaded.project.verdict(operation)
    by = f" by {verdict.name}" if verdict.name else ""
    detail = "" if verdict.verdict == "none" else f"{verdict.verdict}{by}"
    return Symbol(
        f"{operation.name} {shape_text(loaded.project, operation)}".rstrip(), "operation", detail, place, selection
    )


def _indexes(loaded: Loaded, buffer: Buffer) -> list[tuple[str, Symbol]]:
    project, found = loaded.project, []
    assert buffer.module is not None
    facts = project.modules[buffer.module]
    for index in project.indexes:
        if index.place is None or index.place.module != buffer.module:
            continue
        span = project.index_span(index)
        offsets = (_offset(facts.lines, span.line, span.column), _offset(facts.lines, span.end_line, span.end_column))
        place = buffer.shown_range(offsets)
        if place is not None:
            name = f"index {index.name}" if index.name else "index"
            detail = f"{index_keys(index)}, {served_text(project, index)}"
            found.append((index.collection_name or _UNKNOWN, Symbol(name, "index", detail, place, place)))
    return found


def _offset(lines: list[int], line: int, column: int) -> int:
    return lines[line - 1] + column - 1
