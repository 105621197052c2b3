"""Hints in the text: what a query asks and which index serves it, how many queries an index serves."""

from __future__ import annotations

from collections.abc import Iterator

from mongolint.engine.load import Loaded
from mongolint.fastclasses import dataclass
from mongolint.lsp.features.places import Buffer, operations_of
from mongolint.lsp.features.shapes import plan_text, shape_text
from mongolint.lsp.features.words import served_text

_DECLARING = ("create_index", "create_indexes", "ensure_index")


@dataclass(frozen=True, slots=True, order=True)
class Hint:
    """A hint, to be shown behind a place. ``tooltip``: more of it, or ""."""

    line: int
    column: int
    label: str
    tooltip: str = ""


def hints(loaded: Loaded, path: str, first: int, last: int, text: str | None = None) -> list[Hint]:
    """The hints of some lines, ``last`` included, each at the end of its line."""
    buffer = Buffer(loaded, path, text)
    if buffer.module is None:
        return []
    found: dict[tuple[int, str], Hint] = {}
    for offset, label, tooltip in [*_operations(loaded, buffer), *_indexes(loaded, buffer)]:
        shown = buffer.shown(offset)
        if shown is None:
            continue
        line = buffer.range(shown, shown).line
        end = buffer.offset(line, len(buffer.text))
        if first <= line <= last:
            found.setdefault((line, label), Hint(line, buffer.range(end, end).column, label, tooltip))
    return sorted(found.values())


def _operations(loaded: Loaded, buffer: Buffer) -> Iterator[tuple[int, str, str]]:
    project = loaded.project
    assert buffer.module is not None
    for operation in operations_of(loaded, buffer.module):
        token = project.modules[operation.module].tokens.get(operation.token)
        if token is None or operation.name in _DECLARING or not operation.collection_names:
            continue
        verdict = project.verdict(operation)
        parts = [operation.target, shape_text(project, operation), plan_text(operation, verdict)]
        tooltip = verdict.reason if verdict.verdict != "none" else ""
        yield token[0], " · ".join(part for part in parts if part), tooltip


def _indexes(loaded: Loaded, buffer: Buffer) -> Iterator[tuple[int, str, str]]:
    project = loaded.project
    assert buffer.module is not None
    lines = project.modules[buffer.module].lines
    for index in project.indexes:
        if index.place is None or index.place.module != buffer.module or project.served.by(index) is None:
            continue
        span = project.index_span(index)
        name = f"{index.name} of {index.collection_name}"
        yield lines[span.line - 1] + span.column - 1, served_text(project, index), name
