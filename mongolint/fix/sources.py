"""The files of a project as fixes see them, each read once."""

from __future__ import annotations

from collections.abc import Callable

from mongolint.fix.nofix import NoFix
from mongolint.fix.trees import SourceFile
from mongolint.project.model import Project


class Sources:
    """Text and trees by module. ``text`` gives the text of an absolute path."""

    def __init__(self, project: Project, text: Callable[[str], str | None]) -> None:
        self._project = project
        self._text = text
        self._files: dict[int, SourceFile] = {}

    def file(self, module: int) -> SourceFile:
        """Raises: NoFix: the file cannot be read."""
        if module not in self._files:
            facts = self._project.modules[module]
            text = self._text(facts.path)
            if text is None:
                raise NoFix(f"{facts.path} cannot be read")
            self._files[module] = SourceFile(facts, text)
        return self._files[module]
