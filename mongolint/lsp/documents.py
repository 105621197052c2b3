"""The buffers that the client has open: their texts win over the disk."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from lsprotocol import types
from pygls import uris

from mongolint.lsp.positions import Encoding, Positions
from mongolint.source.text import SourceError, SourceText, decode_source, encode

_UNTITLED = "untitled:"


@dataclass(slots=True)
class Document:
    """One open buffer. ``path``: absolute, with forward slashes; of an untitled buffer, a name in no directory."""

    uri: str
    path: str
    version: int
    text: str
    untitled: bool = False
    _data: bytes | None = field(default=None, repr=False)

    @property
    def data(self) -> bytes:
        """What a file with this text would hold, in the encoding that the text declares."""
        if self._data is None:
            self._data = _encoded(self.text)
        return self._data

    def change(self, changes: Iterable[types.TextDocumentContentChangeEvent], version: int, encoding: Encoding) -> None:
        """Apply the client's edits, each to what the one before left."""
        for each in changes:
            if isinstance(each, types.TextDocumentContentChangePartial):
                positions = Positions(self.text, encoding)
                start, end = positions.offset(each.range.start), positions.offset(each.range.end)
                self.text = self.text[:start] + each.text + self.text[end:]
            else:
                self.text = each.text
        self.version = version
        self._data = None


def _encoded(text: str) -> bytes:
    # Half of a surrogate pair is no character; what stands for it keeps the columns
    data = text.encode("utf-8", "replace")
    if "coding" not in text[:400]:
        return data
    try:
        declared = decode_source(text.encode("ascii", "replace"), "").encoding
        return encode(SourceText(text, declared, False, "\n"), text)
    except (SourceError, LookupError):
        return data


class Documents:
    """All open buffers of Python code, by URI and by path."""

    def __init__(self) -> None:
        self._held: dict[str, Document] = {}
        self._by_path: dict[str, Document] = {}

    def __iter__(self) -> Iterator[Document]:
        return iter(list(self._held.values()))

    def open(self, item: types.TextDocumentItem) -> Document | None:
        """The buffer that is open from now on; None for one that is no Python file: a cell, a virtual document."""
        place = place_of(item.uri)
        if place is None or item.language_id not in ("python", ""):
            return None
        document = Document(item.uri, place[0], item.version, item.text, place[1])
        self._held[item.uri] = self._by_path[document.path] = document
        return document

    def close(self, uri: str) -> Document | None:
        document = self._held.pop(uri, None)
        if document is not None:
            self._by_path.pop(document.path, None)
        return document

    def get(self, uri: str) -> Document | None:
        return self._held.get(uri)

    def at(self, path: str) -> Document | None:
        return self._by_path.get(path)


def uri_of(path: str) -> str:
    uri = uris.from_fs_path(path)
    assert isinstance(uri, str)
    return uri


def path_of(uri: str) -> str | None:
    """The absolute path that a URI names, with forward slashes; None where it names no file."""
    if uris.uri_scheme(uri) != "file":
        return None
    path = uris.to_fs_path(uri)
    return os.path.abspath(path).replace(os.sep, "/") if path else None


def place_of(uri: str) -> tuple[str, bool] | None:
    """The path of a buffer, and whether it is untitled; None for what is neither a file nor untitled."""
    if uri.startswith(_UNTITLED):
        name = os.path.basename(uri.removeprefix(_UNTITLED)) or "Untitled"
        return "/" + (name if name.endswith(".py") else name + ".py"), True
    path = path_of(uri)
    return None if path is None else (path, False)
