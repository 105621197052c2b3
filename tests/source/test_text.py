"""Bytes to text and back."""

from __future__ import annotations

import codecs
import os
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mongolint.finding import Span
from mongolint.source.text import LineTable, SourceError, SourceText, decode_source, encode, read_source

TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\0\ufeff")) | st.text("ab\r\n\f\t\u2028é", max_size=30)


def refused(data: bytes) -> SourceError:
    with pytest.raises(SourceError) as caught:
        decode_source(data, "x.py")
    assert "\n" not in caught.value.message
    assert caught.value.name == "x.py"
    return caught.value


def decoded(data: bytes) -> SourceText | None:
    with suppress(SourceError):
        return decode_source(data, "x.py")
    return None


@pytest.mark.parametrize(
    ("data", "text", "encoding", "newline"),
    [
        (b"", "", "utf-8", "\n"),
        (b"x = 1\r\ny = 2\r\n", "x = 1\r\ny = 2\r\n", "utf-8", "\r\n"),
        (b"x = 1\ry = 2\r", "x = 1\ry = 2\r", "utf-8", "\r"),
        (b"a\r\nb\nc\nd", "a\r\nb\nc\nd", "utf-8", "\n"),
        ("é = 1\n".encode(), "é = 1\n", "utf-8", "\n"),
        (b"# coding: latin-1\nx = '\xe9\x85'\n", "# coding: latin-1\nx = 'é\x85'\n", "iso-8859-1", "\n"),
        (
            b"#!/bin/python\r# -*- coding: cp1252 -*-\r'\x80'",
            "#!/bin/python\r# -*- coding: cp1252 -*-\r'€'",
            "cp1252",
            "\r",
        ),
        (b"x = 1\f\n\fy = 2\n", "x = 1\f\n\fy = 2\n", "utf-8", "\n"),
        (b"x = 1\ny = 2\n# coding: nonsense\n", "x = 1\ny = 2\n# coding: nonsense\n", "utf-8", "\n"),
    ],
)
def test_reads_what_python_reads(data: bytes, text: str, encoding: str, newline: str) -> None:
    source = decode_source(data, "x.py")
    assert source == SourceText(text, encoding, bom=False, newline=newline)
    assert encode(source, source.text) == data


def test_cookie_in_a_file_of_carriage_returns_is_read_from_its_first_two_lines_only() -> None:
    source = decode_source(b"# a\rx = 1\r# coding: nonsense\r", "x.py")
    assert source.encoding == "utf-8"


def test_keeps_the_byte_order_mark() -> None:
    data = codecs.BOM_UTF8 + b"# coding: utf8\nx = 1\n"
    source = decode_source(data, "x.py")
    assert source.bom
    assert source.text.startswith("# coding")
    assert encode(source, source.text + "é") == data + "é".encode()


@given(TEXTS, st.booleans())
def test_encoding_is_the_inverse_of_decoding(text: str, bom: bool) -> None:
    data = (codecs.BOM_UTF8 if bom else b"") + text.encode()
    source = decoded(data)
    # The generator may stumble on a cookie.
    if source is None or not source.exact:
        assert "coding" in text
    else:
        assert encode(source, source.text) == data


@given(st.binary())
def test_any_bytes_are_text_or_an_error_at_a_place_in_them(data: bytes) -> None:
    source = decoded(data)
    if source is None:
        error = refused(data)
        assert error.line >= 1
        assert error.column >= 1
    elif source.exact:
        assert encode(source, source.text) == data


@pytest.mark.parametrize(
    ("data", "words", "place"),
    [
        (b"x = 1\r\ny = '\xc3\xa9\xff'\n", "byte 0xff at offset 14 is not utf-8 text", (2, 7)),
        (codecs.BOM_UTF8 + b"\xff", "byte 0xff at offset 3", (1, 1)),
        (b"\rx\xff", "byte 0xff at offset 2", (2, 2)),
        (b"a\nb\0c\n", "NUL byte", (2, 2)),
        (b"# coding: nonsense\n", "unknown encoding: nonsense", (1, 1)),
        (b"\n# coding: nonsense\n", "unknown encoding: nonsense", (2, 1)),
        (codecs.BOM_UTF8 + b"# coding: latin-1\n", "byte order mark", (1, 1)),
        (b"# coding: ascii\n'\xe9'\n", "byte 0xe9 at offset 17 is not ascii text", (2, 2)),
        (b"# coding: rot13\n", "'rot13' cannot decode source", (1, 1)),
        (b"# coding: undefined\n", "'undefined' cannot decode source", (1, 1)),
        (b"# coding: utf-16-le\n", "'utf-16-le' does not fit", (1, 1)),
        ("x = 1\n".encode("utf-16"), "UTF-16", (1, 1)),
    ],
)
def test_refuses_with_one_line_that_says_where(data: bytes, words: str, place: tuple[int, int]) -> None:
    error = refused(data)
    assert words in error.message
    assert (error.line, error.column) == place


def test_a_codec_with_two_spellings_reads_but_does_not_write() -> None:
    source = decode_source(b"# coding: utf-7\nx = '+AGE-'\n", "x.py")
    assert source.text.endswith("x = 'a'\n")
    assert not source.exact
    with pytest.raises(SourceError, match="cannot be written back"):
        encode(source, source.text)


def test_a_character_that_the_encoding_lacks_is_an_error_at_its_place() -> None:
    source = decode_source(b"# coding: latin-1\n", "x.py")
    with pytest.raises(SourceError, match="'iso-8859-1'") as caught:
        encode(source, "a\n é€")
    assert (caught.value.line, caught.value.column) == (2, 3)


def test_reads_a_file(tmp_path: Path) -> None:
    file = tmp_path / "x.py"
    file.write_bytes(b"x = 1\r\n")
    assert read_source(file).text == "x = 1\r\n"


def test_says_why_a_file_cannot_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SourceError, match="cannot read: no such file"):
        read_source(tmp_path / "gone.py")
    with pytest.raises(SourceError, match="cannot read: is a directory"):
        read_source(tmp_path)

    def denied(self: Path) -> bytes:
        raise PermissionError(13, "Permission denied", os.fspath(self))

    monkeypatch.setattr(Path, "read_bytes", denied)
    with pytest.raises(SourceError, match="cannot read: permission denied"):
        read_source(tmp_path / "secret.py")


@given(TEXTS)
def test_positions_count_lines_as_a_naive_reader_does(text: str) -> None:
    table = LineTable(text)
    line, column = 1, 1
    for offset in range(len(text) + 1):
        assert table.position(offset) == (line, column)
        assert table.offset(line, column) == offset
        ends = text[offset : offset + 1] == "\n" or (
            text[offset : offset + 1] == "\r" and text[offset + 1 : offset + 2] != "\n"
        )
        line, column = (line + 1, 1) if ends else (line, column + 1)
    assert table.count == table.position(len(text))[0]


def test_bounds_and_spans() -> None:
    table = LineTable("ab\r\ncd\ref\n")
    assert [table.bounds(line) for line in range(1, 5)] == [(0, 4), (4, 7), (7, 10), (10, 10)]
    assert table.span("x.py", 1, 5) == Span("x.py", 1, 2, 2, 2)


@pytest.mark.parametrize(("line", "column"), [(0, 1), (3, 1), (1, 0), (1, 5)])
def test_a_place_outside_the_text_is_an_error(line: int, column: int) -> None:
    table = LineTable("ab\ncd")
    with pytest.raises(ValueError, match="is not within"):
        table.offset(line, column)


@pytest.mark.parametrize("offset", [-1, 6])
def test_an_offset_outside_the_text_is_an_error(offset: int) -> None:
    with pytest.raises(ValueError, match="is not within"):
        LineTable("ab\ncd").position(offset)
