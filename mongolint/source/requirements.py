"""The files in which a project names its dependencies: requirement and lock files, from a folder up to the root."""

from __future__ import annotations

import os
import re
from functools import lru_cache

_FILES = re.compile(r"(?:requirements.*\.(?:txt|in)|pyproject\.toml|Pipfile(?:\.lock)?|setup\.(?:py|cfg)|.*\.lock)$")
_DIRECTORIES = ("requirements", "")


def texts(path: str, root: str) -> list[str]:
    """The texts of those files that are for the module at ``path``."""
    found: list[str] = []
    folder = os.path.dirname(path)
    while True:
        for below in _DIRECTORIES:
            found += _texts_in(os.path.join(folder, below))
        if folder == root or len(folder) <= len(root):
            return found
        folder = os.path.dirname(folder)


def _texts_in(folder: str) -> list[str]:
    try:
        names = [name for name in os.listdir(folder) if _FILES.match(name)]
    except OSError:
        return []
    found = []
    for name in names:
        path = os.path.join(folder, name)
        if os.path.islink(path):
            continue
        try:
            found.append(_read(path, os.stat(path).st_mtime_ns))
        except OSError:
            continue
    return found


@lru_cache(maxsize=64)
def _read(path: str, changed: int) -> str:
    """A file's text; an editor's server asks for it after each keystroke, and a lock file is long."""
    with open(path, encoding="utf-8", errors="replace") as file:
        return file.read()
