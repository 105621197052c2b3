"""Which file holds the options for a path, and where a project begins and ends."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from mongolint.config import toml
from mongolint.config.schema import Config, rule_defaults
from mongolint.selectors import RuleInfo


def load(start: Path, known_rules: Mapping[str, RuleInfo]) -> Config:
    """The configuration for a file or directory: of the nearest file that holds options, else defaults.

    Raises:
        ConfigError: as of `load_file`.
    """
    return _load(start, next(_options_files(_folder(start)), None), known_rules)


def load_project(start: Path, known_rules: Mapping[str, RuleInfo], *, lenient: bool = False) -> Config:
    """The configuration of the project around a file or directory: the outermost of its repository.

    Those nearer to a file decide which rules run there (`mongolint.config.perfile`). Where no repository says
    how far a project may reach, it reaches to the outermost configuration that is not the home directory's.

    Raises:
        ConfigError: as of `load_file`.
    """
    return _load(start, _project_file(_folder(start)), known_rules, lenient)


def _load(start: Path, file: Path | None, known_rules: Mapping[str, RuleInfo], lenient: bool = False) -> Config:
    from mongolint.config.reading import load_file  # which asks here how far a project reaches

    if file is not None:
        return load_file(file, known_rules, lenient=lenient)
    return Config(root=project_root(start), rules=rule_defaults(known_rules))


def project_root(path: Path) -> Path:
    """The directory a file or directory belongs to: nearest above it that holds options or ``.git``.

    Where there is none: the topmost package around it, or its own directory.
    """
    folder = _folder(path)
    for candidate in (folder, *folder.parents):
        if options_file(candidate) is not None or os.path.exists(candidate / ".git"):
            return candidate
    while os.path.isfile(folder / "__init__.py") and os.path.isfile(folder.parent / "__init__.py"):
        folder = folder.parent
    return folder


def project_file(path: Path) -> Path | None:
    """The file that holds the options of the project around a path, if any."""
    return _project_file(_folder(path))


def tree_of(folder: Path) -> Path:
    """What a project may be made of: its repository, else all below its outermost configuration."""
    for candidate in (folder, *folder.parents):
        if os.path.exists(candidate / ".git"):
            return candidate
    file = _project_file(folder)
    return file.parent if file else folder


def options_file(folder: Path) -> Path | None:
    """The file of a directory that holds options, ``mongolint.toml`` first."""
    own = folder / "mongolint.toml"
    # Unlike the methods of a path, this raises nothing where a directory may not be searched
    if os.path.isfile(own):
        return own
    shared = folder / "pyproject.toml"
    try:
        data = shared.read_bytes()
        # A search for the word spares nearly all projects the parser and its import.
        if b"mongolint" not in data:
            return None
        document = toml.parse(data.decode("utf-8-sig"))
    except OSError:
        return None
    except ValueError:
        return shared  # `load_file` says what is wrong with it
    tool = document.get("tool")
    return shared if isinstance(tool, dict) and "mongolint" in tool else None


def _project_file(folder: Path) -> Path | None:
    home, found, left = Path(os.path.expanduser("~")), None, False
    for candidate in (folder, *folder.parents):
        here = options_file(candidate)
        if here is not None and (found is None or candidate != home):
            found = here
        left = left or candidate == home or os.path.exists(candidate / ".git")
        if found is not None and left:
            break
    return found


def _options_files(folder: Path) -> Iterator[Path]:
    """The files that hold options for a directory, the nearest first."""
    for candidate in (folder, *folder.parents):
        file = options_file(candidate)
        if file is not None:
            yield file


def _folder(path: Path) -> Path:
    path = Path(os.path.abspath(path))
    return path if os.path.isdir(path) else path.parent
