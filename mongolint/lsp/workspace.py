"""Which project a buffer belongs to: folders of the workspace, projects inside them, and buffers outside of all."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from mongolint.config import Config, ConfigError
from mongolint.config.places import project_file
from mongolint.config.schema import rule_defaults
from mongolint.engine.load import Loaded
from mongolint.engine.registry import RegistryError, rule_infos, use_local
from mongolint.lsp.documents import Document
from mongolint.lsp.model import Parsers
from mongolint.lsp.root import Root, folder_config, lone_config

Complain = Callable[[str], object]


class Workspace:
    """All projects. A configuration with a mistake is told, and the last good one, or none, holds."""

    def __init__(self, complain: Complain, parsers: Parsers | None = None) -> None:
        self._complain = complain
        self._parsers = parsers
        # The last models of projects that were made anew
        self._old: dict[tuple[object, ...], Loaded] = {}
        self._folders: list[Path] = []
        # Where they are, without symbolic links
        self._true: dict[Path, Path] = {}
        self._roots: dict[tuple[object, ...], Root] = {}
        self._good: dict[Path, Config] = {}
        # The file that holds the options of the project around a directory
        self._files: dict[str, Path | None] = {}

    @property
    def folders(self) -> list[Path]:
        return self._folders

    def set_folders(self, folders: Iterable[str]) -> None:
        """The folders from now on; projects of others are forgotten."""
        self._folders = sorted({Path(folder) for folder in folders}, key=lambda folder: (len(folder.parts), folder))
        self._true = {folder: Path(os.path.realpath(folder)) for folder in self._folders}
        self.forget()

    def spelled(self, path: str) -> str:
        """A path below the folder that has it, where the client names one of both by way of a symbolic link."""
        if not self._folders or any(Path(path).is_relative_to(folder) for folder in self._folders):
            return path
        real = Path(os.path.realpath(path))
        inside = [(folder, true) for folder, true in self._true.items() if real.is_relative_to(true)]
        if not inside:
            return path
        folder, true = max(inside, key=lambda each: len(each[1].parts))
        return (folder / real.relative_to(true)).as_posix()

    def forget(self) -> None:
        """Make all projects anew, as after a change of the configuration."""
        self._old = {key: root.model.loaded for key, root in self._roots.items() if root.model.loaded}
        self._roots.clear()
        self._files.clear()

    def roots(self) -> list[Root]:
        return list(self._roots.values())

    def folder_roots(self) -> Iterator[Root]:
        """The project of each folder, whether a file of it is open or not."""
        for folder in self._folders:
            yield self._of_folder(folder)

    def root_of(self, document: Document) -> Root | None:
        """The project that a buffer is checked in; None for one that is left out there."""
        if document.untitled:
            return self._get(
                ("untitled",), lambda: Root((), lone_config(document.path, untitled=True), Path("/"), self._parsers)
            )
        root = self.owner(document.path)
        if root is None:
            root = self._lone(document.path)
        return root if root.takes(document.path) else None

    def concerns(self, root: Root, path: str) -> bool:
        """Whether a project may know a file: it lies in its folder, or beside it in what the model is made of."""
        return any(Path(path).is_relative_to(folder) for folder in (root.config.root, root.cwd, *root.paths))

    def owner(self, path: str) -> Root | None:
        """The project of the innermost folder, or of a configuration inside it; None outside of all folders."""
        inside = [folder for folder in self._folders if Path(path).is_relative_to(folder)]
        if not inside:
            return None
        outer = self._of_folder(inside[-1])
        file = self._project_file(path)
        if file is None or file == outer.config.file or not file.is_relative_to(inside[-1]):
            return outer
        place = file.parent
        if place == inside[-1]:  # it has a mistake, so that its options are not in force
            return outer
        return self._get(("nested", place), lambda: Root((place,), self._config(place), inside[-1], self._parsers))

    def _of_folder(self, folder: Path) -> Root:
        return self._get(("folder", folder), lambda: Root((folder,), self._config(folder), folder, self._parsers))

    def _lone(self, path: str) -> Root:
        config = self._checked(Path(path), lambda: lone_config(path, untitled=False))
        return self._get(("lone", config.root, config.exclude), lambda: Root((), config, config.root, self._parsers))

    def _config(self, folder: Path) -> Config:
        return self._checked(folder, lambda: folder_config(folder))

    def _checked(self, place: Path, read: Callable[[], Config]) -> Config:
        try:
            note = use_local(place)
            config = self._good[place] = read()
        except (ConfigError, RegistryError) as error:
            held = self._good.get(place)
            config = held or Config(root=place, rules=rule_defaults(rule_infos()))
            note = f"{error}; the {'options that were valid before stay' if held else 'defaults are'} in force"
        if note:
            self._complain(note)
        return config

    def _get(self, key: tuple[object, ...], make: Callable[[], Root]) -> Root:
        if key not in self._roots:
            root = self._roots[key] = make()
            if key in self._old:
                root.model.take(self._old.pop(key))
            for problem in root.problems:
                self._complain(problem)
        return self._roots[key]

    def _project_file(self, path: str) -> Path | None:
        folder = os.path.dirname(path)
        if folder not in self._files:
            self._files[folder] = project_file(Path(folder))
        return self._files[folder]
