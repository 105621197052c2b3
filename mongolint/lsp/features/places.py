"""Places in files and buffers: what answers point to, and how a buffer relates to the text that the model has read."""

from __future__ import annotations

import os
from collections.abc import Iterator

from mongolint.engine.load import Loaded
from mongolint.fastclasses import dataclass
from mongolint.finding import Span
from mongolint.project.indexes import IndexDeclaration
from mongolint.project.operations import Operation
from mongolint.source.text import LineTable


@dataclass(frozen=True, slots=True, order=True)
class Range:
    """A stretch of a text; 0-based, in code points, the end exclusive."""

    line: int
    column: int
    end_line: int
    end_column: int


@dataclass(frozen=True, slots=True, order=True)
class Location:
    """A stretch of a file; ``path`` is absolute, with forward slashes."""

    path: str
    range: Range


def range_of(span: Span) -> Range:
    return Range(span.line - 1, span.column - 1, span.end_line - 1, span.end_column - 1)


def location_of(loaded: Loaded, span: Span) -> Location:
    """Where a span of a finding or a declaration is."""
    for path, shown in loaded.display.items():
        if shown == span.file:
            return Location(path, range_of(span))
    # Scripts and snapshots are shown relative to the directory that the project was loaded in
    root = next((path[: -len(shown)] for path, shown in loaded.display.items() if path.endswith("/" + shown)), "")
    return Location(os.path.normpath(root + span.file).replace(os.sep, "/"), range_of(span))


def module_at(loaded: Loaded, path: str) -> int | None:
    """The number of a file among the modules of the model; None where it has not been read as code."""
    return loaded.project.link.number.get(path)


class Buffer:
    """The text of a file as it is in the editor, beside that from which the model was made."""

    def __init__(self, loaded: Loaded, path: str, text: str | None) -> None:
        self.module = module_at(loaded, path)
        read = loaded.text(path) if path in loaded.sources else None
        self.text = text if text is not None else read or ""
        self._read = self.text if read is None else read
        self._lines = LineTable(self.text)
        start, most = 0, min(len(self.text), len(self._read))
        if self.text is not self._read and self.text != self._read:
            start = _common(self.text, self._read, most)
            self._same = start, _common(self.text[start:][::-1], self._read[start:][::-1], most - start)
        else:
            self._same = most, 0

    def offset(self, line: int, column: int) -> int:
        """The offset of a place; one beyond a line or the text is its end."""
        if line >= self._lines.count:
            return len(self.text)
        start, end = self._lines.bounds(line + 1)
        while end > start and self.text[end - 1] in "\r\n":
            end -= 1
        return min(start + column, end)

    def range(self, start: int, end: int) -> Range:
        """The range of ``text[start:end]``."""
        line, column = self._lines.position(start)
        end_line, end_column = self._lines.position(end)
        return Range(line - 1, column - 1, end_line - 1, end_column - 1)

    def read(self, offset: int) -> int | None:
        """The same place in the text that the model has read; None where that has been changed."""
        before, after = self._same
        if offset <= before:
            return offset
        return len(self._read) - (len(self.text) - offset) if offset >= len(self.text) - after else None

    def shown(self, offset: int) -> int | None:
        """A place of the text that the model has read, in the buffer; None where that has been changed."""
        before, after = self._same
        if offset <= before:
            return offset
        return len(self.text) - (len(self._read) - offset) if offset >= len(self._read) - after else None

    def keeps(self, offsets: tuple[int, int]) -> bool:
        """Whether a stretch of the text that the model has read stands in the buffer as it was."""
        start, end = self.shown(offsets[0]), self.shown(offsets[1])
        return start is not None and end is not None and self.text[start:end] == self._read[slice(*offsets)]

    def shown_range(self, offsets: tuple[int, int]) -> Range | None:
        """The range of a stretch of the text that the model has read; None where it has been changed."""
        start, end = self.shown(offsets[0]), self.shown(offsets[1])
        return None if start is None or end is None or end < start else self.range(start, end)


def _common(one: str, other: str, most: int) -> int:
    """How many characters two texts begin with alike."""
    low, high = 0, most
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if one[:middle] == other[:middle] else (low, middle - 1)
    return low


def operations_of(loaded: Loaded, module: int) -> list[Operation]:
    """The operations of a file, in its order."""
    return [operation for operation in loaded.project.operations if operation.module == module]


def named_at(loaded: Loaded, buffer: Buffer, offset: int) -> tuple[Operation, tuple[int, int]] | None:
    """The operation whose method, or a method of whose cursor, has its name at an offset of the buffer.

    With it goes the place of that name in the text that the model has read.
    """
    read = buffer.read(offset)
    if read is None or buffer.module is None:
        return None
    facts = loaded.project.modules[buffer.module]
    for operation in loaded.project.operations:
        for own, row in _named(operation):
            start, end = facts.tokens.get(row, (0, 0)) if own == buffer.module else (0, 0)
            if start <= read <= end and end:
                return (operation, (start, end)) if buffer.keeps((start, end)) else None
    return None


def _named(operation: Operation) -> Iterator[tuple[int, int]]:
    yield operation.module, operation.token
    yield from ((step.module, step.row) for step in operation.steps)


def indexes_at(loaded: Loaded, module: int, offset: int) -> list[IndexDeclaration]:
    """The indexes that are declared at an offset of the text that was read: in the smallest stretch there, or the line.

    A stretch is what spells an index out, or the call that declares it; several indexes may be declared by one.
    """
    project = loaded.project
    line, column = project.modules[module].position(offset)
    here = project.path(module)
    found: list[tuple[tuple[int, int, int], IndexDeclaration]] = []
    for index in [*project.indexes, *project.test_indexes]:
        spans = [project.index_span(index)]
        spans += [project.span(index.module, index.row)] if index.module >= 0 else []
        for number, span in enumerate(spans):
            if span.file == here and (span.line, span.column) <= (line, column) <= (span.end_line, span.end_column):
                found.append(((0, span.end_line - span.line, span.end_column - span.column), index))
            elif span.file == here and not number and span.line == line:
                found.append(((1, 0, 0), index))
    least = min((size for size, _ in found), default=None)
    return list({id(index): index for size, index in found if size == least}.values())
