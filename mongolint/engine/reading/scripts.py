"""The indexes that scripts of the project declare: found by a byte search before one is read as code."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from mongolint.finding import Span
from mongolint.link.atoms import Collection, Database
from mongolint.project.indexes import IndexDeclaration
from mongolint.source.files import relative

# Bytes. What is bigger was written by a program
_LARGEST = 512 * 1024
_LONG_LINES = 500
_DECLARING = (b"createIndex", b"ensureIndex")


def declarations(
    paths: Iterable[Path], cwd: Path, contents: Mapping[str, bytes | None] | None = None
) -> Iterator[IndexDeclaration]:
    """Every index that the scripts at these absolute paths declare; nothing of one that cannot be read.

    Args:
        contents: by path, what counts in the place of the disk.
    """
    for path in paths:
        data = _read(path, (contents or {}).get(path.as_posix()))
        if not any(name in data for name in _DECLARING) or _is_generated(data):
            continue
        # Brings a parser of JavaScript along
        from mongolint.facts.mongosh import read_script

        shown = relative(path, cwd)
        for index in read_script(data.decode("utf-8-sig", "replace")):
            database = Database(None, index.database, "unknown")
            yield IndexDeclaration(
                -1,
                -1,
                None,
                None if index.collection is None else Collection(database, index.collection),
                index.keys,
                index.options,
                Span(shown, *index.start, *index.end),
                "mongosh",
                index.open,
            )


def _read(path: Path, data: bytes | None) -> bytes:
    """The bytes of a script; none of one that is too large, part of an installed package, or cannot be read."""
    if "node_modules" in path.parts:
        return b""
    if data is None:
        try:
            with open(path, "rb", buffering=0) as file:
                data = file.read(_LARGEST + 1) or b""
        except OSError:
            return b""
    return data if len(data) <= _LARGEST else b""


def _is_generated(data: bytes) -> bool:
    """Whether lines are as long as only a program makes them."""
    return len(data) > _LONG_LINES * (data.count(b"\n") + data.count(b"\r") + 1)
