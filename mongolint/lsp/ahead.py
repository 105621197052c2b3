"""The first message of a client, heard before what speaks its language is imported, which takes as long as parsing.

It names the folder that is opened, so that its files are read and on their way to the parsers meanwhile.
"""

from __future__ import annotations

import io
import json
import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from threading import Event, Thread
from typing import Any
from urllib.parse import unquote

from mongolint.config import Config, load_project
from mongolint.engine.parsing import Parsing
from mongolint.engine.reading import files
from mongolint.engine.reading.files import Reading

_LOCAL = "file:///"
_LENGTH = b"content-length:"
# Bytes
_AT_ONCE = 1 << 16


class Ahead:
    """Reads the first message in a thread of its own, and the files of the folder that it names, if it is one.

    Args:
        source: the descriptor that the client's messages come from.
        parsing: what the files are handed to. Nobody else may use its workers before `take`.
    """

    def __init__(self, source: int, parsing: Parsing) -> None:
        self._source = source
        self._parsing = parsing
        self._bytes = b""
        self._heard = Event()
        self._reading: Reading | None = None
        self._thread = Thread(target=self._run, name="mongolint-ahead", daemon=True)
        self._thread.start()

    def heard(self) -> bytes:
        """All that has come in, as soon as the first message has, or no more will."""
        self._heard.wait()
        heard, self._bytes = self._bytes, b""
        return heard

    def take(self, paths: Sequence[Path], config: Config, contents: Mapping[str, bytes] | None) -> Reading | None:
        """What was read, where reading these paths, with these contents of buffers, would give the same.

        Args:
            contents: None where files may have changed since.

        Raises:
            WorkerError: a worker was killed.
        """
        self._thread.join()
        reading, self._reading = self._reading, None  # which nobody is to hold for longer than it is of use
        if reading is not None and contents is not None and reading.is_of(paths, config):
            targets = set(reading.targets)
            if all(path in targets and reading.sources[path] == data for path, data in contents.items()):
                if _stands(reading):
                    return reading
        self._parsing.results(None)  # which nobody else is to get
        return None

    def _run(self) -> None:
        try:
            message = self._message()
        finally:
            self._heard.set()
        with suppress(Exception):  # whoever reads it again shall meet the error
            folder = _folder(message)
            if folder is not None:
                config = whole(load_project(folder, {}, lenient=True), folder)
                self._reading = files.read([folder], config, folder, {}, self._parsing)

    def _message(self) -> bytes:
        """The content of the first message; empty if what comes in is none."""
        while True:
            head, separator, content = self._bytes.partition(b"\r\n\r\n")
            if separator and len(content) >= (length := _length(head)):
                return content[:length]
            try:
                more = os.read(self._source, _AT_ONCE)
            except OSError:
                return b""
            if not more:
                return b""
            self._bytes += more


class Rest(io.RawIOBase):
    """A stream of which some bytes have been read already, which come first."""

    def __init__(self, begin: bytes, raw: io.FileIO) -> None:
        self._begin = begin
        self._raw = raw

    def readable(self) -> bool:
        return True

    def readinto(self, into: Any) -> int | None:
        if not self._begin:
            return self._raw.readinto(into)
        count = min(len(into), len(self._begin))
        into[:count], self._begin = self._begin[:count], self._begin[count:]
        return count

    def close(self) -> None:
        self._raw.close()
        super().close()


def whole(config: Config, folder: Path) -> Config:
    """The configuration of a folder of the workspace: one that nothing marks as a project is one itself."""
    return config if config.is_marked else replace(config, root=folder)


def _stands(reading: Reading) -> bool:
    """Whether the disk still holds what was read: no client tells of a change before it is asked to."""
    try:
        for path, data in reading.sources.items():
            with open(path, "rb") as file:
                if file.read() != data:
                    return False
    except OSError:
        return False
    return True


def _length(head: bytes) -> int:
    """The bytes of a message's content. Without a header that says so it is none, and its end unknown."""
    for line in head.lower().split(b"\r\n"):
        if line.startswith(_LENGTH):
            with suppress(ValueError):
                return int(line[len(_LENGTH) :])
    return 0


def _folder(message: bytes) -> Path | None:
    """The one folder that a client opens with, if it is clear which."""
    try:
        given = json.loads(message)["params"]
        uris = [each["uri"] for each in given.get("workspaceFolders") or ()] or [given.get("rootUri")]
    except (ValueError, LookupError, TypeError, AttributeError):
        return None
    if len(uris) != 1 or not isinstance(uris[0], str) or not uris[0].startswith(_LOCAL) or os.name == "nt":
        return None  # paths with drives are spelled in several ways
    folder = Path(unquote(uris[0][len(_LOCAL) - 1 :]))
    return folder if folder.is_dir() else None
