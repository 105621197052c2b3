"""Configuration files that the program reads: looked at when the model first asks for one, never run."""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import partial

from mongolint.config import Config
from mongolint.link.settings.files import Files, Held
from mongolint.source import settings
from mongolint.source.files import is_left_out

# Bytes. What is bigger is data
_LARGEST = 256 * 1024


def of(config: Config, contents: Mapping[str, bytes | None] | None = None) -> Files:
    """The configuration files of a project, as far as they are among its files.

    Args:
        config: where the project is, and what it leaves out. What git ignores is another one on each machine.
        contents: by absolute path, what counts in the place of the disk; None: there is no such file.
    """
    return Files(partial(_read, config, contents or {}))


def _read(config: Config, contents: Mapping[str, bytes | None], path: str) -> Held | None:
    top = os.path.join(config.root.as_posix(), "")
    if not path.startswith(top) or not path.endswith(settings.SUFFIXES):
        return None
    data = contents[path] if path in contents else _on_disk(config, path)
    if data is None:
        return None
    return (settings.read(path, data) if len(data) <= _LARGEST else None) or {}


def _on_disk(config: Config, path: str) -> bytes | None:
    # A link may lead anywhere on the machine
    real, root = os.path.realpath(path), os.path.realpath(config.root)
    if not os.path.isfile(real) or not real.startswith(os.path.join(root, "")):
        return None
    if is_left_out(path, str(config.root), config.excluded, respect_gitignore=config.respect_gitignore):
        return None
    try:
        with open(path, "rb", buffering=0) as file:
            return file.read(_LARGEST + 1)
    except OSError:
        return None
