"""Facts kept from run to run, in the user's own cache directory, beside what they were made of.

A file's facts hang on its path and text, and on the code that reads it: what is kept for another text, or by another
release, Python or parser, is as good as nothing. Nothing is kept in or read from a linted tree, where somebody else
could have put it. A store that cannot be read or written is none, and never an error.
"""

from __future__ import annotations

import os
import sys
import time
from contextlib import suppress
from functools import cache, cached_property
from importlib.machinery import PathFinder
from typing import TYPE_CHECKING
from zlib import adler32, crc32

if TYPE_CHECKING:
    from mongolint.facts.shapes import ModuleFacts

# Where it is; empty: nowhere
VARIABLE = "MONGOLINT_CACHE_DIR"
# Where the code is that facts hang on, in the package
CODE = ("facts", "facts/kept", "mongo", "source")
# Seconds after which nobody comes back to what another release left
_FORGOTTEN = 30 * 24 * 3600


def default() -> Store | None:
    """The user's store; None where there is none."""
    given = os.environ.get(VARIABLE)
    if given is not None:
        return Store(given) if given else None
    base = os.environ.get("LOCALAPPDATA" if os.name == "nt" else "XDG_CACHE_HOME", "")
    home = os.path.expanduser("~")
    if not os.path.isabs(base):
        if not os.path.isabs(home):
            return None
        base = os.path.join(home, "Library/Caches" if sys.platform == "darwin" else ".cache")
    return Store(os.path.join(base, "mongolint"))


class Store:
    """The facts below a directory.

    An entry is a check sum of the rest, the length of the text, the text, and the facts as `plain.dump` gives them.
    """

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        self._folder = folder

    @cached_property
    def _home(self) -> str:
        """The directory for facts that just this code makes."""
        return os.path.join(self._folder, _stamp())

    def get(self, path: str, text: str, step: int) -> ModuleFacts | None:
        """The facts of a file with this text, if they are kept."""
        from mongolint.facts.kept import plain

        try:
            with open(self._place(path, step), "rb") as file:
                found = file.read()
            begin = _beginning(text)
            if found.startswith(begin, 4) and _sum(found[4:]) == found[:4]:
                facts = plain.load(found[4 + len(begin) :])
                return facts if facts.path == path else None
        except (OSError, EOFError, TypeError, ValueError):
            pass
        return None

    def put(self, path: str, text: str, step: int, data: bytes) -> None:
        """Keep what `plain.dump` made of a file's facts."""
        entry = _beginning(text) + data
        with suppress(OSError):
            self._write(self._place(path, step), _sum(entry) + entry)

    def _write(self, place: str, content: bytes) -> None:
        folder = os.path.dirname(place)
        if not os.path.isdir(folder):
            if not os.path.isdir(self._home):
                self._forget_others()
            os.makedirs(folder, exist_ok=True)
        # Another run may write the same, and a third one read it
        own = f"{place}.{os.getpid()}"
        with open(own, "wb") as file:
            file.write(content)
        os.replace(own, place)

    def _place(self, path: str, step: int) -> str:
        name = _name(f"{step} {path}")
        return os.path.join(self._home, name[:2], name[2:])

    def _forget_others(self) -> None:
        """Delete what other releases have left and nobody has added to for a while."""
        if not os.path.isdir(self._folder):
            return
        import shutil

        with os.scandir(self._folder) as entries:
            folders = [entry for entry in entries if entry.is_dir(follow_symlinks=False)]
        for folder in folders:
            if time.time() - folder.stat().st_mtime > _FORGOTTEN:
                shutil.rmtree(folder, ignore_errors=True)

    # Whether it pays to import a parser before it is known what is to be parsed

    def is_warm(self, folder: str) -> bool:
        """Whether the last run in a directory found nearly all that it wanted."""
        return os.path.exists(self._place(folder, 0))

    def note(self, folder: str, *, warm: bool) -> None:
        """Say whether a run in a directory found nearly all that it wanted."""
        if warm != self.is_warm(folder):
            place = self._place(folder, 0)
            with suppress(OSError):
                self._write(place, b"") if warm else os.remove(place)


def _beginning(text: str) -> bytes:
    data = text.encode("utf-8", "surrogatepass")
    return len(data).to_bytes(8, "big") + data


def _sum(data: bytes) -> bytes:
    return crc32(data).to_bytes(4, "big")


def _name(text: str) -> str:
    data = text.encode("utf-8", "surrogatepass")
    return f"{crc32(data):08x}{adler32(data):08x}"


@cache
def _stamp() -> str:
    """What tells the code that makes facts from any other: its files, the parser and Python."""
    parser = PathFinder.find_spec("libcst")
    package = os.path.dirname(os.path.dirname(os.path.dirname(__file__)))
    folders = [os.path.join(package, each) for each in CODE]
    folders += parser.submodule_search_locations or () if parser else ()
    found = [sys.version]
    for folder in folders:
        with os.scandir(folder) as entries:
            files = sorted((entry.name, entry.stat()) for entry in entries if entry.is_file())
        found += [f"{name} {state.st_mtime_ns} {state.st_size}" for name, state in files]
    return _name("\n".join(found))
