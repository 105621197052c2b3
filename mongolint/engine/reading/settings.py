"""Configuration files that the program reads: looked at when the model first asks for one, never run."""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import partial

from mongolint.link.settings.files import Files, Held
from mongolint.source import settings

# Bytes. What is bigger is data
_LARGEST = 256 * 1024


def of(root: str, contents: Mapping[str, bytes | None] | None = None) -> Files:
    """The configuration files below ``root``.

    Args:
        contents: by absolute path, what counts in the place of the disk; None: there is no such file.
    """
    return Files(partial(_read, os.path.join(root, ""), contents or {}))


def _read(top: str, contents: Mapping[str, bytes | None], path: str) -> Held | None:
    if not path.startswith(top) or not path.endswith(settings.SUFFIXES):
        return None
    if path in contents:
        data = contents[path]
    else:
        try:
            with open(path, "rb", buffering=0) as file:
                data = file.read(_LARGEST + 1)
        except OSError:
            return None
    if data is None:
        return None
    return (settings.read(path, data) if len(data) <= _LARGEST else None) or {}
