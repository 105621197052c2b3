"""From bytes to text and back: encoding, byte order mark, newlines, and where a line begins.

May not parse Python, walk directories or print. The text keeps its newlines exactly as the file has them.
"""

from __future__ import annotations

import codecs
import os
import re
import tokenize
import warnings
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator
from itertools import accumulate
from pathlib import Path

from mongolint.fastclasses import NamedTuple
from mongolint.finding import Span

_BREAK = re.compile("\r\n|\r|\n")
_BYTE_BREAK = re.compile(b"\r\n|\r|\n")
_NOT_ASCII = re.compile(rb"[\x80-\xff]")

# Every byte sequence these codecs accept is also what they would write for the text; others can have
# several spellings of one character (UTF-7, ISO-2022, escapes), which only a round trip shows.
_EXACT_CODECS = frozenset({"utf-8", "ascii", "iso8859-1"})


class SourceError(Exception):
    """A file whose text cannot be had. ``line`` and ``column`` are 1-based, columns count code points.

    ``message`` is one line and does not name the file; ``name`` does.
    """

    def __init__(self, message: str, line: int = 1, column: int = 1, name: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.line = line
        self.column = column
        self.name = name


class SourceText(NamedTuple):
    """The text of a file, without its byte order mark, and what is needed to write it back.

    ``encoding`` is a Python codec name, ``newline`` the line break that the file uses most (``"\\n"`` for
    text of one line). ``exact`` is false where the codec would not write the file's own bytes again.
    """

    text: str
    encoding: str
    bom: bool
    newline: str
    exact: bool = True


def read_source(path: Path) -> SourceText:
    """Read and decode a file.

    Raises:
        SourceError: the file is gone, unreadable or a directory, or `decode_source` refuses its bytes.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise SourceError(f"cannot read: {reason}", name=os.fspath(path)) from error
    return decode_source(data, os.fspath(path))


def decode_source(data: bytes, name: str) -> SourceText:
    """Decode the bytes of a Python file as PEP 263 says.

    Raises:
        SourceError: NUL bytes, an unknown or contradicting encoding declaration, bytes that are not text in
            the declared encoding; at the offending place.
    """
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise SourceError("text is UTF-16 or UTF-32, Python reads neither: save the file as UTF-8", name=name)
    bom = data.startswith(codecs.BOM_UTF8)
    body = data[len(codecs.BOM_UTF8) :] if bom else data
    nul = body.find(b"\0")
    if nul >= 0:
        line, column = _place(body, nul, "latin-1")
        raise SourceError("NUL byte in source", line, column, name)
    encoding = _declared_encoding(body, bom, name)
    text = _decode(body, encoding, len(data) - len(body), name)
    exact = codecs.lookup(encoding).name in _EXACT_CODECS or _round_trips(text, encoding, body)
    return SourceText(text, encoding, bom, _usual_newline(text), exact)


def encode(source: SourceText, text: str) -> bytes:
    """The bytes of ``text`` in the encoding of ``source``, with its byte order mark: inverse of decoding.

    Raises:
        SourceError: the encoding has no such character, or is one that cannot be written back exactly.
    """
    if not source.exact:
        raise SourceError(f"text in encoding {source.encoding!r} cannot be written back unchanged")
    try:
        body = text.encode(source.encoding)
    except UnicodeEncodeError as error:
        line, column = LineTable(text).position(error.start)
        character = text[error.start]
        message = f"character {character!a} does not exist in the file's encoding {source.encoding!r}"
        raise SourceError(message, line, column) from error
    return codecs.BOM_UTF8 + body if source.bom else body


class LineTable:
    """Code-point offsets of a text to (line, column) and back, both 1-based.

    Only ``\\n``, ``\\r\\n`` and ``\\r`` end a line, as in Python's grammar: a form feed does not.
    """

    __slots__ = ("_length", "_starts")

    def __init__(self, text: str) -> None:
        self._length = len(text)
        if "\r" in text:
            self._starts = [0, *(match.end() for match in _BREAK.finditer(text))]
        else:
            self._starts = list(accumulate((len(line) + 1 for line in text.split("\n")), initial=0))
            self._starts.pop()

    @property
    def count(self) -> int:
        """The number of lines; text that ends in a line break has an empty last line."""
        return len(self._starts)

    def position(self, offset: int) -> tuple[int, int]:
        """The (line, column) of an offset; the end of the text is a position too.

        Raises:
            ValueError: the offset is not within the text.
        """
        if not 0 <= offset <= self._length:
            raise ValueError(f"offset {offset} is not within 0..{self._length}")
        line = bisect_right(self._starts, offset)
        return line, offset - self._starts[line - 1] + 1

    def offset(self, line: int, column: int) -> int:
        """The offset of a (line, column).

        Raises:
            ValueError: there is no such line, or the column is beyond the line and its line break.
        """
        start, end = self.bounds(line)
        if not 1 <= column <= end - start + 1:
            raise ValueError(f"column {column} is not within 1..{end - start + 1} of line {line}")
        return start + column - 1

    def bounds(self, line: int) -> tuple[int, int]:
        """The offsets at which a line starts and ends, its line break included.

        Raises:
            ValueError: there is no such line.
        """
        if not 1 <= line <= len(self._starts):
            raise ValueError(f"line {line} is not within 1..{len(self._starts)}")
        end = self._starts[line] if line < len(self._starts) else self._length
        return self._starts[line - 1], end

    def span(self, file: str, start: int, end: int) -> Span:
        """The span of ``text[start:end]``.

        Raises:
            ValueError: an offset is not within the text.
        """
        return Span(file, *self.position(start), *self.position(end))


def _declared_encoding(body: bytes, bom: bool, name: str) -> str:
    """The codec that the byte order mark or the cookie in the first two lines asks for."""
    read = 0

    def readline() -> bytes:
        # Only ASCII is shown: a byte that is not text is reported with its place when all is decoded.
        nonlocal read
        read += 1
        return _NOT_ASCII.sub(b"?", next(lines, b""))

    lines = _first_lines(body)
    try:
        encoding, _ = tokenize.detect_encoding(readline)
    except SyntaxError as error:
        raise SourceError(str(error.msg or "bad encoding declaration"), read, 1, name) from error
    if bom and codecs.lookup(encoding).name != "utf-8":
        message = f"encoding {encoding!r} is declared, but the file starts with a UTF-8 byte order mark"
        raise SourceError(message, read, 1, name)
    return encoding


def _first_lines(body: bytes) -> Iterator[bytes]:
    """The first two lines, each ended by ``\\n`` whatever the file uses."""
    start = 0
    for _ in range(2):
        match = _BYTE_BREAK.search(body, start)
        if match is None:
            yield body[start:]
            return
        yield body[start : match.start()] + b"\n"
        start = match.end()


def _decode(body: bytes, encoding: str, skipped: int, name: str) -> str:
    try:
        with warnings.catch_warnings():
            # Codecs such as unicode_escape warn about what they read; the file's author is not asking.
            warnings.simplefilter("ignore")
            text = body.decode(encoding)
    except UnicodeDecodeError as error:
        line, column = _place(body, error.start, encoding)
        byte = body[error.start] if error.start < len(body) else 0
        message = f"byte 0x{byte:02x} at offset {error.start + skipped} is not {encoding} text"
        raise SourceError(message, line, column, name) from error
    except (LookupError, ValueError) as error:
        raise SourceError(f"declared encoding {encoding!r} cannot decode source", 1, 1, name) from error
    if codecs.lookup(encoding).name not in _EXACT_CODECS and "coding" not in text:
        # The declaration was found by reading ASCII, so a codec in which it disappears is the wrong one.
        raise SourceError(f"declared encoding {encoding!r} does not fit the file's bytes", 1, 1, name)
    return text


def _place(body: bytes, offset: int, encoding: str) -> tuple[int, int]:
    """The (line, column) of a byte."""
    before = body[:offset]
    breaks = [match.end() for match in _BYTE_BREAK.finditer(before)]
    start = breaks[-1] if breaks else 0
    try:
        width = len(before[start:].decode(encoding, "replace"))
    except ValueError:
        width = offset - start
    return len(breaks) + 1, width + 1


def _round_trips(text: str, encoding: str, body: bytes) -> bool:
    try:
        return text.encode(encoding) == body
    except (LookupError, ValueError):
        return False


def _usual_newline(text: str) -> str:
    if "\r" not in text:
        return "\n"
    counts = Counter(match[0] for match in _BREAK.finditer(text))
    return counts.most_common(1)[0][0]
