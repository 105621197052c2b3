"""The configuration files of a project, read when somebody first asks for one."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from mongolint.facts.shapes import ModuleFacts
from mongolint.link.states.gathered import Gather
from mongolint.source.settings import SUFFIXES

if TYPE_CHECKING:
    from mongolint.link.linker import Linker

# Texts and mappings by key; None for whatever else a file holds
Held = dict[str, Any]


class Files:
    """Configuration files by absolute path.

    ``read`` gives what one holds, nothing of one that cannot be read, and None where there is none.
    """

    def __init__(self, read: Callable[[str], Held | None] = lambda path: None) -> None:
        self._read = read
        self._known: dict[str, Held | None] = {}

    def get(self, path: str) -> Held | None:
        if path not in self._known:
            self._known[path] = self._read(path)
        return self._known[path]

    def agrees_with(self, earlier: Files) -> bool:
        """Whether all that was asked of an earlier state is so still."""
        return all(self.get(path) == held for path, held in earlier._known.items())


def find(link: Linker, module: int, path: str) -> str | None:
    """The configuration file that a module means by a path; None where it is not clear which.

    A path that is not absolute is one below the directory in which the program is started. Which that is, nobody says:
    the one directory around the code that names the file and has it.
    """
    if posixpath.isabs(path):
        return path if link.settings.get(path) else None
    naming = {other for other, _ in link.gathered(NAMED_FILES, posixpath.basename(path))}
    if module in naming:
        naming = {module}
    found = {each for other in naming for each in _around(link, link.path(other), path)}
    return found.pop() if len(found) == 1 and link.settings.get(*found) else None


def _around(link: Linker, module: str, path: str) -> Iterator[str]:
    root = link.imports.root
    folder = posixpath.dirname(module)
    while folder == root or folder.startswith(posixpath.join(root, "")):
        candidate = posixpath.normpath(posixpath.join(folder, path))
        if link.settings.get(candidate) is not None:
            yield candidate
        folder = posixpath.dirname(folder)


def _named_files(module: int, facts: ModuleFacts) -> Iterator[tuple[str, None]]:
    """The files that a module names, by the last part of their names."""
    for _, node in facts.of_kind("const"):
        if isinstance(node[1], str) and node[1].endswith(SUFFIXES) and "\n" not in node[1]:
            yield posixpath.basename(node[1]), None


NAMED_FILES = Gather(_named_files, tests=False)
