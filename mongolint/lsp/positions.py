"""Places in a text as the client counts them (UTF-8, UTF-16 or UTF-32 units) and as findings do (code points)."""

from __future__ import annotations

from lsprotocol import types

from mongolint.finding import Span
from mongolint.source.text import LineTable

Encoding = types.PositionEncodingKind | str


class Positions:
    """Converts the places of one text. Lines end where Python's do: at ``\\n``, ``\\r\\n`` and ``\\r``."""

    def __init__(self, text: str, encoding: Encoding) -> None:
        self._text = text
        self._table = LineTable(text)
        self._encoding = types.PositionEncodingKind.Utf32 if text.isascii() else encoding

    def line(self, number: int) -> str:
        """A line by its 0-based number, without its break."""
        start, end = self._table.bounds(number + 1)
        return self._text[start:end].rstrip("\r\n")

    def to_client(self, line: int, column: int) -> types.Position:
        """The place of a 1-based line and column, which is moved into the text if it is beyond its end."""
        line = min(line, self._table.count)
        text = self.line(line - 1)
        return types.Position(line - 1, self._units(text[: max(0, column - 1)]))

    def range(self, span: Span) -> types.Range:
        return types.Range(
            self.to_client(span.line, span.column),
            self.to_client(span.end_line, span.end_column),
        )

    def offsets(self, start: int, end: int) -> types.Range:
        """The range of ``text[start:end]``."""
        return types.Range(self.to_client(*self._table.position(start)), self.to_client(*self._table.position(end)))

    def from_client(self, position: types.Position) -> tuple[int, int]:
        """The 0-based line and code point of a place; one beyond a line or the text is its end."""
        if position.line >= self._table.count:
            return self._table.count - 1, len(self.line(self._table.count - 1))
        text = self.line(position.line)
        if self._encoding == types.PositionEncodingKind.Utf32:
            return position.line, min(position.character, len(text))
        units = 0
        for column, character in enumerate(text):
            if units >= position.character:
                return position.line, column
            units += self._units(character)
        return position.line, len(text)

    def offset(self, position: types.Position) -> int:
        """The code point offset of a place."""
        line, column = self.from_client(position)
        return self._table.bounds(line + 1)[0] + column

    def _units(self, text: str) -> int:
        if self._encoding == types.PositionEncodingKind.Utf32 or text.isascii():
            return len(text)
        if self._encoding == types.PositionEncodingKind.Utf8:
            return len(text.encode("utf-8", "replace"))
        return len(text) + sum(character > "\uffff" for character in text)
