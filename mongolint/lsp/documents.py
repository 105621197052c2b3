"""The buffers that the client has open: their texts win over the disk."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import field

from lsprotocol import types
from pygls import uris

from mongolint.fastclasses import dataclass
from mongolint.lsp.positions import Encoding, Positions
from mongolint.source.text import SourceError, SourceText, decode_source, encode

# What editors call buffers without a file: VS Code and others; Sublime Text
_UNTITLED = ("untitled:", "buffer:")
_HERE = "file://localhost/"


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
    """All open buffers of Python code, by URI and by path. Of two URIs of one file, what was said last counts.

    Args:
        spelled: the path of a file as the folders of the workspace spell it.
    """

    def __init__(self, spelled: Callable[[str], str] = str) -> None:
        self._spelled = spelled
        # What was said last is last
        self._held: dict[str, Document] = {}

    def __iter__(self) -> Iterator[Document]:
        return iter(list(self._held.values()))

    def open(self, item: types.TextDocumentItem) -> Document | None:
        """The buffer that is open from now on; None for one that is no Python file: a cell, a virtual document."""
        place = place_of(item.uri)
        if place is None or not (item.language_id.lower().startswith("python") or not item.language_id):
            return None
        path, untitled = place
        document = Document(item.uri, path if untitled else self._spelled(path), item.version, item.text, untitled)
        self._held.pop(item.uri, None)
        self._held[item.uri] = document
        return document

    def close(self, uri: str) -> Document | None:
        return self._held.pop(uri, None)

    def get(self, uri: str) -> Document | None:
        return self._held.get(uri)

    def touched(self, uri: str) -> Document | None:
        """The buffer that the client tells something of."""
        document = self._held.pop(uri, None)
        if document is not None:
            self._held[uri] = document
        return document

    def at(self, path: str) -> Document | None:
        return next((document for document in reversed(self._held.values()) if document.path == path), None)

    def spell_anew(self) -> None:
        """The folders are others now."""
        for document in self:
            place = place_of(document.uri)
            if place is not None and not document.untitled:
                document.path = self._spelled(place[0])


def uri_of(path: str) -> str:
    uri = uris.from_fs_path(path)
    assert isinstance(uri, str)
    return uri


def path_of(uri: str) -> str | None:
    """The absolute path that a URI names, with forward slashes; None where it names no file."""
    if uris.uri_scheme(uri) != "file":
        return None
    if uri.startswith(_HERE):
        uri = "file:///" + uri.removeprefix(_HERE)
    path = uris.to_fs_path(uri)
    return os.path.abspath(path).replace(os.sep, "/") if path else None


def place_of(uri: str) -> tuple[str, bool] | None:
    """The path of a buffer, and whether it is untitled; None for what is neither a file nor untitled."""
    if uri.startswith(_UNTITLED):
        name = os.path.basename(uri.partition(":")[2]) or "Untitled"
        return "/" + (name if name.endswith(".py") else name + ".py"), True
    path = path_of(uri)
    return None if path is None else (path, False)
